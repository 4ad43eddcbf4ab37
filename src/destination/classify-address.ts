import { embeddedIpv4 } from './embedded-ipv4.ts';
import type { IpAddress } from './ip-address.ts';
import { prefixContains } from './ip-prefix.ts';
import { type AddressKind, type SpecialRange, specialRanges } from './special-ranges.ts';

/**
 * What an address is. `row` is the range that says so, null for ordinary public IPv4. `embedded` is the carried IPv4 address
 * that made an otherwise open IPv6 address forbidden, else null.
 */
export interface AddressClass {
  readonly kind: AddressKind;
  readonly row: SpecialRange | null;
  readonly embedded: IpAddress | null;
}

const ipv4Ranges = specialRanges.filter((range) => range.prefix.first.family === 4);
const ipv6Ranges = specialRanges.filter((range) => range.prefix.first.family === 6);
const ordinaryPublic: AddressClass = { kind: 'public', row: null, embedded: null };

/**
 * Classifies an address by the special-purpose table. Mapped, compatible, translated, 6to4, Teredo and local-use NAT64 addresses
 * are forbidden whatever they carry: no resolver needs them, and each is a second spelling. NAT64 by the well-known prefix of a
 * public address stays public, since IPv6-only networks live on it. INVARIANT: decoding an embedded IPv4 only adds denials.
 */
export function classifyAddress(address: IpAddress): AddressClass {
  const outer = classifyOuter(address);
  if (address.family === 4 || outer.kind === 'forbidden') return outer;
  for (const embedded of embeddedIpv4(address)) {
    const inner = classifyOuter(embedded);
    if (inner.kind !== 'public') return { kind: 'forbidden', row: inner.row, embedded };
  }
  return outer;
}

function classifyOuter(address: IpAddress): AddressClass {
  for (const row of address.family === 4 ? ipv4Ranges : ipv6Ranges) {
    if (prefixContains(row.prefix, address)) return { kind: row.kind, row, embedded: null };
  }
  return ordinaryPublic;
}
