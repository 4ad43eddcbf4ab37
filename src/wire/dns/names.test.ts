import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyName, dnsBytes, nameBytes } from '../../../test/support/dns-messages.ts';
import { isBelow, labelsOf, lowerName, readName, readPlainName, sameName, writeName } from './names.ts';

const header = new Array<number>(12).fill(0);

test('names have one text, whatever their bytes are', () => {
  const rows: readonly (readonly [string, readonly number[]])[] = [
    ['', [0]],
    ['example', [7, ...Buffer.from('example'), 0]],
    ['A.b', [1, 0x41, 1, 0x62, 0]],
    ['a\\.b.c', [3, 0x61, 0x2e, 0x62, 1, 0x63, 0]],
    ['\\\\', [1, 0x5c, 0]],
    ['\\000\\009\\032!~\\127\\255', [7, 0, 9, 0x20, 0x21, 0x7e, 0x7f, 0xff, 0]],
  ];
  for (const [text, bytes] of rows) {
    assert.deepEqual(readName(Uint8Array.from(bytes), 0), { text, end: bytes.length });
    assert.deepEqual(writeName(text), Uint8Array.from(bytes));
  }
});

test('other spellings of a name are written too', () => {
  const rows = [
    ['example.com.', 'example.com'],
    ['.', ''],
    ['\\e\\x\\097', 'exa'],
    ['a\\.b.', 'a\\.b'],
  ] as const;
  for (const [spelling, text] of rows) assert.deepEqual(writeName(spelling), writeName(text));
});

test('what is no name is not written', () => {
  const long = 'x'.repeat(63);
  assert.equal(writeName([long, long, long, 'y'.repeat(61)].join('.'))?.length, 255);
  const rows = [
    [long, long, long, 'y'.repeat(62)].join('.'),
    'x'.repeat(64),
    'a..b',
    '.a',
    '..',
    'a\\',
    'a\\25',
    'a\\256',
    'a\\2x5',
    'k\u212a',
    'x'.repeat(100_000),
  ];
  for (const row of rows) assert.equal(writeName(row), null, row.slice(0, 40));
});

test('pointers go strictly backwards', () => {
  const rows: readonly (readonly [string, readonly number[], number, { text: string; end: number } | null])[] = [
    ['to a name before', [1, 0x61, 0, 1, 0x62, 0xc0, 12], 15, { text: 'b.a', end: 19 }],
    ['to a pointer before', [1, 0x61, 0, 0xc0, 12, 1, 0x62, 0xc0, 15], 17, { text: 'b.a', end: 21 }],
    ['to the root inside of a name', [1, 0x61, 0, 0xc0, 14], 15, { text: '', end: 17 }],
    ['to itself', [0xc0, 12], 12, null],
    ['to its own label', [1, 0x61, 0xc0, 12], 12, null],
    ['forward', [0xc0, 14, 1, 0x61, 0], 12, null],
    ['each to the other', [0xc0, 14, 0xc0, 12], 14, null],
    ['into the header', [0xc0, 4], 12, null],
    ['past the end', [0xff, 0xff], 12, null],
    ['cut in the middle', [0xc0], 12, null],
    ['reserved label type 01', [0x41, 0x61, 0], 12, null],
    ['reserved label type 10', [0x81, 0x61, 0], 12, null],
    ['label past the end', [5, 0x61, 0x62], 12, null],
    ['no end', [1, 0x61], 12, null],
  ];
  for (const [what, bytes, start, expected] of rows) {
    assert.deepEqual(readName(dnsBytes(header, bytes), start), expected, what);
  }
});

test('a chain of pointers is followed only so far', () => {
  const chain = (pointers: number): Uint8Array => {
    const targets = Array.from({ length: pointers }, (_, index) => (index === 0 ? 12 : 14 + 2 * (index - 1)));
    return dnsBytes(header, [0, 0], ...targets.map((target) => [0xc0 + (target >> 8), target & 0xff]));
  };
  const short = chain(127);
  assert.deepEqual(readName(short, short.length - 2), { text: '', end: short.length });
  const long = chain(128);
  assert.equal(readName(long, long.length - 2), null);
});

test('pointers do not make a name longer than 255 bytes', () => {
  const long = 'x'.repeat(63);
  const rest = nameBytes([long, long, long].join('.'));
  const at = 12 + rest.length;
  assert.equal(
    readName(dnsBytes(header, rest, 61, nameBytes('y'.repeat(61)).subarray(1, 62), 0xc0, 12), at)?.end,
    at + 64,
  );
  assert.equal(readName(dnsBytes(header, rest, 62, nameBytes('y'.repeat(62)).subarray(1, 63), 0xc0, 12), at), null);
});

test('a plain name has no pointer', () => {
  assert.deepEqual(readPlainName(dnsBytes(9, 'a.example', 7), 1), { text: 'a.example', end: 12 });
  assert.equal(readPlainName(dnsBytes(header, 'a', 0xc0, 12), 15), null);
  assert.equal(readPlainName(dnsBytes(1, 0x61), 0), null);
  assert.equal(readPlainName(dnsBytes(), 0), null);
});

test('letters of ASCII have no case, all others have', () => {
  assert.equal(lowerName('AbC\\.Z.K\u00c0'), 'abc\\.z.k\u00c0');
  assert.equal(sameName('WWW.Example', 'www.eXample'), true);
  assert.equal(sameName('a.b', 'a\\.b'), false);
  assert.equal(sameName('k', '\u212a'), false);
});

test('a name is below a zone at the border of a label only', () => {
  const rows = [
    [true, 'example', ''],
    [true, '', ''],
    [true, 'example', 'EXAMPLE'],
    [true, 'a.b.Example', 'example'],
    [true, 'a\\\\.example', 'example'],
    [false, 'a\\.example', 'example'],
    [false, 'badexample', 'example'],
    [false, 'example', 'a.example'],
    [false, '', 'example'],
  ] as const;
  for (const [expected, name, zone] of rows) assert.equal(isBelow(name, zone), expected, `${name} below ${zone}`);
});

test('labels are split at the dots that are not part of one', () => {
  assert.deepEqual(labelsOf(''), []);
  assert.deepEqual(labelsOf('www.example.com'), ['www', 'example', 'com']);
  assert.deepEqual(labelsOf('a\\.b.c\\\\.d\\046e'), ['a\\.b', 'c\\\\', 'd\\046e']);
});

test('names come back as they were written', () => {
  fc.assert(
    fc.property(anyName, (text) => {
      const bytes = nameBytes(text);
      assert.deepEqual(readName(bytes, 0), { text, end: bytes.length });
      const labels = labelsOf(text);
      assert.equal(labels.join('.'), text);
      for (let at = 0; at <= labels.length; at++) assert.ok(isBelow(text, labels.slice(at).join('.')));
    }),
  );
});

test('bytes that are read as a name are written as the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, start) => {
      const read = readPlainName(bytes, start);
      if (read === null) return;
      assert.deepEqual(writeName(read.text), Uint8Array.from(bytes.subarray(start, read.end)));
    }),
  );
});
