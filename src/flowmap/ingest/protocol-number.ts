import { ipProtocols } from '../observation.ts';

/**
 * Reads an IP protocol as logs write it, by number or name: `6`, `TCP`, `IPv6-ICMP`, `ICMPv6`. 0 for text that is none: the protocol of
 * a record may stay unknown.
 */
export function readProtocol(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= 255 ? Number(text) : 0;
  const name = text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (Object.hasOwn(ipProtocols, name)) return ipProtocols[name] ?? 0;
  return Object.hasOwn(otherProtocols, name) ? (otherProtocols[name] ?? 0) : 0;
}

/** Whether a protocol has ports. */
export function hasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17 || protocol === 132 || protocol === 136;
}

/** Names that are not in the table of the model, by the IANA registry of protocol numbers. */
const otherProtocols: Readonly<Record<string, number>> = {
  icmpv6: 58,
  icmp6: 58,
  icmpv4: 1,
  igmp: 2,
  gre: 47,
  esp: 50,
  ah: 51,
  udplite: 136,
};
