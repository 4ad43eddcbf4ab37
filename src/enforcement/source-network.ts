import { parseIpAddress } from '../destination/index.ts';

/** What counts as one source: an IPv4 address, or the /64 of an IPv6 address, since who has one address of it has them all. */
export function sourceNetwork(address: string): string {
  const parsed = address.includes(':') ? parseIpAddress(address) : null;
  return parsed?.ok === true && parsed.value.family === 6 ? parsed.value.words.slice(0, 2).join(' ') : address;
}
