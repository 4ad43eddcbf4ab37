import { parseIpAddress, unmapPeerAddress } from '../../destination/index.ts';

/**
 * The canonical text of an address that a socket reported: `fe80::1%eth0` gives `fe80::1`, `::ffff:192.0.2.7` gives `192.0.2.7`.
 * Costs nothing for plain ones, because it runs for every datagram.
 */
export function canonicalPeer(text: string): string {
  if (!text.includes(':')) return text;
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  // The kernel's library writes RFC 5952, save for the forms that end in dotted decimal.
  if (!bare.includes('.')) return bare;
  const parsed = parseIpAddress(bare);
  return parsed.ok ? unmapPeerAddress(parsed.value).text : bare;
}

/** What counts as one client: an IPv4 address, or an IPv6 /56, because one subscriber picks addresses in it at will. */
export function clientKey(canonical: string): string {
  if (!canonical.includes(':')) return canonical;
  const parsed = parseIpAddress(canonical);
  if (!parsed.ok) return canonical;
  const [first = 0, second = 0] = parsed.value.words;
  return `${first}:${second >>> 8}`;
}
