import { latin1Text } from './latin1.ts';
import { strictUtf8 } from './utf8.ts';
import { type Refused, refused } from './wire-fault.ts';

/** More bytes are needed. */
export interface Incomplete {
  readonly kind: 'incomplete';
}

/** The greeting of a SOCKS5 client: the methods that it offers, one byte each (RFC 1928 section 3). */
export interface SocksGreeting {
  readonly kind: 'greeting';
  readonly methods: readonly number[];
  readonly byteLength: number;
}

/** A user and password by RFC 1929. */
export interface SocksAuth {
  readonly kind: 'auth';
  readonly username: string;
  readonly password: string;
  readonly byteLength: number;
}

/**
 * A request (RFC 1928 section 4). A name is raw, one character per byte: destination's parser judges it. Address bytes are 4 or 16
 * in network order. The port of a CONNECT is 1-65535.
 */
export interface SocksRequest {
  readonly kind: 'request';
  readonly command: 'connect' | 'bind' | 'udp_associate';
  readonly host:
    | { readonly kind: 'name'; readonly text: string }
    | { readonly kind: 'address'; readonly bytes: Uint8Array };
  readonly port: number;
  readonly byteLength: number;
}

/** The method of no authentication. */
export const socksNoAuth = 0x00;
/** The method of user and password (RFC 1929). */
export const socksUserPassword = 0x02;

const incomplete: Incomplete = { kind: 'incomplete' };
const commands: Readonly<Record<number, SocksRequest['command']>> = { 1: 'connect', 2: 'bind', 3: 'udp_associate' };

/** Reads the greeting from the start of `bytes`. Fault: `socks_malformed`. */
export function parseSocksGreeting(bytes: Uint8Array): Incomplete | Refused | SocksGreeting {
  const [version = 5, count] = bytes;
  if (version !== 5) return refused('socks_malformed', 'the version is not 5');
  if (count === undefined) return incomplete;
  if (count === 0) return refused('socks_malformed', 'the greeting offers no method');
  if (bytes.length < 2 + count) return incomplete;
  return { kind: 'greeting', methods: [...bytes.subarray(2, 2 + count)], byteLength: 2 + count };
}

/** Reads user and password (RFC 1929) from the start of `bytes`: UTF-8 without control characters. Fault: `socks_malformed`. */
export function parseSocksAuth(bytes: Uint8Array): Incomplete | Refused | SocksAuth {
  const [version = 1, userLength] = bytes;
  if (version !== 1) return refused('socks_malformed', 'the version of the user and password message is not 1');
  if (userLength === undefined) return incomplete;
  if (userLength === 0) return refused('socks_malformed', 'the user is empty');
  const passwordLength = bytes[2 + userLength];
  if (passwordLength === undefined) return incomplete;
  const byteLength = 3 + userLength + passwordLength;
  if (bytes.length < byteLength) return incomplete;
  const username = strictUtf8(bytes.subarray(2, 2 + userLength));
  const password = strictUtf8(bytes.subarray(3 + userLength, byteLength));
  if (username === null || password === null) {
    return refused('socks_malformed', 'user and password are not UTF-8 without control characters');
  }
  return { kind: 'auth', username, password, byteLength };
}

/**
 * Reads a request from the start of `bytes`. Faults: `socks_malformed`, `socks_command_unsupported` (reply 7),
 * `socks_address_type_unsupported` (reply 8).
 */
export function parseSocksRequest(bytes: Uint8Array): Incomplete | Refused | SocksRequest {
  const [version = 5, code = 1, reserved = 0, addressType = 1] = bytes;
  const command = commands[code];
  if (version !== 5) return refused('socks_malformed', 'the version is not 5');
  if (command === undefined) return refused('socks_command_unsupported', `command ${code} is not known: use CONNECT`);
  if (reserved !== 0) return refused('socks_malformed', 'the reserved byte is not 0');
  const host = hostSpan(bytes, addressType);
  if ('kind' in host) return host;
  const byteLength = host.end + 2;
  if (bytes.length < Math.max(byteLength, 5)) return incomplete;
  const port = (bytes[host.end] ?? 0) * 256 + (bytes[host.end + 1] ?? 0);
  if (port === 0 && command === 'connect') return refused('socks_malformed', 'port `0` is outside 1-65535');
  return { kind: 'request', command, host: readHost(bytes, host, addressType), port, byteLength };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function hostSpan(bytes: Uint8Array, addressType: number): Span | Refused {
  if (addressType === 1) return { start: 4, end: 8 };
  if (addressType === 4) return { start: 4, end: 20 };
  if (addressType !== 3) return refused('socks_address_type_unsupported', `address type ${addressType} is not known`);
  // Until the length has come, the shortest name is assumed.
  const length = bytes[4] ?? 1;
  return length === 0 ? refused('socks_malformed', 'the name is empty') : { start: 5, end: 5 + length };
}

function readHost(bytes: Uint8Array, { start, end }: Span, addressType: number): SocksRequest['host'] {
  if (addressType === 3) return { kind: 'name', text: latin1Text(bytes, start, end) };
  return { kind: 'address', bytes: new Uint8Array(bytes.subarray(start, end)) };
}
