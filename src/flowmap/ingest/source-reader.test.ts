import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, testNowMs } from '../../../test/support/flow-batch.ts';
import { ObservationFold } from '../fold-observations.ts';
import { createLocalZone } from './local-zone.ts';
import { createSourceReader, maxRecordBytes, type ReadOrder, type SourceReader } from './source-reader.ts';

const encoder = new TextEncoder();

function createReader(
  order: Partial<ReadOrder> & { readonly ids?: readonly string[] } = {},
  maxRows = 1000,
): SourceReader {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const formats = (order.ids ?? ['squid']).map((id) => ({ id, grammar: null }));
  const made = createSourceReader(
    { formats, isPeeled: false, nesting: null, ...order },
    {
      zone: zone.value,
      nowMs: testNowMs,
      createFold: () => new ObservationFold({ nowMs: testNowMs, seed: 1, maxRows }),
    },
  );
  assert.ok(made.ok);
  return made.value;
}

const squid = (name: string): string =>
  `${at('10:00') / 1000}.000 12 10.0.0.5 TCP_TUNNEL/200 500 CONNECT ${name}:443 - HIER_DIRECT/203.0.113.10 -`;
const vpc = `2 123456789010 eni-0abc 10.0.0.7 203.0.113.7 40000 443 6 10 840 ${at('10:00') / 1000} ${at('10:01') / 1000} ACCEPT OK`;

describe('reading a source', () => {
  test('line ends of both kinds, blank lines, a mark at the head and a last line without end are no trouble', () => {
    const reader = createReader();
    reader.push(encoder.encode(`\uFEFF${squid('a.example')}\r\n\r\n\n${squid('b.example')}\n${squid('c.example')}`));
    assert.deepEqual([reader.tally.lines, reader.tally.taken, reader.position], [3, 3, 5]);
  });

  test('rejects are counted by reason with the number of their line, and three are kept, cut', () => {
    const reader = createReader();
    const lines = [squid('a.example'), '', ...Array.from({ length: 5 }, (_, i) => `junk ${i} ${'x'.repeat(300)}`)];
    reader.push(encoder.encode(lines.join('\n')));
    const [kind] = Object.values(reader.tally.rejects);
    assert.deepEqual([kind?.count, kind?.examples.map(({ line }) => line)], [5, [3, 4, 5]]);
    assert.equal(kind?.examples[0]?.text.length, 200);
  });

  test('what a later format takes, the first one need not', () => {
    const reader = createReader({ ids: ['squid', 'aws-vpc'] });
    reader.push(encoder.encode([squid('a.example'), vpc, 'neither', vpc].join('\n')));
    assert.equal(reader.tally.taken, 3);
    assert.deepEqual(
      [...reader.drain(true)].map(({ format, batch }) => [format, batch.flows.count]),
      [
        ['squid', 1],
        ['aws-vpc', 1],
      ],
    );
  });

  test('bytes that are no text are told as such', () => {
    const reader = createReader();
    reader.push(encoder.encode(`${squid('a.example')}\nab\u0000cd\n`));
    assert.deepEqual(Object.keys(reader.tally.rejects), ['binary']);
  });

  test('a record past the bound is not looked at', () => {
    const reader = createReader();
    const bytes = new Uint8Array(maxRecordBytes + 10).fill(0x61);
    bytes[bytes.length - 1] = 0x0a;
    reader.push(bytes);
    assert.deepEqual(reader.tally.rejects, { too_long: { count: 1, examples: [{ line: 1, text: '' }] } });
  });

  test('JSON over lines comes in pieces that end anywhere, and a cut end is told', () => {
    const reader = createReader({ ids: ['route53-resolver'], nesting: 1 });
    const record = JSON.stringify({
      version: '1.1',
      query_timestamp: new Date(at('10:00')).toISOString(),
      query_name: 'api.example.',
      query_type: 'A',
      query_class: 'IN',
      rcode: 'NOERROR',
      answers: [{ Rdata: '203.0.113.5', Type: 'A', Class: 'IN' }],
      srcaddr: '10.0.0.5',
      srcport: '1',
      transport: 'UDP',
      srcids: {},
    });
    const bytes = encoder.encode(`[${record},\n${record},${record.slice(0, 50)}`);
    for (let from = 0; from < bytes.length; from += 13) reader.push(bytes.slice(from, from + 13));
    reader.end();
    assert.deepEqual([reader.tally.taken, Object.keys(reader.tally.rejects)], [2, ['truncated']]);
  });

  test('drains what is full at once and the rest in the end, and empty batches never', () => {
    const reader = createReader({}, 2);
    reader.push(encoder.encode(`${squid('a.example')}\n`));
    assert.deepEqual([...reader.drain(false)], []);
    reader.push(encoder.encode(`${squid('b.example')}\n`));
    assert.equal([...reader.drain(false)].length, 1);
    assert.deepEqual([...reader.drain(true)], []);
    assert.deepEqual(reader.range(), { firstMs: at('10:00') - 12, lastMs: at('10:00') });
  });

  test('a batch that holds only declarations is one', () => {
    const fold = new ObservationFold({ nowMs: testNowMs, seed: 1 });
    const zone = createLocalZone('UTC');
    assert.ok(zone.ok);
    const made = createSourceReader(
      { formats: [{ id: 'squid', grammar: null }], isPeeled: false, nesting: null },
      { zone: zone.value, nowMs: testNowMs, createFold: () => fold },
    );
    assert.ok(made.ok);
    fold.declare({
      service: null,
      host: 'a.example',
      port: 443,
      scheme: null,
      file: 'f',
      line: 1,
      confidence: 'stated',
      key: null,
      schedule: null,
    });
    assert.deepEqual(
      [...made.value.drain(true)].map(({ batch }) => batch.declared.length),
      [1],
    );
  });

  test('envelopes are taken off where they are there', () => {
    const reader = createReader({ isPeeled: true });
    reader.push(encoder.encode(`<134>Nov 20 10:00:00 proxy ${squid('a.example')}\n`));
    assert.deepEqual([reader.tally.taken, reader.tally.rejects], [1, {}]);
  });

  test('a grammar that means nothing is refused before anything is read', () => {
    const zone = createLocalZone('UTC');
    assert.ok(zone.ok);
    const made = createSourceReader(
      { formats: [{ id: 'aws-vpc', grammar: 'srcaddr nonsense' }], isPeeled: false, nesting: null },
      { zone: zone.value, nowMs: testNowMs, createFold: () => new ObservationFold({ nowMs: testNowMs, seed: 1 }) },
    );
    assert.equal(made.ok ? '' : made.fault.code, 'grammar_invalid');
  });
});
