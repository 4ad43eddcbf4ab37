import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { QueryView } from '../../wire/index.ts';

/** What a client is given back for its cookie. */
export interface AnsweredCookie {
  /** 24 bytes: its own part and ours. They hold until the next cookie is answered. */
  readonly bytes: Uint8Array;
  /** It came with a part that we gave to this address: the address is not forged. */
  readonly isProven: boolean;
}

/** The cookies that we give to clients (RFC 7873), so that one that comes again proves its address without a connection. */
export interface ServerCookies {
  /** Answers the cookie of a query that has one, at an instant (epoch milliseconds). */
  answer(
    view: Pick<QueryView, 'cookieAt' | 'cookieBytes'>,
    asked: { readonly query: Uint8Array; readonly client: { readonly address: string } },
    nowMs: number,
  ): AnsweredCookie;
}

const clientBytes = 8;
const hashBytes = 8;
const hashAt = 16;
const cookieBytes = 24;
/** RFC 9018 section 4.1: version, and three bytes that are zero. */
const versionWord = 0x01000000;
/** RFC 9018 section 4.3: older parts, and those from further ahead, are not believed; past half of that time a new one is given. */
const oldestSeconds = 3_600;
const aheadSeconds = 300;
const renewedSeconds = 1_800;

/**
 * Makes the cookies of this process, in the layout of RFC 9018. The hash is the start of HMAC-SHA-256, for the platform has no SipHash:
 * no other server has the secret, so that none has to work it out alike.
 */
export function createServerCookies(): ServerCookies {
  const secret = randomBytes(32);
  const bytes = new Uint8Array(cookieBytes);
  // What comes before the address is always sixteen bytes, so that no two cookies are hashed alike.
  const hashOf = (cookie: Uint8Array, address: string): Uint8Array =>
    createHmac('sha256', secret).update(cookie.subarray(0, hashAt)).update(address).digest().subarray(0, hashBytes);
  return {
    answer: ({ cookieAt, cookieBytes: length }, { query, client: { address } }, nowMs) => {
      const given = query.subarray(cookieAt, cookieAt + length);
      const nowSeconds = Math.floor(nowMs / 1_000);
      const age = ageOf(given, nowSeconds);
      const isProven = age !== null && timingSafeEqual(hashOf(given, address), given.subarray(hashAt));
      if (isProven && age < renewedSeconds) bytes.set(given);
      else {
        writeHead(bytes, given, nowSeconds);
        bytes.set(hashOf(bytes, address), hashAt);
      }
      return { bytes, isProven };
    },
  };
}

/** Seconds since our part was made; null where there is none that may be believed. */
function ageOf(given: Uint8Array, nowSeconds: number): number | null {
  if (given.length !== cookieBytes) return null;
  const view = new DataView(given.buffer, given.byteOffset, given.length);
  if (view.getUint32(clientBytes) !== versionWord) return null;
  // RFC 9018 section 4.3: times are compared as serial numbers (RFC 1982), which go around in 2106.
  const age = (nowSeconds - view.getUint32(clientBytes + 4)) | 0;
  return age <= oldestSeconds && age >= -aheadSeconds ? age : null;
}

function writeHead(into: Uint8Array, given: Uint8Array, nowSeconds: number): void {
  into.set(given.subarray(0, clientBytes));
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  view.setUint32(clientBytes, versionWord);
  view.setUint32(clientBytes + 4, nowSeconds);
}
