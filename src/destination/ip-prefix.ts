import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import type { DestinationFault } from './destination-fault.ts';
import type { IpAddress } from './ip-address.ts';
import { ipAddressFromWords, parseIpAddress } from './parse-ip-address.ts';
import type { IpPrefix } from './target.ts';

/**
 * Reads `203.0.113.0/24`, `2001:db8::/32`, or an address alone as the block of just that address. Its one spelling is in `text`
 * (a block of one address has no length). Host bits must be zero. Faults: `address_malformed`, `prefix_malformed`.
 */
export function parseIpPrefix(text: string): Result<IpPrefix, DestinationFault> {
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (!address.ok) return address;
  const bits = address.value.family === 4 ? 32 : 128;
  const length = slash < 0 ? bits : readLength(text.slice(slash + 1), bits);
  if (length === null) return refuse(`${quoteInput(text)} has no length of 0-${bits} after the slash`);
  const prefix = prefixOf(address.value, length);
  if (prefix.first.text !== address.value.text) {
    return refuse(`${quoteInput(text)} has host bits set: write \`${prefix.text}\``);
  }
  return ok(prefix);
}

/** The block of `length` leading bits that holds an address. `length` is 0-32 or 0-128; other lengths are a caller's mistake. */
export function prefixOf(address: IpAddress, length: number): IpPrefix {
  const first = ipAddressFromWords(address.words.map((word, index) => (word & wordMask(length - index * 32)) >>> 0));
  return { first, length, text: length === address.words.length * 32 ? first.text : `${first.text}/${length}` };
}

/** Whether a block holds an address. An IPv4-mapped IPv6 address is not in any IPv4 block: decoding may only deny. */
export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.first.family !== address.family) return false;
  for (let i = 0; i < address.words.length; i++) {
    const mask = wordMask(prefix.length - i * 32);
    if (mask === 0) return true;
    if ((((address.words[i] ?? 0) ^ (prefix.first.words[i] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

// JavaScript shifts count modulo 32, so the ends need their own answer.
function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

function readLength(text: string, bits: number): number | null {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return null;
  const length = Number(text);
  return length > bits ? null : length;
}

function refuse(message: string): Result<never, DestinationFault> {
  return failed(fault('prefix_malformed', message));
}
