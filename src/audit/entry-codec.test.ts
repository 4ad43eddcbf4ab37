import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { entryAt, leafOf } from '../../test/support/audit-fixture.ts';
import type { Entry } from './entry.ts';
import { encodeEntry, maxEntryBytes, parseEntry } from './entry-codec.ts';

test('an entry is written in canonical form and read back', () => {
  const entry = entryAt(7, { to: 'bank-gateway.example.com:443', bytes: 10 });
  const text =
    '{"action":"exception.submitted","actor":{"credential":"tok-1","id":"ana","kind":"person","via":"token"},' +
    '"details":{"bytes":10,"to":"bank-gateway.example.com:443"},"seq":7,"subject":"exception/7",' +
    '"time":"2026-11-22T09:30:07.000Z","v":1}';
  assert.equal(Buffer.from(leafOf(entry)).toString(), text);
  assert.deepEqual(parseEntry(leafOf(entry)), { ok: true, value: entry });
});

test('anything but the one spelling of a whole entry is refused', () => {
  const text = Buffer.from(leafOf(entryAt(7))).toString();
  const rows: readonly string[] = [
    '',
    'null',
    ` ${text}`,
    `${text}\n`,
    text.replace('"v":1', '"v":2'),
    text.replace('"seq":7', '"seq":7.5'),
    text.replace('"seq":7', '"seq":-1'),
    text.replace('"seq":7', '"seq":7,"seq":7'),
    text.replace('.000Z', 'Z'),
    text.replace('09:30:07', '25:30:07'),
    text.replace('"tok-1"', '""'),
    text.replace('"token"', '"cookie"'),
    text.replace('"details":{}', '"details":[]'),
    text.replace('"v":1', '"v":1,"w":1'),
    text.replace('"ana"', '"\\u0061na"'),
  ];
  for (const row of rows) assert.equal(parseEntry(Buffer.from(row)).ok, false, row);
  assert.equal(parseEntry(Buffer.from([0xff, 0xfe])).ok, false);
});

test('an entry of 65,535 bytes is written and one of a byte more is a fault', () => {
  const empty = leafOf(entryAt(0, { text: '' })).length;
  const sized = (bytes: number): Entry => entryAt(0, { text: 'x'.repeat(bytes - empty) });
  assert.equal(leafOf(sized(maxEntryBytes)).length, 65_535);
  const over = encodeEntry(sized(maxEntryBytes + 1));
  assert.equal(!over.ok && over.fault.code, 'entry_too_large');
});

test('reading never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseEntry(bytes)));
  fc.assert(
    fc.property(fc.nat(200), fc.nat(255), (at, byte) => {
      const bytes = leafOf(entryAt(7));
      bytes[at % bytes.length] = byte;
      const parsed = parseEntry(bytes);
      if (parsed.ok) assert.deepEqual(leafOf(parsed.value), bytes);
    }),
  );
});
