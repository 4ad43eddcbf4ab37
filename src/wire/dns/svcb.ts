import { latin1Text } from '../latin1.ts';
import { readPlainName } from './names.ts';

/** One parameter of a record: its key and its value as it stands on the wire. */
export interface SvcbParam {
  readonly key: number;
  readonly value: Uint8Array;
}

/**
 * What an SVCB or HTTPS record says (RFC 9460). Priority 0 is AliasMode: `target` is where to look, as of a CNAME, and there are no
 * parameters. In ServiceMode the target '' is the owner of the record.
 */
export interface SvcbRecord {
  readonly priority: number;
  readonly target: string;
  readonly params: readonly SvcbParam[];
}

/** What is taken out of a record. */
export interface SvcbRewrite {
  /** Whether an address hint may stay: 4 or 16 bytes, by family. */
  readonly keepHint: (address: Uint8Array, family: 4 | 6) => boolean;
  /** Encrypted ClientHello goes: with it nobody here sees where a connection leads. */
  readonly stripEch: boolean;
  /** HTTP/3 goes, where QUIC is denied. */
  readonly stripH3: boolean;
}

/** Keys of parameters that something here is said of (IANA, SVCB service parameters). */
export const svcbKeys = { mandatory: 0, alpn: 1, noDefaultAlpn: 2, port: 3, ipv4hint: 4, ech: 5, ipv6hint: 6 } as const;

/**
 * Reads RDATA of SVCB or HTTPS whose target is spelled out. Null: it is malformed, its keys do not rise, or a value breaks the rules of its
 * key. The parameters of AliasMode are not even looked at (RFC 9460 section 2.4.2).
 */
export function readSvcb(data: Uint8Array): SvcbRecord | null {
  const target = readPlainName(data, 2);
  if (target === null) return null;
  const priority = number16(data, 0);
  const params = priority === 0 ? [] : readParams(data, target.end);
  return params === null ? null : { priority, target: target.text, params };
}

/**
 * Makes the RDATA that a client may see. A parameter of which nothing is left goes, and nothing that went stays mandatory. Null: leave the
 * record out, because it is malformed or because nothing but HTTP/3 was left in it.
 */
export function rewriteSvcb(data: Uint8Array, rewrite: SvcbRewrite): Uint8Array | null {
  const record = readSvcb(data);
  const target = readPlainName(data, 2);
  if (record === null || target === null) return null;
  const params = record.params.flatMap((param) => rewriteParam(param, rewrite) ?? []);
  const keys = new Set(params.map(({ key }) => key));
  // Without its protocols the record would offer the default one, which its service says it does not speak.
  if (keys.has(svcbKeys.noDefaultAlpn) && !keys.has(svcbKeys.alpn)) return null;
  const kept = params.flatMap((param) =>
    param.key === svcbKeys.mandatory ? (keepMandatory(param, keys) ?? []) : param,
  );
  return joinParams(data.subarray(0, target.end), kept);
}

function readParams(data: Uint8Array, start: number): readonly SvcbParam[] | null {
  const params: SvcbParam[] = [];
  let at = start;
  let last = -1;
  while (at + 4 <= data.length) {
    const key = number16(data, at);
    const end = at + 4 + number16(data, at + 2);
    const value = data.subarray(at + 4, end);
    if (key <= last || end > data.length || !isValueOf(key, value)) return null;
    params.push({ key, value });
    last = key;
    at = end;
  }
  return at === data.length && isWhole(params) ? params : null;
}

// RFC 9460 sections 7 and 8: the format of each value.
function isValueOf(key: number, value: Uint8Array): boolean {
  switch (key) {
    case svcbKeys.mandatory:
      return isMandatoryList(value);
    case svcbKeys.alpn:
      return readAlpn(value) !== null;
    case svcbKeys.noDefaultAlpn:
      return value.length === 0;
    case svcbKeys.port:
      return value.length === 2;
    case svcbKeys.ipv4hint:
      return value.length > 0 && value.length % 4 === 0;
    case svcbKeys.ipv6hint:
      return value.length > 0 && value.length % 16 === 0;
    default:
      return true;
  }
}

// Keys that rise, and not the key of the list itself.
function isMandatoryList(value: Uint8Array): boolean {
  for (let at = 0; at < value.length; at += 2) {
    const before = at === 0 ? svcbKeys.mandatory : number16(value, at - 2);
    if (number16(value, at) <= before) return false;
  }
  return value.length > 0 && value.length % 2 === 0;
}

// What is mandatory must be there, and `no-default-alpn` needs `alpn` (RFC 9460 sections 7.1.1 and 8).
function isWhole(params: readonly SvcbParam[]): boolean {
  const keys = new Set(params.map(({ key }) => key));
  const mandatory = params[0]?.key === svcbKeys.mandatory ? params[0].value : new Uint8Array(0);
  for (let at = 0; at < mandatory.length; at += 2) if (!keys.has(number16(mandatory, at))) return false;
  return !keys.has(svcbKeys.noDefaultAlpn) || keys.has(svcbKeys.alpn);
}

function readAlpn(value: Uint8Array): readonly Uint8Array[] | null {
  const protocols: Uint8Array[] = [];
  let at = 0;
  while (at < value.length) {
    const end = at + 1 + (value[at] ?? 0);
    if (end > value.length || end === at + 1) return null;
    protocols.push(value.subarray(at, end));
    at = end;
  }
  return protocols.length === 0 ? null : protocols;
}

// Null: the parameter goes.
function rewriteParam(param: SvcbParam, rewrite: SvcbRewrite): SvcbParam | null {
  switch (param.key) {
    case svcbKeys.ech:
      return rewrite.stripEch ? null : param;
    case svcbKeys.alpn:
      return rewrite.stripH3 ? keepPieces(param, (readAlpn(param.value) ?? []).filter(isNotH3)) : param;
    case svcbKeys.ipv4hint:
      return keepPieces(
        param,
        hintsOf(param.value, 4).filter((address) => rewrite.keepHint(address, 4)),
      );
    case svcbKeys.ipv6hint:
      return keepPieces(
        param,
        hintsOf(param.value, 16).filter((address) => rewrite.keepHint(address, 6)),
      );
    default:
      return param;
  }
}

// Drafts of HTTP/3 call themselves `h3-29` and so on. The first byte is the length.
function isNotH3(protocol: Uint8Array): boolean {
  const name = latin1Text(protocol, 1, protocol.length);
  return name !== 'h3' && !name.startsWith('h3-');
}

function hintsOf(value: Uint8Array, addressBytes: 4 | 16): readonly Uint8Array[] {
  const count = value.length / addressBytes;
  return Array.from({ length: count }, (_, index) => value.subarray(index * addressBytes, (index + 1) * addressBytes));
}

function keepMandatory(param: SvcbParam, keys: ReadonlySet<number>): SvcbParam | null {
  const count = param.value.length / 2;
  const listed = Array.from({ length: count }, (_, index) => param.value.subarray(2 * index, 2 * index + 2));
  return keepPieces(
    param,
    listed.filter((key) => keys.has(number16(key, 0))),
  );
}

function keepPieces({ key }: SvcbParam, pieces: readonly Uint8Array[]): SvcbParam | null {
  return pieces.length === 0 ? null : { key, value: joinBytes(pieces) };
}

function joinParams(head: Uint8Array, params: readonly SvcbParam[]): Uint8Array {
  const number = (value: number): Uint8Array => Uint8Array.of(value >> 8, value);
  return joinBytes([head, ...params.flatMap(({ key, value }) => [number(key), number(value.length), value])]);
}

function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function number16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
