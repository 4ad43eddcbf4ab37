import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('gcp.log');
const { flows, answers, outcomes } = collectObservations('gcp', fixture);
const nineMs = Date.UTC(2026, 10, 27, 9);

test('every entry says what became of it', () => {
  assert.deepEqual(outcomes, [
    ...Array.from({ length: 11 }, () => 'taken'),
    'bad_number',
    'bad_time',
    'bad_number',
    'bad_fields',
    ...Array.from({ length: 4 }, () => 'taken'),
    ...Array.from({ length: 6 }, () => 'taken'),
    'inbound',
    'taken',
    'bad_fields',
    'not_network',
    'taken',
    'bad_json',
    'other_format',
  ]);
});

describe('VPC flows', () => {
  test('a flow from its source has bytes up, times to the millisecond, and is sampled', () => {
    assert.deepEqual(flows[0], {
      startMs: nineMs + 186,
      endMs: nineMs + 5_900,
      client: '10.10.0.4',
      user: '',
      service: 'checkout-1',
      address: '203.0.113.12',
      name: '',
      nameKind: 'none',
      port: 443,
      protocol: 6,
      application: 'unknown',
      bytesUp: 1776,
      bytesDown: -1,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'ports',
      vantage: 'source',
      sampledOneIn: 30,
    });
  });

  test('what comes back is seen at the same end, and is bytes down', () => {
    assert.deepEqual(sides(flows[1]), ['10.10.0.4', '203.0.113.12', 443, -1, 42000, true, 'source', 'checkout-1']);
    assert.equal(flows[1]?.connections, 0);
  });

  test('traffic between machines is told at both ends, and the vantage tells which', () => {
    assert.deepEqual(sides(flows[2]), ['10.10.0.4', '10.10.0.9', 8080, 500, -1, false, 'source', 'checkout-1']);
    assert.deepEqual(sides(flows[3]), ['10.10.0.4', '10.10.0.9', 8080, 500, -1, false, 'destination', 'checkout-1']);
    assert.deepEqual(sides(flows[4]), ['10.10.0.4', '10.10.0.9', 8080, -1, 900, true, 'destination', 'checkout-1']);
  });

  test('in GKE the service is the workload, or the pod where there is none', () => {
    assert.equal(flows[5]?.service, 'payments/pay');
    assert.equal(flows[6]?.service, 'batch/job-x1');
  });

  test('protocols without ports, IPv6 and gateways are read', () => {
    assert.deepEqual([flows[8]?.protocol, flows[8]?.port], [1, 0]);
    assert.deepEqual([flows[9]?.address, flows[9]?.bytesUp], ['2001:db8:20::1', 1200]);
    assert.deepEqual([flows[10]?.address, flows[10]?.vantage], ['192.168.7.7', 'source']);
  });

  test('a payload without its LogEntry is read too', () => {
    assert.deepEqual([flows.at(-1)?.address, flows.at(-1)?.startMs], ['203.0.113.14', nineMs]);
  });
});

describe('firewall rules logging', () => {
  test('a refusal outward is a denial of the service, whatever the ports', () => {
    assert.deepEqual(sides(flows[11]), ['10.10.0.4', '203.0.113.66', 25, -1, -1, false, 'source', 'checkout-1']);
    assert.deepEqual(
      [flows[11]?.isDenied, flows[11]?.initiator, flows[11]?.startMs],
      [true, 'stated', nineMs + 600_500],
    );
    assert.deepEqual(sides(flows[14]), ['10.10.0.4', '203.0.113.67', 51003, -1, -1, false, 'source', 'checkout-1']);
    assert.equal(flows[12]?.isDenied, false);
  });

  test('inward the machine of the rule is the destination', () => {
    assert.deepEqual(sides(flows[13]), ['10.10.0.9', '10.10.0.4', 8080, -1, -1, false, 'destination', 'stock-1']);
  });
});

describe('Cloud DNS queries', () => {
  test('an answer has its addresses with TTL and its chain of names', () => {
    assert.deepEqual(answers[0], {
      timeMs: nineMs - 250,
      client: '10.10.0.4',
      name: 'api.example.com.',
      type: 'A',
      code: 'NOERROR',
      addresses: [
        { address: '203.0.113.12', ttlSeconds: 60 },
        { address: '203.0.113.13', ttlSeconds: 60 },
      ],
      aliases: ['edge.example.net.'],
      isDenied: false,
      resolver: null,
      service: 'checkout-1',
    });
    assert.deepEqual(answers[1]?.addresses, [{ address: '2001:db8:20::1', ttlSeconds: 300 }]);
  });

  test('of an answer that was cut the whole addresses count, and the cut one does not', () => {
    assert.deepEqual(
      answers[2]?.addresses?.map(({ address }) => address),
      ['198.51.100.1', '198.51.100.2'],
    );
  });

  test('an answer that was cut before its first address is unknown, not empty', () => {
    assert.deepEqual([answers[3]?.addresses, answers[3]?.aliases], [null, []]);
  });

  test('no answer is an empty one', () => {
    assert.deepEqual([answers[4]?.code, answers[4]?.addresses], ['NXDOMAIN', []]);
    assert.deepEqual([answers[5]?.code, answers[5]?.addresses], ['NOERROR', []]);
  });

  test('structured answers are read, and the resolver where it is told', () => {
    assert.deepEqual(
      [answers[6]?.addresses, answers[6]?.resolver],
      [[{ address: '203.0.113.90', ttlSeconds: 120 }], '10.10.0.2'],
    );
  });
});

test('detection knows the entries by where they were written', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'gcp');
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('gcp', fixture);
});

function sides(flow: CollectedFlow | undefined): readonly unknown[] {
  assert.ok(flow !== undefined);
  const { client, address, port, bytesUp, bytesDown, isReply, vantage, service } = flow;
  return [client, address, port, bytesUp, bytesDown, isReply, vantage, service];
}
