export { type AddressClass, classifyAddress } from './classify-address.ts';
export { type Destination, type Host, hostText, type Protocol } from './destination.ts';
export { type DestinationClass, destinationClasses } from './destination-class.ts';
export type { DestinationFault } from './destination-fault.ts';
export { embeddedIpv4, isatapForm, isIsatap } from './embedded-ipv4.ts';
export type { IpAddress } from './ip-address.ts';
export { parseIpPrefix, prefixContains, prefixOf } from './ip-prefix.ts';
export { type Authority, parseAuthority, parseWireHost } from './parse-authority.ts';
export { ipAddressFromBytes, ipAddressFromWords, parseIpAddress, unmapPeerAddress } from './parse-ip-address.ts';
export { parsePolicyTarget } from './parse-policy-target.ts';
export { findPlatformName, type PlatformName, platformNames } from './platform-hosts.ts';
export {
  findPublicResolver,
  type PublicResolver,
  publicResolverAddresses,
  publicResolvers,
} from './public-resolvers.ts';
export { isPublicSuffix, registrableDomain } from './public-suffix.ts';
export { type AddressKind, platformAddresses, type SpecialRange, specialRanges } from './special-ranges.ts';
export { hasPublicSuffixBelow } from './suffixes-below.ts';
export type { HostPattern, IpPrefix, PortRange, Target } from './target.ts';
export { isBelow, patternCovers, targetCovers } from './target-covers.ts';
export { portsCover, portsText } from './target-ports.ts';
export { parseUserDestination } from './user-host.ts';
