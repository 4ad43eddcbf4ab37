import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import type { Host } from './destination.ts';
import type { DestinationFault } from './destination-fault.ts';
import { parseIpAddress } from './parse-ip-address.ts';
import { parseWireName } from './wire-name.ts';

/** A host with its port, 1-65535. */
export interface Authority {
  readonly host: Host;
  readonly port: number;
}

// 253 of name and its dot, or an address in brackets, then a colon and five digits.
const longestAuthority = 260;
const dottedDecimal = /^[0-9.]+$/;
const portDigits = /^[1-9][0-9]{0,4}$/;

/**
 * Reads `host:port` of CONNECT, Host or absolute-form: `bank-gateway.example.com:443`, `203.0.113.7:443`, `[2001:db8::1]:443`.
 * Without a port the default is taken; null means that one must be written. Nothing is repaired (DESIGN principle 5).
 * Faults: `authority_malformed`, `port_malformed`, `name_malformed`, `address_malformed`.
 */
export function parseAuthority(text: string, defaultPort: number | null): Result<Authority, DestinationFault> {
  if (text.length > longestAuthority) return refuse(text, `is longer than ${longestAuthority} characters`);
  const colon = text.indexOf(':', text.startsWith('[') ? text.indexOf(']') : 0);
  const port = colon < 0 ? parseMissingPort(text, defaultPort) : parsePort(text.slice(colon + 1));
  if (!port.ok) return port;
  const host = parseWireHost(colon < 0 ? text : text.slice(0, colon));
  return host.ok ? ok({ host: host.value, port: port.value }) : host;
}

/**
 * Reads a host without a port, as it stands in an authority, a server name or a SOCKS5 name: a name, dotted decimal IPv4, or
 * IPv6 in brackets. Faults: `name_malformed`, `address_malformed`.
 */
export function parseWireHost(text: string): Result<Host, DestinationFault> {
  if (text.startsWith('[') && text.endsWith(']') && text.includes(':')) return hostOfAddress(text.slice(1, -1));
  if (dottedDecimal.test(text)) return hostOfAddress(text);
  const name = parseWireName(text);
  return name.ok ? ok({ kind: 'name', name: name.value }) : name;
}

/** Reads a port, 1-65535 in decimal without sign or leading zeros. Fault: `port_malformed`. */
export function parsePort(text: string): Result<number, DestinationFault> {
  const port = portDigits.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return ok(port);
  return failed(
    fault('port_malformed', `port ${quoteInput(text)} is not a decimal number of 1-65535 without leading zeros`),
  );
}

function parseMissingPort(text: string, defaultPort: number | null): Result<number, DestinationFault> {
  return defaultPort === null ? refuse(text, 'has no port: write `host:port`') : ok(defaultPort);
}

function hostOfAddress(text: string): Result<Host, DestinationFault> {
  const address = parseIpAddress(text);
  return address.ok ? ok({ kind: 'address', address: address.value }) : address;
}

function refuse(text: string, why: string): Result<never, DestinationFault> {
  return failed(fault('authority_malformed', `${quoteInput(text)} ${why}`));
}
