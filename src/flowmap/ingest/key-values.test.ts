import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCef, parseKeyValues } from './key-values.ts';

/** Text, separator, and its pairs. */
const pairs: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ['srcip=192.0.2.7 dstport=443', ' ', { srcip: '192.0.2.7', dstport: '443' }],
  ['user="Jane Doe" action=accept', ' ', { user: 'Jane Doe', action: 'accept' }],
  ['msg="say \\"hi\\" to C:\\\\" n=1', ' ', { msg: 'say "hi" to C:\\', n: '1' }],
  ['path="C:\\temp" n=1', ' ', { path: 'C:\\temp', n: '1' }],
  ['empty= next=1 quoted="" last=', ' ', { empty: '', next: '1', quoted: '', last: '' }],
  ['url=http://example.com/?a=b n=1', ' ', { url: 'http://example.com/?a=b', n: '1' }],
  ['<134> prefix text a=1', ' ', { a: '1' }],
  ['a=1 a=2', ' ', { a: '2' }],
  ['a=1,b="x,y",c=3', ',', { a: '1', b: 'x,y', c: '3' }],
  ['a=1, b=2', ',', { a: '1', b: '2' }],
  ['a=1\tb=two words\tc=3', '\t', { a: '1', b: 'two words', c: '3' }],
  ['a="never closed b=2', ' ', { a: 'never closed b=2' }],
  ['=1 b=2', ' ', { b: '2' }],
  ['no pairs here', ' ', {}],
  ['', ' ', {}],
];

test('pairs are read with and without quotes', () => {
  for (const [text, separator, expected] of pairs) {
    assert.deepEqual(Object.fromEntries(parseKeyValues(text, separator)), expected, text);
  }
});

test('pairs that are written in quotes are read back', () => {
  const key = fc.stringMatching(/^[a-z_]{1,8}$/);
  const entries = fc.uniqueArray(fc.tuple(key, fc.string()), { selector: ([name]) => name });
  fc.assert(
    fc.property(entries, (list) => {
      const text = list.map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`).join(' ');
      assert.deepEqual([...parseKeyValues(text)], list);
    }),
  );
});

test('the header of CEF is split at bars that are not escaped, wherever it starts', () => {
  const record = parseCef('<13>Nov 27 10:00:00 fw CEF:0|Ven\\|dor|Pro\\\\duct|1.0|sig|A | B|5|src=192.0.2.7');
  // A bar that is not escaped ends the name early: what follows is severity and extension.
  assert.deepEqual(record && [record.vendor, record.product, record.version, record.signature, record.name], [
    'Ven|dor',
    'Pro\\duct',
    '1.0',
    'sig',
    'A ',
  ]);
  const clean = parseCef('CEF:0|Vendor|Product|1.0|sig|Name|5|src=192.0.2.7 dst=198.51.100.9');
  assert.deepEqual(clean && Object.fromEntries(clean.extension), { src: '192.0.2.7', dst: '198.51.100.9' });
});

test('a line without a whole header is no CEF', () => {
  for (const text of ['', 'LEEF:1.0|a|b|c|d|', 'CEF:0|a|b|c', 'CEF:0|a|b|c|d|e|5'])
    assert.equal(parseCef(text), null, text);
});

/** Extension, and its pairs. */
const extensions: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['msg=two words src=192.0.2.7', { msg: 'two words', src: '192.0.2.7' }],
  ['request=https://example.com/?a\\=b&c\\=d act=allow', { request: 'https://example.com/?a=b&c=d', act: 'allow' }],
  ['msg=a\\|b cs1=x', { msg: 'a|b', cs1: 'x' }],
  // The second backslash belongs to the first, and makes no line end of the letter behind.
  ['filePath=C:\\\\new\\\\red act=x', { filePath: 'C:\\new\\red', act: 'x' }],
  ['msg=one\\ntwo\\r\\nthree', { msg: 'one\ntwo\r\nthree' }],
  ['msg=C:\\temp', { msg: 'C:\\temp' }],
  ['cs1Label=Rule cs1=Allow all  cs2=', { cs1Label: 'Rule', cs1: 'Allow all', cs2: '' }],
  ['ad.field[0]=x c6a2=2001:db8::1', { 'ad.field[0]': 'x', c6a2: '2001:db8::1' }],
  ['a=1 a=2', { a: '2' }],
  ['', {}],
];

test('the extension of CEF is undone of its escapes', () => {
  for (const [text, expected] of extensions) {
    const record = parseCef(`CEF:0|v|p|1|s|n|5|${text}`);
    assert.deepEqual(record && Object.fromEntries(record.extension), expected, text);
  }
});

test('what is escaped as the format wants is read back', () => {
  const key = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/);
  // Blanks at the ends of a value are not told from those between pairs.
  const value = fc.string().map((text) => text.trim());
  const entries = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name });
  fc.assert(
    fc.property(entries, (list) => {
      const escaped = list.map(([name, text]) => `${name}=${text.replace(/[\\=]/g, '\\$&').replace(/\n/g, '\\n')}`);
      const record = parseCef(`CEF:0|v|p|1|s|n|5|${escaped.join(' ')}`);
      assert.deepEqual(record && [...record.extension], list);
    }),
  );
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.stringMatching(/^[a= "\\|]{0,40}$/), (a, b) => {
      for (const text of [a, b, `CEF:0|${a}|${b}`, `CEF:0|v|p|1|s|n|5|${b}`]) {
        parseKeyValues(text);
        parseCef(text);
      }
    }),
  );
});
