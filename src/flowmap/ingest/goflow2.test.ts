import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('goflow2.log');
const { flows, outcomes } = collectObservations('goflow2', fixture);
const nineMs = Date.UTC(2026, 10, 27, 9);

test('every line says what became of it', () => {
  assert.deepEqual(outcomes, [
    ...Array.from({ length: 17 }, () => 'taken'),
    'bad_number',
    'bad_number',
    'bad_number',
    'bad_fields',
    'bad_time',
    'other_format',
    'bad_json',
    'other_format',
  ]);
});

test('a flow has its own start and end, and its direction becomes bytes up', () => {
  assert.deepEqual(flows[0], {
    startMs: nineMs + 5,
    endMs: nineMs + 30_000,
    client: '10.9.0.5',
    user: '',
    service: '',
    address: '203.0.113.50',
    name: '',
    nameKind: 'none',
    port: 443,
    protocol: 6,
    application: 'unknown',
    bytesUp: 1500,
    bytesDown: -1,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'ports',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('flags of a whole flow prove nothing where SYN stands with ACK: the way back is found by the ports', () => {
  assert.deepEqual(row(flows[1]), ['10.9.0.5', '203.0.113.50', 443, -1, 64000, 0, true, 'ports']);
});

test('a SYN that nothing followed proves who opened, against the ports too', () => {
  assert.deepEqual(row(flows[2]), ['10.9.0.5', '203.0.113.51', 8443, 60, -1, 1, false, 'flags']);
  assert.deepEqual(row(flows[4]), ['10.9.0.5', '203.0.113.53', 50003, 60, -1, 1, false, 'flags']);
});

test('a flow without a SYN was counted before, and one without flags counts', () => {
  assert.deepEqual(row(flows[3]), ['10.9.0.5', '203.0.113.52', 443, 700, -1, 0, false, 'ports']);
  assert.deepEqual(row(flows[14]), ['10.9.0.5', '203.0.113.57', 3306, -1, 5000, 0, true, 'ports']);
});

test('protocols come as name or number, and those without ports have none', () => {
  assert.deepEqual(
    [flows[5], flows[6], flows[7], flows[11], flows[12], flows[16]].map((flow) => [flow?.protocol, flow?.port]),
    [
      [17, 53],
      [1, 0],
      [6, 443],
      [6, 443],
      [17, 53],
      [47, 0],
    ],
  );
});

test('one sampled packet stands for as many as the rate, in bytes and in connections that it opens', () => {
  assert.deepEqual(row(flows[8]), ['10.9.0.5', '203.0.113.54', 443, 1_500_000, -1, 1000, false, 'flags']);
  assert.deepEqual(row(flows[9]), ['10.9.0.5', '203.0.113.54', 443, -1, 1_400_000, 0, true, 'flags']);
  assert.deepEqual(row(flows[10]), ['10.9.0.5', '203.0.113.54', 443, 1_400_000, -1, 0, false, 'ports']);
  assert.deepEqual([flows[8]?.sampledOneIn, flows[8]?.startMs], [1000, nineMs + 40_000]);
});

test('a sampled flow record is one connection whose bytes are multiplied', () => {
  assert.deepEqual([flows[11]?.bytesUp, flows[11]?.connections, flows[11]?.sampledOneIn], [10_000, 1, 100]);
});

test('no bytes are zero bytes where the record says so', () => {
  assert.equal(flows[13]?.bytesUp, 0);
});

test('detection knows the keys', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'goflow2');
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('goflow2', fixture);
});

function row(flow: CollectedFlow | undefined): readonly unknown[] {
  assert.ok(flow !== undefined);
  const { client, address, port, bytesUp, bytesDown, connections, isReply, initiator } = flow;
  return [client, address, port, bytesUp, bytesDown, connections, isReply, initiator];
}
