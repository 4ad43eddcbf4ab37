import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('aws-tgw.log');
const { flows, outcomes } = collectObservations('aws-tgw', fixture);
const nineMs = Date.UTC(2026, 10, 27, 9);

test('headers, rows, windows without data and broken rows are told apart', () => {
  assert.deepEqual(outcomes, [
    'header',
    ...Array.from({ length: 14 }, () => 'taken'),
    'no_data',
    'header',
    'bad_fields',
    'bad_number',
    'bad_number',
    'taken',
  ]);
});

test('a flow is seen as it enters the gateway and as it leaves', () => {
  assert.deepEqual(row(flows[0]), ['10.1.0.5', '10.2.0.9', 5432, 4200, -1, false, 'flags', 'source', 1]);
  assert.deepEqual(row(flows[1]), ['10.1.0.5', '10.2.0.9', 5432, 4200, -1, false, 'flags', 'destination', 1]);
  assert.deepEqual([flows[0]?.startMs, flows[0]?.endMs], [nineMs, nineMs + 60_000]);
});

test('flags of all packets together prove nothing where SYN stands with ACK', () => {
  assert.deepEqual(row(flows[2]), ['10.1.0.5', '10.2.0.9', 5432, -1, 90000, true, 'ports', 'destination', 0]);
  assert.deepEqual(row(flows[3]), ['10.1.0.5', '10.2.0.9', 5432, 4200, -1, false, 'ports', 'source', 1]);
  assert.deepEqual(row(flows[4]), ['10.1.0.5', '10.2.0.9', 5432, 4300, -1, false, 'ports', 'source', 0]);
});

test('a flow whose packets were all lost to routes was refused, one that lost some was not', () => {
  assert.deepEqual(
    flows.slice(5, 8).map(({ isDenied }) => isDenied),
    [true, true, false],
  );
});

test('the way back out of the gateway is the end of who asked', () => {
  assert.deepEqual(row(flows[9]), ['10.1.0.5', '203.0.113.30', 443, -1, 7800, true, 'ports', 'source', 0]);
});

test('fields that are `-` are unknown, not zero', () => {
  const last = flows.at(-1);
  assert.deepEqual([last?.port, last?.protocol, last?.bytesUp, last?.isDenied], [-1, 0, -1, false]);
});

test('detection takes the gateway for itself, and VPC flow logs keep out', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['aws-tgw'],
  );
  assert.ok(!scoresOf(readFixture('aws-vpc.log')).some(([id]) => id === 'aws-tgw'));
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('aws-tgw', fixture);
});

function row(flow: CollectedFlow | undefined): readonly unknown[] {
  assert.ok(flow !== undefined);
  const { client, address, port, bytesUp, bytesDown, isReply, initiator, vantage, connections } = flow;
  return [client, address, port, bytesUp, bytesDown, isReply, initiator, vantage, connections];
}
