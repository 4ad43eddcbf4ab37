import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createServerCookies, type ServerCookies } from './server-cookies.ts';

const startMs = Date.parse('2026-11-23T09:30:00Z');
const ownPart = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** Answers a cookie that stands somewhere in a query; the bytes are copied. */
function answerTo(
  cookies: ServerCookies,
  cookie: Uint8Array,
  { address = '192.0.2.7', nowMs = startMs }: { readonly address?: string; readonly nowMs?: number } = {},
): { readonly bytes: Uint8Array; readonly isProven: boolean } {
  const query = Uint8Array.from([9, 9, 9, ...cookie, 9]);
  const view = { cookieAt: 3, cookieBytes: cookie.length };
  const { bytes, isProven } = cookies.answer(view, { query, client: { address } }, nowMs);
  return { bytes: bytes.slice(), isProven };
}

test('a client gets its own part back with one of ours, in the layout of RFC 9018', () => {
  const { bytes, isProven } = answerTo(createServerCookies(), ownPart);
  assert.deepEqual([isProven, bytes.length], [false, 24]);
  const seconds = Buffer.alloc(4);
  seconds.writeUInt32BE(startMs / 1_000);
  assert.deepEqual([...bytes.subarray(0, 16)], [...ownPart, 1, 0, 0, 0, ...seconds]);
});

test('what we gave proves the address, of that client alone and for an hour', () => {
  const cookies = createServerCookies();
  const { bytes: given } = answerTo(cookies, ownPart);
  const rows = [
    ['at once', true, given, {}],
    ['after an hour', true, given, { nowMs: startMs + 3_600_000 }],
    ['after more', false, given, { nowMs: startMs + 3_601_000 }],
    ['with the clock set back a little', true, given, { nowMs: startMs - 300_000 }],
    ['with the clock set back far', false, given, { nowMs: startMs - 301_000 }],
    ['from another address', false, given, { address: '192.0.2.8' }],
    ['with another part of the client', false, given.with(0, 99), {}],
    ['with another time', false, given.with(15, (given[15] ?? 0) ^ 1), {}],
    ['with another version', false, given.with(8, 2), {}],
    ['with reserved bytes that are set', false, given.with(10, 1), {}],
    ['with another hash', false, given.with(23, (given[23] ?? 0) ^ 1), {}],
    ['longer than ours', false, Uint8Array.from([...given, 0]), {}],
    ['shorter than ours', false, given.subarray(0, 16), {}],
  ] as const;
  for (const [when, expected, cookie, asked] of rows) {
    const { isProven, bytes } = answerTo(cookies, cookie, asked);
    assert.equal(isProven, expected, when);
    const again = answerTo(cookies, bytes, asked);
    assert.equal(again.isProven, true, `what is given ${when} holds`);
  }
  assert.equal(answerTo(createServerCookies(), given).isProven, false, 'of another process');
});

test('a part that is half an hour old is given anew, a younger one again', () => {
  const cookies = createServerCookies();
  const { bytes: given } = answerTo(cookies, ownPart);
  const young = answerTo(cookies, given, { nowMs: startMs + 1_799_000 });
  assert.deepEqual([young.isProven, [...young.bytes]], [true, [...given]]);
  const old = answerTo(cookies, given, { nowMs: startMs + 1_800_000 });
  assert.equal(old.isProven, true);
  assert.notDeepEqual(old.bytes, given);
  assert.equal(answerTo(cookies, old.bytes, { nowMs: startMs + 3_700_000 }).isProven, true);
});

test('no bytes that we did not give prove anything', () => {
  const cookies = createServerCookies();
  const cookie = fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 40 }),
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
  );
  fc.assert(fc.property(cookie, (bytes) => !answerTo(cookies, bytes).isProven));
});
