import { type IpPrefix, parsePolicyTarget, prefixOf, registrableDomain } from '../../destination/index.ts';

// Neighbouring addresses are mostly one party's: counted apart, a block could be asked for address by address.
const blockLength = { 4: 24, 6: 48 } as const;

/**
 * What exceptions to one place are counted under, whatever they name of it: the registrable domain (`example.co.uk`) or, for addresses,
 * their block of 256 (`203.0.113.0/24`) or /48. `to` is a canonical target.
 */
export function scopeDomainOf(to: string): string {
  const target = parsePolicyTarget(to);
  if (!target.ok) return to;
  const { host } = target.value;
  if (host.kind === 'prefix') return blockOf(host.prefix);
  return host.kind === 'any-name' ? '*' : (registrableDomain(host.name) ?? host.name);
}

function blockOf(prefix: IpPrefix): string {
  const length = blockLength[prefix.first.family];
  return prefix.length <= length ? prefix.text : prefixOf(prefix.first, length).text;
}
