import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { testNowMs } from '../../../test/support/flow-batch.ts';
import { ObservationFold } from '../fold-observations.ts';
import { awsTgwFormat } from './aws-tgw.ts';
import { awsVpcFormat } from './aws-vpc.ts';
import { createLocalZone } from './local-zone.ts';
import type { LineParser, LogFormat } from './log-format.ts';
import { SourceReader } from './source-reader.ts';

const startSeconds = testNowMs / 1000 - 3600;
const usual = [
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status',
  'pkt-srcaddr pkt-dstaddr srcaddr dstaddr srcport dstport protocol bytes start end tcp-flags flow-direction instance-id action',
  'srcaddr dstaddr pkt-src-aws-service start',
  'start end dstaddr srcaddr bytes ecs-service-name dstport srcport protocol packets-lost-no-route packets',
];
const values: Readonly<Record<string, readonly string[]>> = {
  address: ['10.0.0.7', '203.0.113.7', '192.0.2.255', '1.2.3.4', '0.0.0.0', '2001:db8::7', '-'],
  port: ['443', '40000', '0', '65535', '53'],
  number: ['840', '6', '17', '0', '2', '18', '4294967296', '999999999999999'],
  time: [startSeconds, startSeconds + 60, startSeconds + 301].map(String),
  word: ['ACCEPT', 'REJECT', 'ingress', 'egress', 'S3', 'eni-0abc', 'OK', 'NODATA', '-'],
};
/** What may stand in the place of any field. */
const odd: readonly string[] = [
  '',
  '-',
  '007',
  '65536',
  '9999999999999999',
  '1e3',
  '-1',
  '+5',
  '"443"',
  '443"',
  '256.0.0.1',
  '1.2.3',
  '1.2.3.4.',
  '1.2.3.4.5',
  '.1.2.3.4',
  '1..2.3',
  '01.2.3.4',
  '1.2.3.04',
  '1234.1.1.1',
  '10.0.0.7\u0000',
  '10.0.0.7\t',
  '10.0.0.7é',
  '::',
  'fe80::1%eth0',
  'srcaddr',
  'zz',
  '99999999999',
];

function fieldOf(name: string): fc.Arbitrary<string> {
  const kind = name.endsWith('addr')
    ? 'address'
    : name.endsWith('port')
      ? 'port'
      : name === 'start' || name === 'end'
        ? 'time'
        : /^(?:protocol|packets|bytes|tcp|version)/.test(name)
          ? 'number'
          : 'word';
  return fc.oneof(
    { arbitrary: fc.constantFrom(...(values[kind] ?? [])), weight: 40 },
    { arbitrary: fc.constantFrom(...odd), weight: 1 },
  );
}

const lineEnd = fc.oneof(
  { arbitrary: fc.constant('\n'), weight: 20 },
  { arbitrary: fc.constantFrom('\r\n', ' \n', '"\n', '\n\n', ' extra\n', '\t\n'), weight: 1 },
);
const lineStart = fc.oneof(
  { arbitrary: fc.constant(''), weight: 30 },
  { arbitrary: fc.constantFrom('\uFEFF', ' ', '"', '2026-11-28T11:00:00.000Z ', '\u0000'), weight: 1 },
);

/** A part of a log: a header, perhaps between other signs, and rows below it, most of them as they should be. */
const logPart = fc.constantFrom(...usual).chain((header) =>
  fc.constantFrom(' ', ' ', ' ', '\t', ',').chain((separator) => {
    const row = fc
      .tuple(lineStart, fc.tuple(...header.split(' ').map(fieldOf)), lineEnd)
      .map(([start, fields, end]) => `${start}${fields.join(separator)}${end}`);
    return fc.array(row, { maxLength: 12 }).map((rows) => `${header.replaceAll(' ', separator)}\n${rows.join('')}`);
  }),
);
const log = fc.tuple(
  fc.array(logPart, { minLength: 1, maxLength: 3 }).map((parts) => new TextEncoder().encode(parts.join(''))),
  fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 2 }),
  fc.nat(),
);

