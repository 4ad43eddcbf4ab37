/**
 * Names that clients ask to learn whether they should use another resolver, or hide where they go (use-application-dns.net of browsers,
 * RFC 9462 discovery, private relay). Answered so that they keep asking us; nobody is judged for them.
 */
const wellKnown: ReadonlyMap<string, 'nxdomain' | 'nodata'> = new Map([
  ['use-application-dns.net', 'nxdomain'],
  ['_dns.resolver.arpa', 'nodata'],
  ['resolver.arpa', 'nodata'],
  ['mask.icloud.com', 'nxdomain'],
  ['mask-h2.icloud.com', 'nxdomain'],
  ['mask-canary.icloud.com', 'nxdomain'],
  ['mask-api.icloud.com', 'nxdomain'],
]);

/** How one of those names is answered; null for any other. */
export function wellKnownAnswer(name: string): 'nxdomain' | 'nodata' | null {
  return wellKnown.get(name) ?? null;
}
