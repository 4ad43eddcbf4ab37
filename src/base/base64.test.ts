import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, encodeBase64 } from './base64.ts';

test('base64 is decoded as Node does, when it is the one spelling', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) =>
      assert.deepEqual(decodeBase64(Buffer.from(bytes).toString('base64')), bytes),
    ),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AQgw/+=a-'), maxLength: 8 }), (text) => {
      const bytes = decodeBase64(text);
      if (bytes !== null) assert.equal(Buffer.from(bytes).toString('base64'), text);
    }),
  );
});

test('base64 is encoded as Node does', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString('base64'))),
  );
});
