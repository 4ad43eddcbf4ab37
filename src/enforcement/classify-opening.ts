import type { Result } from '../base/index.ts';
import { type Authority, hostText, parseAuthority } from '../destination/index.ts';
import type { Reason } from '../policy/index.ts';
import { fieldValue, parseClientHello, parseRequestHead, type RequestHead } from '../wire/index.ts';
import { maxHeadFields } from './read-head.ts';
import { targetOf } from './request-head.ts';
import { parseServerName, reasonOfHello } from './server-name.ts';
import { startsLikeHttp } from './starts-like-http.ts';

/** What first bytes turned out to be, at a place where nobody was asked for before. */
export interface ClassifiedOpening {
  /** What is wrong with them, or null. */
  readonly breach: Reason | null;
  /** For records only. */
  readonly detail: string | null;
  readonly carries: 'tls' | 'http' | null;
  readonly hasEch: boolean;
  /** Whom they name, with the port of the place; null for nobody. */
  readonly named: Result<Authority> | null;
  /** The Host of a request as it was written; null where there is none. */
  readonly hostText: string | null;
  readonly head: RequestHead | null;
  /** Whether the client takes a page for an answer. */
  readonly isHttp: boolean;
}

/** Where bytes came to. */
export interface OpeningPlace {
  readonly port: number;
  /** Whether what is no TLS is read as a request here, whatever its method. */
  readonly isHttpPort: boolean;
  readonly maxHelloBytes: number;
  readonly maxHeadBytes: number;
}

/** Bytes that were not read: they name nobody, and nothing is wrong with them. */
export const unreadOpening: ClassifiedOpening = {
  breach: null,
  detail: null,
  carries: null,
  hasEch: false,
  named: null,
  hostText: null,
  head: null,
  isHttp: false,
};
const tlsHandshake = 0x16;
// What a method may begin with (RFC 9110 section 5.6.2).
const tokenByte = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/;

/** Whether bytes begin as TLS. */
export function startsLikeTls(held: Uint8Array): boolean {
  return held[0] === tlsHandshake;
}

/** Too few bytes to tell. `searchedBytes` is handed to the next call, so that a head which comes byte by byte costs no more. */
export interface IncompleteOpening {
  readonly searchedBytes: number;
}

/** Classifies the first bytes of a connection. `searchedBytes` comes from the incomplete answer before; 0 at first. */
export function classifyOpening(
  place: OpeningPlace,
  held: Uint8Array,
  searchedBytes: number,
): ClassifiedOpening | IncompleteOpening {
  if (startsLikeTls(held)) return classifyHello(place, held) ?? { searchedBytes: 0 };
  return classifyRequest(place, held, searchedBytes);
}

/** What bytes are that did not come whole: `detail` says why nothing more comes. */
export function classifyUnfinished(held: Uint8Array, detail: string): ClassifiedOpening {
  if (startsLikeTls(held)) return { ...unreadOpening, breach: 'hello_unreadable', detail };
  const isHttp = startsLikeHttp(held) === 'yes';
  return { ...unreadOpening, breach: isHttp ? 'http_malformed' : 'hello_missing', detail, isHttp };
}

function classifyHello({ port, maxHelloBytes }: OpeningPlace, held: Uint8Array): ClassifiedOpening | null {
  const result = parseClientHello(held);
  switch (result.kind) {
    case 'incomplete':
      return held.length <= maxHelloBytes ? null : classifyUnfinished(held, `it is larger than ${maxHelloBytes} bytes`);
    case 'fault':
      return { ...unreadOpening, breach: reasonOfHello(result.fault.code), detail: result.fault.message };
    case 'not_tls':
      return { ...unreadOpening, breach: 'hello_missing' };
    case 'hello': {
      const { serverName, hasEch } = result.hello;
      const known = { ...unreadOpening, carries: 'tls' as const, hasEch };
      if (serverName === null) return { ...known, breach: 'sni_missing' };
      const host = parseServerName(serverName);
      if (!host.ok) return { ...known, breach: host.fault.code, detail: host.fault.message };
      return { ...known, named: { ok: true, value: { host: host.value, port } } };
    }
    default:
      return result satisfies never;
  }
}

function classifyRequest(
  place: OpeningPlace,
  held: Uint8Array,
  searchedBytes: number,
): ClassifiedOpening | IncompleteOpening {
  const start = startsLikeHttp(held);
  if (start === 'open') return { searchedBytes };
  const isMaybe = place.isHttpPort && tokenByte.test(String.fromCharCode(held[0] ?? 0));
  if (start === 'no' && !isMaybe) return { ...unreadOpening, breach: 'hello_missing' };
  const limits = { maxHeadBytes: place.maxHeadBytes, maxFields: maxHeadFields };
  const result = parseRequestHead(held, limits, searchedBytes);
  if (result.kind === 'incomplete') return { searchedBytes: result.searchedBytes };
  if (result.kind === 'head') return classifyHead(place, result.head);
  // What does not even begin as a request is none that is malformed; the preface of HTTP/2 tells itself by its whole first line.
  const isHttp = start === 'yes' || result.fault.code === 'http2_preface';
  const detail = result.fault.message;
  return { ...unreadOpening, breach: isHttp ? 'http_malformed' : 'hello_missing', detail, isHttp };
}

// By its Host, or without one (HTTP/1.0) by its absolute form, or it names nobody.
function classifyHead({ port }: OpeningPlace, head: RequestHead): ClassifiedOpening {
  const known = { ...unreadOpening, carries: 'http' as const, head, isHttp: true };
  const target = targetOf(head);
  if (target === null || head.method === 'CONNECT') {
    return { ...known, breach: 'http_malformed', detail: 'the target is in no form that an origin takes' };
  }
  const texts = [fieldValue(head, 'host'), target.authority].filter((text) => text !== null);
  const [first, second = first] = texts.map((text) => parseAuthority(text, port));
  if (first === undefined || second === undefined) return known;
  const named = second.ok ? first : second;
  const isOne = first.ok && second.ok && first.value.port === port && isSameAuthority(first.value, second.value);
  const breach = named.ok && !isOne ? 'host_mismatch' : null;
  const detail = breach === null ? null : 'its authorities differ, or their port is another than the one aimed at';
  return { ...known, breach, detail, named, hostText: texts[0] ?? null };
}

function isSameAuthority(one: Authority, other: Authority): boolean {
  return one.port === other.port && hostText(one.host) === hostText(other.host);
}
