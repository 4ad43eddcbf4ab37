import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('hubble.log');
const { flows, answers, outcomes } = collectObservations('hubble', fixture);
const nineMs = Date.UTC(2026, 10, 27, 9);

test('every line says what became of it', () => {
  assert.deepEqual(outcomes, [
    ...Array.from({ length: 14 }, () => 'taken'),
    'repeated',
    'taken',
    'taken',
    'repeated',
    'taken',
    'repeated',
    'not_network',
    'no_data',
    'bad_number',
    'bad_time',
    'bad_fields',
    'other_format',
    'bad_json',
    'other_format',
  ]);
});

describe('packets', () => {
  test('the SYN counts the connection, of the workload that opened it', () => {
    assert.deepEqual(flows[0], {
      startMs: nineMs + 70,
      endMs: nineMs + 70,
      client: '10.0.1.13',
      user: '',
      service: 'payments/api',
      address: '203.0.113.60',
      name: '',
      nameKind: 'none',
      port: 443,
      protocol: 6,
      application: 'unknown',
      bytesUp: -1,
      bytesDown: -1,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'source',
      sampledOneIn: 1,
    });
  });

  test('a reply is of the same workload and end, and counts nothing', () => {
    assert.deepEqual(row(flows[1]), ['10.0.1.13', '203.0.113.60', 443, 'payments/api', 'source', 0, true]);
    assert.deepEqual(row(flows[2]), ['10.0.1.13', '203.0.113.60', 443, 'payments/api', 'source', 0, false]);
  });

  test('a drop is a denial, an audit would be one and is none', () => {
    assert.deepEqual([flows[3]?.address, flows[3]?.port, flows[3]?.isDenied], ['203.0.113.61', 25, true]);
    assert.deepEqual([flows[3]?.initiator, flows[3]?.connections], ['flags', 1]);
    assert.deepEqual([flows[4]?.address, flows[4]?.isDenied], ['203.0.113.62', false]);
  });

  test('ingress is the other end of the connection, for its replies too', () => {
    assert.deepEqual(row(flows[5]), ['10.0.1.13', '10.0.2.20', 5432, 'payments/api', 'destination', 1, false]);
    assert.deepEqual(row(flows[6]), ['10.0.1.13', '10.0.2.20', 5432, 'payments/api', 'destination', 0, true]);
  });

  test('a pod without a known workload is told by its own name', () => {
    assert.equal(flows[7]?.service, 'payments/job-6d9-abcde');
  });

  test('ICMP has no ports, IPv6 is read, and the older form without envelope too', () => {
    assert.deepEqual([flows[8]?.protocol, flows[8]?.port], [1, 0]);
    assert.equal(flows[9]?.address, '2001:db8:2::9');
    assert.deepEqual([flows[10]?.address, flows[10]?.connections], ['203.0.113.63', 0]);
  });

  test('where Hubble does not know the direction, the ports suggest it', () => {
    assert.deepEqual(row(flows[11]), ['10.0.1.13', '203.0.113.64', 443, 'payments/api', 'only', 0, true]);
    assert.equal(flows[11]?.initiator, 'ports');
  });
});

describe('names', () => {
  test('what the agent knows of an address is told as answers, for either direction', () => {
    assert.deepEqual(answers[0], {
      timeMs: nineMs + 70,
      client: '10.0.1.13',
      name: 'api.example.com',
      type: 'A',
      code: 'NOERROR',
      addresses: [{ address: '203.0.113.60', ttlSeconds: null }],
      aliases: [],
      isDenied: false,
      resolver: null,
      service: 'payments/api',
    });
    assert.deepEqual([answers[1]?.name, answers[1]?.client], ['api.example.com', '10.0.1.13']);
  });

  test('several names of one address stay several', () => {
    assert.deepEqual(
      answers.slice(2, 4).map(({ name, addresses }) => [name, addresses?.[0]?.address]),
      [
        ['a.example.net', '203.0.113.62'],
        ['b.example.net', '203.0.113.62'],
      ],
    );
    assert.deepEqual([answers[4]?.name, answers[4]?.type], ['six.example.org', 'AAAA']);
  });

  test('an answer seen by the DNS proxy has its addresses, TTL and chain', () => {
    assert.deepEqual(answers[5], {
      timeMs: nineMs + 70,
      client: '10.0.1.13',
      name: 'api.example.com.',
      type: 'A',
      code: 'NOERROR',
      addresses: [
        { address: '203.0.113.60', ttlSeconds: 120 },
        { address: '203.0.113.70', ttlSeconds: 120 },
      ],
      aliases: ['edge.example.net.'],
      isDenied: false,
      resolver: '10.0.0.10',
      service: 'payments/api',
    });
    assert.deepEqual([answers[6]?.code, answers[6]?.type, answers[6]?.addresses], ['NXDOMAIN', 'AAAA', []]);
  });

  test('a question that was refused is told, without an answer', () => {
    const refused = answers[7];
    assert.deepEqual(
      [refused?.name, refused?.isDenied, refused?.addresses, refused?.code, refused?.client, refused?.resolver],
      ['evil.example.net.', true, null, null, '10.0.1.13', '10.0.0.10'],
    );
  });

  test('an HTTP request names its connection and counts none', () => {
    const [seen, refused] = flows.filter(({ name }) => name === 'plain.example.com');
    assert.deepEqual(
      [seen?.address, seen?.port, seen?.nameKind, seen?.application, seen?.connections, seen?.isDenied],
      ['203.0.113.65', 80, 'host', 'http', 0, false],
    );
    assert.deepEqual([refused?.isDenied, refused?.service], [true, 'payments/api']);
  });
});

test('detection knows flows with a verdict', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'hubble');
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('hubble', fixture);
});

function row(flow: CollectedFlow | undefined): readonly unknown[] {
  assert.ok(flow !== undefined);
  const { client, address, port, service, vantage, connections, isReply } = flow;
  return [client, address, port, service, vantage, connections, isReply];
}
