import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { latin1Bytes, latin1Text } from './latin1.ts';

// A byte order mark, what UTF-8 decodes to fewer characters, and what it replaces one for one.
const odd = [
  [0xef, 0xbb, 0xbf],
  [0xc3, 0xa9],
  [0xe9],
  [0xff],
  [0x80],
  [0xf0, 0x9f, 0x98, 0x80],
  [0xed, 0xa0, 0x80],
  [0],
];
const piece = fc.oneof(fc.constant([...Buffer.from('x'.repeat(40))]), fc.constantFrom(...odd), fc.array(fc.nat(255)));

test('bytes of any kind come out one character each, and go back', () => {
  fc.assert(
    fc.property(fc.array(piece), fc.nat(8), (pieces, skipped) => {
      const bytes = Uint8Array.from(pieces.flat());
      const start = Math.min(skipped, bytes.length);
      const text = latin1Text(bytes, start, bytes.length);
      assert.equal(text, Buffer.from(bytes.subarray(start)).toString('latin1'));
      assert.deepEqual(latin1Bytes(text), new Uint8Array(bytes.subarray(start)));
    }),
    { numRuns: 500 },
  );
});
