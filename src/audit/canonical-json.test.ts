import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';
import type { JsonValue } from './entry.ts';

/** RFC 8785 appendix B: the bits of a double, and how it is written. */
const numbers: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

test('numbers are written as RFC 8785 appendix B lists them', () => {
  for (const [bits, text] of numbers) {
    const written = canonicalJson(Buffer.from(bits, 'hex').readDoubleBE());
    assert.equal(written.ok && written.value, text, bits);
  }
});

test('the example of RFC 8785 section 3.2.3 is sorted by UTF-16 code units', () => {
  const written = canonicalJson({
    '€': 'Euro Sign',
    '\r': 'Carriage Return',
    \ufb33: 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '😀': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    ö: 'Latin Small Letter O With Diaeresis',
  });
  const expected =
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis",' +
    '"€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}';
  assert.equal(written.ok && written.value, expected);
});

test('the example of RFC 8785 section 3.2.2 is written without spaces and with the fewest escapes', () => {
  const written = canonicalJson({
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '€$\u000f\nA\'B"\\\\"/',
    literals: [null, true, false],
  });
  const expected =
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
    '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}';
  assert.equal(written.ok && written.value, expected);
});

test('what has no canonical form is a fault and never a guess', () => {
  let deep: JsonValue = 0;
  for (let level = 0; level < 65; level += 1) deep = [deep];
  const rows: readonly unknown[] = [Number.NaN, Infinity, '\ud800', { '\udc00': 1 }, new Date(0), [undefined], deep];
  for (const row of rows) assert.equal(canonicalJson(row as JsonValue).ok, false);
  assert.deepEqual(canonicalJson({ a: undefined, b: 1 }), { ok: true, value: '{"b":1}' });
});

test('what is read back and written again is the same text, whatever the order of the members was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const written = canonicalJson(value as JsonValue);
      if (!written.ok) return;
      assert.deepEqual(canonicalJson(JSON.parse(written.value)), written);
      assert.deepEqual(JSON.parse(written.value), JSON.parse(JSON.stringify(value)));
    }),
  );
});
