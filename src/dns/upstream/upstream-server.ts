import { isIP } from 'node:net';
import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';

/** How a server is asked. `udp` goes to TCP when an answer is truncated. */
export type UpstreamTransport = 'udp' | 'tcp' | 'tls' | 'https';

/**
 * A server to ask: `{ text: 'tls://192.0.2.53#dns.example', transport: 'tls', address: '192.0.2.53', port: 853, name: 'dns.example', path: '' }`.
 * `text` is the canonical spelling and tells servers apart. IPv6 addresses have no brackets in `address`.
 */
export interface UpstreamServer {
  readonly text: string;
  readonly transport: UpstreamTransport;
  /** What is dialled: always an address, so that no name is resolved to find the resolver. */
  readonly address: string;
  readonly port: number;
  /** The name or address that the certificate must hold; empty without TLS. */
  readonly name: string;
  /** Where questions are posted to; empty without HTTPS. */
  readonly path: string;
}

const plainPort = 53;
/** RFC 7858 section 3.1. */
const tlsPort = 853;
const httpsPort = 443;
/** RFC 8484 leaves the path to the server; nearly all took the one of its examples. */
const usualPath = '/dns-query';
const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/**
 * Reads a server: `192.0.2.53`, `192.0.2.53:53`, `[2001:db8::53]:53`, `tcp://192.0.2.53`, `tls://192.0.2.53#dns.example` or
 * `https://dns.example/dns-query#192.0.2.53`. The fault is `server_malformed`.
 */
export function parseServer(text: string): Result<UpstreamServer, Fault> {
  const [, scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) return parsePlain(text, rest, 'udp');
  if (scheme === 'tcp') return parsePlain(text, rest, 'tcp');
  if (scheme === 'tls') return parseTls(text, rest);
  if (scheme === 'https') return parseHttps(text);
  return malformed(text, 'servers start with an address, `tcp://`, `tls://` or `https://`');
}

function parsePlain(text: string, rest: string, transport: 'udp' | 'tcp'): Result<UpstreamServer, Fault> {
  const at = parseAddress(rest, plainPort);
  if (at === null) return malformed(text, 'write an address as `192.0.2.53`, `192.0.2.53:53` or `[2001:db8::53]:53`');
  const prefix = transport === 'tcp' ? 'tcp://' : '';
  return ok({ text: `${prefix}${addressText(at)}`, transport, ...at, name: '', path: '' });
}

function parseTls(text: string, rest: string): Result<UpstreamServer, Fault> {
  const [where = '', name, ...more] = rest.split('#');
  const at = parseAddress(where, tlsPort);
  if (at === null || more.length > 0)
    return malformed(text, 'write an address and the name in its certificate as `tls://192.0.2.53#dns.example`');
  const proven = name === undefined ? at.address : name.toLowerCase();
  if (name !== undefined && !isHost(proven))
    return malformed(text, `${quoteInput(name)} is not a name that a certificate can hold`);
  return ok({ text: `tls://${addressText(at)}#${proven}`, transport: 'tls', ...at, name: proven, path: '' });
}

function parseHttps(text: string): Result<UpstreamServer, Fault> {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '')
    return malformed(text, 'write a URL without user and query as `https://dns.example/dns-query#192.0.2.53`');
  const name = url.hostname.replace(/^\[|\]$/g, '');
  if (!isHost(name)) return malformed(text, `${quoteInput(name)} is not a name that a certificate can hold`);
  const address = url.hash === '' ? name : url.hash.slice(1).replace(/^\[|\]$/g, '');
  if (isIP(address) === 0)
    return malformed(
      text,
      'the address to dial is missing, write it behind `#` as `https://dns.example/dns-query#192.0.2.53`',
    );
  const port = url.port === '' ? httpsPort : Number(url.port);
  if (port === 0) return malformed(text, 'a port is from 1 to 65535');
  const path = url.pathname === '/' ? usualPath : url.pathname;
  return ok({ text: `https://${url.host}${path}#${address}`, transport: 'https', address, port, name, path });
}

interface Place {
  readonly address: string;
  readonly port: number;
}

function parseAddress(text: string, defaultPort: number): Place | null {
  if (isIP(text) !== 0) return { address: text, port: defaultPort };
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(text);
  const six = match?.groups?.['six'];
  const address = six ?? match?.groups?.['four'] ?? '';
  const port = Number(match?.groups?.['port'] ?? defaultPort);
  if (isIP(address) !== (six === undefined ? 4 : 6) || port < 1 || port > 65_535) return null;
  return { address, port };
}

function addressText({ address, port }: Place): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function isHost(name: string): boolean {
  return isIP(name) !== 0 || hostName.test(name);
}

function malformed(text: string, why: string): Result<never, Fault> {
  return failed(fault('server_malformed', `${quoteInput(text)} is not a DNS server: ${why}`));
}
