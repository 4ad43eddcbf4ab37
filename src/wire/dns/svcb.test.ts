import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dnsBytes, mutatedBytes } from '../../../test/support/dns-messages.ts';
import { readSvcb, rewriteSvcb, type SvcbRewrite, svcbKeys } from './svcb.ts';

type Param = readonly [number, readonly number[]];

const param = ([key, value]: Param): readonly number[] => [
  key >> 8,
  key & 0xff,
  value.length >> 8,
  value.length & 0xff,
  ...value,
];
const svcb = (priority: number, target: string, ...params: readonly Param[]): Uint8Array =>
  dnsBytes(0, priority, target, ...params.map(param));
const alpn = (...names: readonly string[]): Param => [1, names.flatMap((name) => [name.length, ...Buffer.from(name)])];
const mandatory = (...keys: readonly number[]): Param => [0, keys.flatMap((key) => [0, key])];
const noDefaultAlpn: Param = [2, []];
const port: Param = [3, [0x20, 0xfb]];
const ech: Param = [5, [1, 2, 3]];
const hints4 = (...last: readonly number[]): Param => [4, last.flatMap((byte) => [192, 0, 2, byte])];
const hints6 = (...last: readonly number[]): Param => [
  6,
  last.flatMap((byte) => [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), byte]),
];

// Addresses that end in 9 are not wanted.
const keepHint = (address: Uint8Array, family: 4 | 6): boolean =>
  address.length === (family === 4 ? 4 : 16) && address.at(-1) !== 9;
const strict: SvcbRewrite = { keepHint, stripEch: true, stripH3: true };
const lenient: SvcbRewrite = { keepHint: () => true, stripEch: false, stripH3: false };

test('a record is read into its parts', () => {
  assert.deepEqual(readSvcb(svcb(1, 'Svc.example', alpn('h2'), port)), {
    priority: 1,
    target: 'Svc.example',
    params: [
      { key: svcbKeys.alpn, value: dnsBytes(2, 0x68, 0x32) },
      { key: svcbKeys.port, value: dnsBytes(0x20, 0xfb) },
    ],
  });
  assert.deepEqual(readSvcb(svcb(0, 'other.example')), { priority: 0, target: 'other.example', params: [] });
});

test('what a client may see is left', () => {
  const rows: readonly (readonly [string, Uint8Array, Uint8Array | null])[] = [
    ['nothing to take', svcb(1, '', alpn('h2'), port), svcb(1, '', alpn('h2'), port)],
    ['ech goes', svcb(1, '', alpn('h2'), ech), svcb(1, '', alpn('h2'))],
    ['h3 goes', svcb(1, '', alpn('h3', 'h2')), svcb(1, '', alpn('h2'))],
    ['drafts of h3 go', svcb(1, '', alpn('h3-29', 'h2', 'h3x')), svcb(1, '', alpn('h2', 'h3x'))],
    ['h3 alone goes with its key', svcb(1, '', alpn('h3'), port), svcb(1, '', port)],
    ['h3 alone without a default leaves nothing', svcb(1, '', alpn('h3'), noDefaultAlpn), null],
    [
      'no default stays beside h2',
      svcb(1, '', alpn('h3', 'h2'), noDefaultAlpn),
      svcb(1, '', alpn('h2'), noDefaultAlpn),
    ],
    ['hints are judged', svcb(1, '', hints4(1, 9, 2), hints6(9, 3)), svcb(1, '', hints4(1, 2), hints6(3))],
    ['hints without one left go', svcb(1, '', hints4(9), hints6(9, 9)), svcb(1, '')],
    [
      'what went is not mandatory',
      svcb(1, '', mandatory(1, 4, 5), alpn('h2'), hints4(9), ech),
      svcb(1, '', mandatory(1), alpn('h2')),
    ],
    ['nothing is mandatory any more', svcb(1, '', mandatory(5), ech), svcb(1, '')],
    ['unknown keys stay', svcb(1, 'a.example', [65_280, [7]]), svcb(1, 'a.example', [65_280, [7]])],
    ['an alias has no parameters', svcb(0, 'a.example', ech), svcb(0, 'a.example')],
    ['an alias is not judged by what it must not have', dnsBytes(0, 0, 'a.example', 1, 2, 3), svcb(0, 'a.example')],
  ];
  for (const [what, data, expected] of rows) assert.deepEqual(rewriteSvcb(data, strict), expected, what);
});

test('each thing is taken only when it is asked for', () => {
  const data = svcb(1, '', alpn('h3'), noDefaultAlpn, hints4(9), ech);
  assert.deepEqual(rewriteSvcb(data, lenient), data);
  assert.deepEqual(
    rewriteSvcb(data, { ...lenient, stripEch: true }),
    svcb(1, '', alpn('h3'), noDefaultAlpn, hints4(9)),
  );
});

test('malformed records are none', () => {
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', dnsBytes()],
    ['no target', dnsBytes(0, 1)],
    ['a target without an end', dnsBytes(0, 1, 1, 0x61)],
    ['a compressed target', dnsBytes(0, 1, 0xc0, 12)],
    ['half of a parameter', dnsBytes(0, 1, 0, 0, 1, 0)],
    ['a value past the end', dnsBytes(0, 1, 0, 0, 9, 0, 2, 1)],
    ['a key twice', svcb(1, '', port, port)],
    ['keys that fall', svcb(1, '', port, alpn('h2'))],
    ['no protocol', svcb(1, '', [1, []])],
    ['an empty protocol', svcb(1, '', [1, [0]])],
    ['a protocol past the end', svcb(1, '', [1, [3, 0x68, 0x32]])],
    ['no default with a value', svcb(1, '', alpn('h2'), [2, [0]])],
    ['no default without alpn', svcb(1, '', noDefaultAlpn)],
    ['a port of one byte', svcb(1, '', [3, [1]])],
    ['no hint', svcb(1, '', [4, []])],
    ['a hint of five bytes', svcb(1, '', [4, [1, 2, 3, 4, 5]])],
    ['a hint of family 6 with four', svcb(1, '', [6, [1, 2, 3, 4]])],
    ['an empty mandatory list', svcb(1, '', [0, []])],
    ['a mandatory list of three bytes', svcb(1, '', [0, [0, 3, 0]], port)],
    ['a mandatory list of itself', svcb(1, '', mandatory(0))],
    ['mandatory keys twice', svcb(1, '', mandatory(3, 3), port)],
    ['a mandatory key that is missing', svcb(1, '', mandatory(3))],
  ];
  for (const [what, data] of rows) assert.deepEqual([readSvcb(data), rewriteSvcb(data, strict)], [null, null], what);
});

test('broken records never throw, and what is left is a record in which nothing else is to be taken', () => {
  const whole = svcb(1, 'a.example', mandatory(1, 4), alpn('h2', 'h3'), port, hints4(1, 9), ech, hints6(1, 9));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutatedBytes(fc.constant(whole))), (data) => {
      const left = rewriteSvcb(data, strict);
      if (left === null) return;
      assert.ok(left.length <= data.length);
      assert.deepEqual(rewriteSvcb(left, strict), left);
    }),
    { numRuns: 1000 },
  );
});
