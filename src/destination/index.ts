export { type Destination, type Host, hostText, type Protocol } from './destination.ts';
export { type DestinationClass, destinationClasses } from './destination-class.ts';
export type { IpAddress } from './ip-address.ts';
export type { HostPattern, IpPrefix, PortRange, Target } from './target.ts';
