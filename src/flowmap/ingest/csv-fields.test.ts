import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitCsv } from './csv-fields.ts';

/** Line, and its fields. */
const cases: readonly (readonly [string, readonly string[]])[] = [
  ['a,b,c', ['a', 'b', 'c']],
  ['', ['']],
  [',', ['', '']],
  ['a,', ['a', '']],
  [',a', ['', 'a']],
  ['"a","b"', ['a', 'b']],
  ['"a",', ['a', '']],
  ['"",x', ['', 'x']],
  ['"a, b",c', ['a, b', 'c']],
  ['"say ""hi""",x', ['say "hi"', 'x']],
  ['"say \\"hi\\"",x', ['say "hi"', 'x']],
  ['a "quoted" word,x', ['a "quoted" word', 'x']],
  // What stands between the closing quote and the separator is dropped.
  ['"a"b,c', ['a', 'c']],
  // A quote that never ends takes the rest.
  ['a,"b,c', ['a', 'b,c']],
  ['"', ['']],
  [' "a",b', [' "a"', 'b']],
];

test('a line is split as forwarders write it', () => {
  for (const [line, fields] of cases) assert.deepEqual(splitCsv(line), fields, line);
});

test('other separators are taken as they are', () => {
  assert.deepEqual(splitCsv('a\t"b\tc"\td', '\t'), ['a', 'b\tc', 'd']);
  assert.deepEqual(splitCsv('a;b,c', ';'), ['a', 'b,c']);
});

test('what is quoted as RFC 4180 wants is read back', () => {
  // A backslash before a quote is ambiguous: forwarders escape by it.
  const field = fc.string().filter((text) => !text.includes('\\'));
  fc.assert(
    fc.property(fc.array(field, { minLength: 1 }), (fields) => {
      const line = fields.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');
      assert.deepEqual(splitCsv(line), fields);
    }),
  );
});

test('fields without quotes are read back, and no line makes it throw', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[^,"]*$/), { minLength: 1 }), (fields) => {
      assert.deepEqual(splitCsv(fields.join(',')), fields);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[a,"\\]{0,40}$/), (line) => {
      assert.ok(splitCsv(line).length >= 1);
    }),
  );
});
