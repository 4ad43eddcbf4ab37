import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import type { Protocol } from './destination.ts';
import type { DestinationFault } from './destination-fault.ts';
import { parseIpPrefix } from './ip-prefix.ts';
import type { HostPattern, Target } from './target.ts';
import { parsePorts, portsText } from './target-ports.ts';
import { parseUserHost } from './user-host.ts';

const longestTarget = 2048;
const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;
const schemes: readonly string[] = ['tls', 'http', 'tcp', 'udp'];
const grammar = 'write `[scheme://]host:ports`, for example `bank-gateway.example.com:443`';

/**
 * Reads the `to:` of an entry: `[scheme://]host:ports`. The scheme is tls (default), http, tcp or udp; the host a name, `*.name`,
 * `*`, an address or a block (IPv6 in brackets: `[2001:db8::/32]:443`); ports `443`, `80,443`, `8000-8100` or `*`.
 * Reading `canonical` gives the same target again. Faults: those of `DestinationFault`.
 */
export function parsePolicyTarget(text: string): Result<Target, DestinationFault> {
  if (text.length > longestTarget) return refuse(text, `is longer than ${longestTarget} characters: ${grammar}`);
  const scheme = schemePattern.exec(text);
  const protocol = scheme?.[1] ?? 'tls';
  if (!schemes.includes(protocol)) return refuse(text, 'has an unknown scheme: use tls, http, tcp or udp');
  const rest = text.slice(scheme?.[0].length ?? 0);
  const colon = rest.lastIndexOf(':');
  if (colon < 0 || rest.endsWith(']')) return refuse(text, `has no port: ${grammar}`);
  const ports = parsePorts(rest.slice(colon + 1));
  if (!ports.ok) return ports;
  const host = parseHostPattern(rest.slice(0, colon));
  if (!host.ok) return host;
  const target = { protocol: protocol as Protocol, host: host.value, ports: ports.value };
  return ok({ ...target, canonical: targetText(target) });
}

/**
 * Reads the host of an entry: a name, `*.name`, `*`, an IPv4 address or block, an IPv6 address or block in brackets.
 * Faults: `name_malformed`, `address_malformed`, `prefix_malformed`, `target_malformed`.
 */
export function parseHostPattern(text: string): Result<HostPattern, DestinationFault> {
  if (text === '*') return ok({ kind: 'any-name' });
  if (text.startsWith('*.')) return parseBelow(text);
  if (text.includes('*')) return refuse(text, 'has a `*` inside: only `*` and a leading `*.` are patterns');
  if (text.startsWith('[') && text.endsWith(']') && text.includes(':')) return prefixPattern(text.slice(1, -1));
  if (text.includes(':')) return refuse(text, 'has a colon in its host: write IPv6 in brackets, `[2001:db8::/32]:443`');
  if (text.includes('/')) return prefixPattern(text);
  const host = parseUserHost(text);
  if (!host.ok) return host;
  return host.value.kind === 'name' ? ok(host.value) : prefixPattern(host.value.address.text);
}

/** The one spelling of a host pattern: `*.example.com`, `203.0.113.0/24`, `[2001:db8::/32]`. */
export function hostPatternText(pattern: HostPattern): string {
  switch (pattern.kind) {
    case 'name':
      return pattern.name;
    case 'below':
      return `*.${pattern.name}`;
    case 'any-name':
      return '*';
    case 'prefix':
      return pattern.prefix.first.family === 6 ? `[${pattern.prefix.text}]` : pattern.prefix.text;
    default:
      return pattern satisfies never;
  }
}

function parseBelow(text: string): Result<HostPattern, DestinationFault> {
  const host = parseUserHost(text.slice(2));
  if (!host.ok) return host;
  if (host.value.kind === 'name') return ok({ kind: 'below', name: host.value.name });
  return refuse(text, 'puts `*.` before an address: write a block such as `203.0.113.0/24`');
}

function prefixPattern(text: string): Result<HostPattern, DestinationFault> {
  const prefix = parseIpPrefix(text);
  return prefix.ok ? ok({ kind: 'prefix', prefix: prefix.value }) : prefix;
}

function targetText(target: Omit<Target, 'canonical'>): string {
  const scheme = target.protocol === 'tls' ? '' : `${target.protocol}://`;
  return `${scheme}${hostPatternText(target.host)}:${portsText(target.ports)}`;
}

function refuse(text: string, why: string): Result<never, DestinationFault> {
  return failed(fault('target_malformed', `${quoteInput(text)} ${why}`));
}
