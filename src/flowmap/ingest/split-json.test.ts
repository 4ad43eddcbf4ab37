import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type JsonNesting, JsonSplitter, jsonNestingOf } from './split-json.ts';

interface Split {
  readonly found: readonly string[];
  readonly tooLong: number;
  readonly isCut: boolean;
}

/** Splits a text that comes in pieces of a size. */
function split(
  nesting: JsonNesting,
  text: string,
  options: { readonly size?: number; readonly most?: number } = {},
): Split {
  const splitter = new JsonSplitter(nesting, options.most ?? 1000);
  const bytes = new TextEncoder().encode(text);
  const found: string[] = [];
  let tooLong = 0;
  const size = options.size ?? bytes.length;
  for (let at = 0; at < bytes.length; at += size) {
    splitter.push(bytes.slice(at, at + size), {
      found: (piece, start, end) => void found.push(new TextDecoder().decode(piece.subarray(start, end))),
      tooLong: () => {
        tooLong += 1;
      },
    });
  }
  return { found, tooLong, isCut: splitter.isCut };
}

describe('how JSON lies in a source', () => {
  const cases: readonly (readonly [head: string, nesting: JsonNesting | null])[] = [
    ['{"a":1}\n{"a":2}\n', null],
    ['{"a":1}', null],
    ['[{"a":1},{"a":2}]', 1],
    [' [\n {"a":1}', 1],
    ['[]', 1],
    ['[1,2]', null],
    ['{"records":[{"a":1}]}', 2],
    ['\uFEFF{"Records": [ {', 2],
    ['{"messageType":"DATA_MESSAGE","subscriptionFilters":["a","b"],"logEvents":[{"id":"1"', 2],
    ['{\n  "a": 1\n}\n', 0],
    ['plain text', null],
    ['', null],
  ];
  for (const [head, nesting] of cases) {
    test(`${JSON.stringify(head)} is ${nesting}`, () => assert.equal(jsonNestingOf(head), nesting));
  }

  test('a head of blanks by the thousand is looked at once', () => {
    const startedAt = performance.now();
    jsonNestingOf(`{"a":["x"${' '.repeat(64 * 1024)}`);
    jsonNestingOf(`{${'"a":1,'.repeat(10_000)}`);
    assert.ok(performance.now() - startedAt < 500);
  });
});

describe('cutting JSON into records', () => {
  test('elements of a list, and of a list in an envelope, are records; what lies around is passed over', () => {
    assert.deepEqual(split(1, '[{"a":{"b":[{}]}}, {"c":"]}"}]').found, ['{"a":{"b":[{}]}}', '{"c":"]}"}']);
    assert.deepEqual(split(2, '{"meta":{"x":{}},"records":[{"a":1},{"b":2}]}\n{"records":[{"c":3}]}').found, [
      '{"a":1}',
      '{"b":2}',
      '{"c":3}',
    ]);
    assert.deepEqual(split(0, '{\n "a": 1\n}\n{\n "b": {"c": 2}\n}\n').found, [
      '{\n "a": 1\n}',
      '{\n "b": {"c": 2}\n}',
    ]);
  });

  test('brackets and escaped quotes in texts are text', () => {
    const record = JSON.stringify({ a: '}]"{[\\', b: '\\"' });
    assert.deepEqual(split(1, `[${record},${record}]`).found, [record, record]);
  });

  test('lines of JSON behind a list are records too', () => {
    assert.deepEqual(split(1, '[{"a":1}]\n{"b":{"c":2}}\n{"d":3}\n').found, ['{"a":1}', '{"b":{"c":2}}', '{"d":3}']);
  });

  test('a quote in a line of something else ends with its line', () => {
    assert.deepEqual(split(0, '{"a":1}\nsay "hello\n{"b":2}\n').found, ['{"a":1}', '{"b":2}']);
  });

  test('stray closing brackets hide nothing behind them', () => {
    assert.deepEqual(split(1, '[{"a":1}]]]}\n[{"b":2}]').found, ['{"a":1}', '{"b":2}']);
  });

  test('a cut in a record, in a text and between records is told, and a whole one is whole', () => {
    for (const text of ['[{"a":1},{"b', '[{"a":"x', '[{"a":1},', '[{"a":1}'])
      assert.equal(split(1, text).isCut, true, text);
    for (const text of ['[{"a":1}]', '[{"a":1}]\n', '[]', '']) assert.equal(split(1, text).isCut, false, text);
  });

  test('a record past the bound is told once and passed over, and the next one is found', () => {
    const long = `{"a":"${'x'.repeat(500)}"}`;
    for (const size of [1, 7, 64]) {
      const told = split(1, `[{"b":1},${long},{"c":2}]`, { size, most: 100 });
      assert.deepEqual(told, { found: ['{"b":1}', '{"c":2}'], tooLong: 1, isCut: false });
    }
  });

  test('the same records are found however the bytes come', () => {
    const record = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 });
    const nesting = fc.constantFrom<JsonNesting>(0, 1, 2);
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 5 }),
        nesting,
        fc.integer({ min: 1, max: 40 }),
        (records, depth, size) => {
          const texts = records.map((one) => JSON.stringify(one));
          const list = `[${texts.join(',\n')}]`;
          const text = depth === 0 ? texts.join('\n') : depth === 1 ? list : `{"v":"[{","records":${list}}`;
          assert.deepEqual(split(depth, text, { size, most: 1_000_000 }), { found: texts, tooLong: 0, isCut: false });
        },
      ),
      { numRuns: 300 },
    );
  });
});
