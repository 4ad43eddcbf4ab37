/** What a destination is, as said by `destinations` documents; the strictest wins, in this order from lax to strict. */
export const destinationClasses = [
  'ordinary',
  'package-registry',
  'data-store',
  'secret-manager',
  'control-plane',
  'admin',
] as const;

/** One of {@link destinationClasses}. */
export type DestinationClass = (typeof destinationClasses)[number];
