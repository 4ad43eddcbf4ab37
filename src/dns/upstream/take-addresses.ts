import type { IpAddress } from '../../destination/index.ts';
import { type DnsMessage, dnsTypes, internetClass, rcodes, sameName } from '../../wire/index.ts';
import { addressOfRecord } from '../lookup/address-data.ts';
import { walkChain } from './walk-chain.ts';

/** What a response says of the addresses of a name. `failed`: nothing that may be believed. `ttlSeconds` is for how long, as the server says. */
export type AddressOutcome =
  | { readonly kind: 'addresses'; readonly addresses: readonly IpAddress[]; readonly ttlSeconds: number }
  | { readonly kind: 'no_address' | 'name_not_found'; readonly ttlSeconds: number }
  | { readonly kind: 'failed'; readonly why: string };

/** The types of address records. */
export type AddressType = typeof dnsTypes.a | typeof dnsTypes.aaaa;

/** Most addresses taken of one response; more are left, in the server's order. */
const maxAddresses = 64;
/** For a "no" without SOA (RFC 2308 section 5: not to be kept); long enough to spare the server a storm. */
const bareNegativeTtlSeconds = 1;
/** The four numbers before the minimum of an SOA, and the minimum. */
const soaNumberBytes = 20;

/** Takes the addresses of a name out of a response to it: those at the end of the chain of aliases, and no others. */
export function takeAddresses(message: DnsMessage, name: string, type: AddressType): AddressOutcome {
  const walked = walkChain(message, name);
  if (!walked.ok) return { kind: 'failed', why: walked.fault.message };
  const chain = walked.value;
  const isMissing = message.rcode === rcodes.nxDomain;
  const found = message.answers
    .filter((one) => one.type === type && one.class === internetClass && sameName(one.name, chain.end))
    .slice(0, maxAddresses);
  if (isMissing || found.length === 0) {
    const ttlSeconds = Math.min(chain.ttlSeconds, negativeTtlSeconds(message));
    return { kind: isMissing ? 'name_not_found' : 'no_address', ttlSeconds };
  }
  const addresses = found.flatMap((one) => addressOfRecord(one) ?? []);
  if (addresses.length === 0) return { kind: 'failed', why: 'the server answered with addresses that are none' };
  const ttlSeconds = found.reduce((least, one) => Math.min(least, one.ttl), chain.ttlSeconds);
  return { kind: 'addresses', addresses, ttlSeconds };
}

/** How long a "no" may be kept, in seconds: the lesser of the SOA's own TTL and its minimum field (RFC 2308 section 5); 1 without SOA. */
export function negativeTtlSeconds(message: DnsMessage): number {
  const soa = message.authorities.find((one) => one.type === dnsTypes.soa && one.class === internetClass);
  if (soa === undefined || soa.data.length < soaNumberBytes) return bareNegativeTtlSeconds;
  const { buffer, byteOffset, length } = soa.data;
  const minimum = new DataView(buffer, byteOffset, length).getUint32(length - 4);
  return Math.min(soa.ttl, minimum);
}
