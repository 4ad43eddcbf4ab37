import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import type { DestinationFault } from './destination-fault.ts';
import type { IpAddress } from './ip-address.ts';
import { ipv4Text, ipv6Text } from './ip-address-text.ts';

const longestAddressText = 45;

/**
 * Reads an address in the accepted spellings: IPv4 as four decimal numbers without leading zeros, IPv6 as any RFC 4291 text
 * without a zone and without brackets. Fault: `address_malformed`.
 */
export function parseIpAddress(text: string): Result<IpAddress, DestinationFault> {
  if (text.length <= longestAddressText) {
    const address = text.includes(':') ? readIpv6(text) : readIpv4(text);
    if (address !== null) return ok(address);
  }
  const message = `${quoteInput(text)} is not an address: write IPv4 as four decimal numbers without leading zeros, IPv6 without a zone`;
  return failed(fault('address_malformed', message));
}

/** The address of 4 or 16 bytes in network order (SOCKS5, DNS), or null for any other length. */
export function ipAddressFromBytes(bytes: Uint8Array): IpAddress | null {
  if (bytes.length !== 4 && bytes.length !== 16) return null;
  const words: number[] = [];
  for (let i = 0; i < bytes.length; i += 4) words.push(wordAt(bytes, i));
  return ipAddressFromWords(words);
}

/** The address of one (IPv4) or four (IPv6) unsigned 32-bit words, most significant first. */
export function ipAddressFromWords(words: readonly number[]): IpAddress {
  if (words.length === 1) return { family: 4, words, text: ipv4Text(words[0] ?? 0) };
  return { family: 6, words, text: ipv6Text(words) };
}

/**
 * The peer of a dual-stack socket as the IPv4 address that it is: `::ffff:10.20.0.7` gives `10.20.0.7`, others are unchanged.
 * Only for source addresses that the kernel reported; a destination spelled so is refused (see `classifyAddress`).
 */
export function unmapPeerAddress(address: IpAddress): IpAddress {
  const [a, b, c, d] = address.words;
  return a === 0 && b === 0 && c === 0xffff && d !== undefined ? ipAddressFromWords([d]) : address;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

function readIpv4(text: string): IpAddress | null {
  const word = readDottedDecimal(text);
  return word === null ? null : { family: 4, words: [word], text };
}

function readDottedDecimal(text: string): number | null {
  const parts = text.split('.', 5);
  if (parts.length !== 4) return null;
  let word = 0;
  for (const part of parts) {
    const number = readDecimalByte(part);
    if (number === null) return null;
    word = word * 256 + number;
  }
  return word;
}

// One to three digits, no leading zero: `010` is octal 8 to some readers and 10 to others, so it is nobody's.
function readDecimalByte(part: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part)) return null;
  const number = Number(part);
  return number > 255 ? null : number;
}

function readIpv6(text: string): IpAddress | null {
  const groups = readGroups(text);
  if (groups === null) return null;
  const words: number[] = [];
  for (let i = 0; i < 8; i += 2) words.push((((groups[i] ?? 0) << 16) | (groups[i + 1] ?? 0)) >>> 0);
  return ipAddressFromWords(words);
}

// RFC 4291 section 2.2: eight groups, or fewer around one `::` that stands for one or more groups of zeros.
function readGroups(text: string): number[] | null {
  const halves = text.split('::', 3);
  if (halves.length === 3) return null;
  const [left = '', right] = halves;
  const head = readHalf(left, right === undefined);
  if (right === undefined) return head?.length === 8 ? head : null;
  const tail = readHalf(right, true);
  if (head === null || tail === null || head.length + tail.length > 7) return null;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function readHalf(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':', 9);
  for (const [index, part] of parts.entries()) {
    const mayBeDotted = isLast && index === parts.length - 1 && part.includes('.');
    const read = mayBeDotted ? dottedGroups(part) : hexadecimalGroup(part);
    if (read === null) return null;
    groups.push(...read);
  }
  return groups;
}

function dottedGroups(part: string): number[] | null {
  const word = readDottedDecimal(part);
  return word === null ? null : [word >>> 16, word & 0xffff];
}

function hexadecimalGroup(part: string): number[] | null {
  return /^[0-9a-fA-F]{1,4}$/.test(part) ? [Number.parseInt(part, 16)] : null;
}
