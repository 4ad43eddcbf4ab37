import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  fixtureNowMs,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('conntrack.log');
const { flows, outcomes } = collectObservations('conntrack', fixture);
const nineMs = Date.UTC(2026, 10, 27, 9);

test('every line says what became of it', () => {
  assert.deepEqual(outcomes, [
    ...Array.from({ length: 11 }, () => 'taken'),
    'repeated',
    'taken',
    'taken',
    'taken',
    'repeated',
    'taken',
    'header',
    'bad_number',
    'bad_number',
    'bad_fields',
    'taken',
    'other_format',
  ]);
});

describe('a listing', () => {
  test('has the original direction as who asked, both counts, and the present as its time', () => {
    assert.deepEqual(flows[0], {
      startMs: fixtureNowMs,
      endMs: fixtureNowMs,
      client: '10.8.0.18',
      user: '',
      service: '',
      address: '203.0.113.9',
      name: '',
      nameKind: 'none',
      port: 443,
      protocol: 6,
      application: 'unknown',
      bytesUp: 1200,
      bytesDown: 5400,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'only',
      sampledOneIn: 1,
    });
  });

  test('without accounting has no bytes, which is not zero', () => {
    assert.deepEqual(row(flows[1]), ['192.0.2.53', 53, 17, -1, -1]);
    assert.deepEqual(row(flows[2]), ['203.0.113.10', 25, 6, 180, 0]);
  });

  test('keeps what was dialled where NAT leads elsewhere', () => {
    assert.deepEqual(row(flows[3]), ['10.96.0.20', 80, 6, -1, -1]);
  });

  test('has protocols without ports, IPv6, and both forms of line', () => {
    assert.deepEqual(row(flows[4]), ['192.0.2.1', 0, 1, -1, -1]);
    assert.deepEqual(row(flows[5]), ['203.0.113.11', 8443, 6, -1, -1]);
    assert.deepEqual(row(flows[6]), ['2001:0db8:0009:0000:0000:0000:0000:0001', 443, 6, 500, 700]);
    assert.deepEqual(row(flows[7]), ['2001:db8:9::1', 0, 58, -1, -1]);
    assert.deepEqual(row(flows[8]), ['203.0.113.12', 0, 47, -1, -1]);
  });

  test('tells the age where the kernel keeps it', () => {
    assert.deepEqual([flows[9]?.startMs, flows[9]?.endMs], [fixtureNowMs - 90_000, fixtureNowMs]);
  });
});

describe('events', () => {
  test('a beginning counts the connection, its end the bytes', () => {
    const [begin, end] = flows.filter(({ address }) => address === '203.0.113.20');
    assert.deepEqual([begin?.connections, begin?.bytesUp, begin?.startMs], [1, -1, nineMs + 123]);
    assert.deepEqual([end?.connections, end?.bytesUp, end?.bytesDown], [0, 3000, 44000]);
    assert.deepEqual([end?.startMs, end?.endMs], [nineMs + 500, nineMs + 60_500]);
  });

  test('an end whose beginning was not seen counts the connection itself', () => {
    const [end] = flows.filter(({ address }) => address === '203.0.113.21');
    assert.deepEqual([end?.connections, end?.bytesUp, end?.startMs], [1, 200, nineMs + 51_000]);
  });

  test('an event without a time is of the present', () => {
    assert.equal(flows.find(({ address }) => address === '203.0.113.22')?.startMs, fixtureNowMs);
  });
});

test('detection knows the two tuples', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'conntrack');
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('conntrack', fixture);
});

function row(flow: CollectedFlow | undefined): readonly unknown[] {
  assert.ok(flow !== undefined);
  const { address, port, protocol, bytesUp, bytesDown } = flow;
  return [address, port, protocol, bytesUp, bytesDown];
}