/** Everything that a reader makes of some pieces. */
function read(parser: LineParser, pieces: readonly Uint8Array[]): unknown {
  const fold = new ObservationFold({ nowMs: testNowMs, seed: 7 });
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const order = { formats: [], isPeeled: false, nesting: null };
  const reader = new SourceReader(order, [{ id: 'x', parser, fold }], { zone: zone.value, nowMs: testNowMs });
  for (const piece of pieces) reader.push(piece);
  reader.end();
  return { tally: reader.tally, position: reader.position, range: reader.range(), batches: [...reader.drain(true)] };
}

function parserOf(format: LogFormat): LineParser {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const parser = format.createParser({ grammar: null, zone: zone.value, nowMs: testNowMs });
  assert.ok(parser.ok);
  return parser.value;
}

/** The same parser without its quick way. */
function slowOf(format: LogFormat): LineParser {
  const parser = parserOf(format);
  return { parse: (line, sink) => parser.parse(line, sink) };
}

describe('rows that are taken in one pass', () => {
  for (const format of [awsVpcFormat, awsTgwFormat]) {
    test(`${format.id}: whatever rows look like, the quick way and the slow one make the same of them`, () => {
      let quick = 0;
      fc.assert(
        fc.property(log, ([bytes, change, cut]) => {
          if (change !== null) bytes[change[0] % bytes.length] = change[1];
          // Pieces end at line ends.
          const at = bytes.indexOf(0x0a, cut % bytes.length) + 1;
          const pieces = [bytes.subarray(0, at), bytes.subarray(at)];
          const parser = parserOf(format);
          const counted: LineParser = {
            parse: (line, sink) => parser.parse(line, sink),
            takePlain: (piece, start, sink) => {
              const next = parser.takePlain?.(piece, start, sink) ?? -1;
              if (next > 0) quick += 1;
              return next;
            },
          };
          assert.deepEqual(read(counted, pieces), read(slowOf(format), pieces));
        }),
        { numRuns: 400 },
      );
      assert.ok(quick > 500, `${quick} rows were taken in one pass, which proves little`);
    });
  }

  test('a byte order mark before a row belongs to no field of it', () => {
    const header = 'pkt-srcaddr dstaddr srcport dstport protocol bytes start end\n';
    const row = `10.0.0.7 203.0.113.7 40000 443 6 840 ${startSeconds} ${startSeconds}\n`;
    const bytes = new TextEncoder().encode(`${header}${row}\ufeff${row}${row}`);
    const quick = read(parserOf(awsVpcFormat), [bytes]);
    assert.ok(!JSON.stringify(quick).includes('\ufeff'));
    assert.deepEqual(quick, read(slowOf(awsVpcFormat), [bytes]));
  });

  test('what is not plain is left alone, and nothing of it is counted', () => {
    const row = (over: Partial<Record<number, string>> = {}): string => {
      const fields = `2 1 eni-0 10.0.0.7 203.0.113.7 40000 443 6 1 840 ${startSeconds} ${startSeconds} ACCEPT OK`.split(
        ' ',
      );
      return `${fields.map((field, index) => over[index] ?? field).join(' ')}\n`;
    };
    const parser = parserOf(awsVpcFormat);
    const take = (text: string): number => {
      const fold = new ObservationFold({ nowMs: testNowMs, seed: 7 });
      const next = parser.takePlain?.(new TextEncoder().encode(text), 0, fold) ?? 0;
      assert.equal(fold.drain().flows.count, next > 0 ? 1 : 0, text);
      return next;
    };
    assert.equal(take(row()), row().length);
    assert.equal(take(row({ 3: '2001:db8::7' })), row({ 3: '2001:db8::7' }).length, 'IPv6 is plain too');
    for (const text of [
      row({ 13: 'OK more' }),
      row({ 13: 'OK\r' }),
      row({ 13: 'OK"' }),
      row({ 5: '-' }),
      row({ 5: '65536' }),
      row({ 9: '9999999999999999' }),
      row({ 3: '-' }),
      row({ 3: 'srcaddr' }),
      row({ 10: '' }),
      row({ 2: 'x'.repeat(70_000) }),
    ]) {
      assert.equal(take(text), -1, text.slice(0, 200));
    }
  });
});
