import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('azure-flow.log');
const { flows, outcomes } = collectObservations('azure-flow', fixture);
const nineMs = Date.UTC(2026, 10, 27, 9);

test('every record says what became of it', () => {
  assert.deepEqual(outcomes, [
    ...Array.from({ length: 20 }, () => 'taken'),
    'no_data',
    'bad_number',
    'bad_fields',
    'bad_time',
    'bad_number',
    'bad_fields',
    'other_format',
    'bad_json',
    'other_format',
  ]);
});

describe('VNet flow logs', () => {
  test('the begin of a flow is its connection and has no bytes yet', () => {
    assert.deepEqual(flows[0], {
      startMs: nineMs + 603,
      endMs: nineMs + 603,
      client: '10.4.0.4',
      user: '',
      service: '',
      address: '203.0.113.40',
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

  test('the end and what goes on add bytes in both directions and no connection', () => {
    assert.deepEqual(row(flows[1]), ['10.4.0.4', '203.0.113.40', 443, 2217, 41200, 0, false, 'source']);
    assert.deepEqual(row(flows[2]), ['10.4.0.4', '203.0.113.40', 443, 500, 600, 0, false, 'source']);
  });

  test('D is a denial, outward and inward, and so is what encryption demands', () => {
    assert.deepEqual(row(flows[3]), ['10.4.0.4', '203.0.113.41', 25, -1, -1, 1, true, 'source']);
    assert.deepEqual(row(flows[4]), ['198.51.100.8', '10.4.0.4', 22, -1, -1, 1, true, 'destination']);
    assert.equal(flows.find(({ address }) => address === '10.5.0.10')?.isDenied, true);
  });

  test('the source opened the flow at whichever end it is logged', () => {
    assert.deepEqual(row(flows[5]), ['10.4.0.4', '10.5.0.9', 1433, 1000, 2000, 0, false, 'source']);
    assert.deepEqual(row(flows[6]), ['10.4.0.4', '10.5.0.9', 1433, 1000, 2000, 0, false, 'destination']);
  });

  test('UDP, IPv6 and several rules in one record are read', () => {
    assert.deepEqual([flows[7]?.protocol, flows[7]?.port], [17, 53]);
    assert.deepEqual([flows[9]?.address, flows[9]?.bytesDown], ['2001:db8:5::9', 400]);
    const addresses = flows.map(({ address }) => address);
    assert.ok(addresses.includes('203.0.113.42') && addresses.includes('203.0.113.43'));
  });

  test('the log of one interface names the service of what it sends', () => {
    assert.equal(flows.find(({ bytesUp, vantage }) => bytesUp === 15 && vantage === 'source')?.service, 'checkout-nic');
    assert.equal(flows.find(({ bytesUp, vantage }) => bytesUp === 15 && vantage === 'destination')?.service, '');
  });

  test('a bad tuple rejects the record aloud and takes no other tuple with it', () => {
    assert.equal(flows.filter(({ bytesUp }) => bytesUp === 31).length, 1);
  });
});

describe('NSG flow logs', () => {
  const at = flows.findIndex(({ startMs }) => startMs === nineMs + 20_000);

  test('version 2 has states and bytes, with times in seconds', () => {
    assert.deepEqual(row(flows[at]), ['10.4.0.4', '203.0.113.40', 443, -1, -1, 1, false, 'source']);
    assert.deepEqual(row(flows[at + 1]), ['10.4.0.4', '203.0.113.40', 443, 16978, 14008, 0, false, 'source']);
    assert.deepEqual([flows[at + 2]?.protocol, flows[at + 2]?.bytesUp], [17, 66]);
    assert.deepEqual(row(flows[at + 3]), ['10.4.0.4', '203.0.113.45', 23, -1, -1, 1, true, 'source']);
  });

  test('version 1 has neither', () => {
    assert.deepEqual(row(flows[at + 4]), ['10.4.0.4', '203.0.113.40', 443, -1, -1, 1, false, 'source']);
    assert.deepEqual(row(flows[at + 5]), ['198.51.100.9', '10.4.0.4', 3389, -1, -1, 1, true, 'destination']);
  });
});

test('a whole file of records in one object and a flattened record are read', () => {
  const bytesTo = (address: string): number | undefined => flows.find((flow) => flow.address === address)?.bytesUp;
  assert.deepEqual(['203.0.113.46', '203.0.113.47', '203.0.113.48'].map(bytesTo), [21, 23, 25]);
});

test('detection knows the categories', () => {
  const [best, second] = scoresOf(fixture);
  assert.equal(best?.[0], 'azure-flow');
  assert.ok((second?.[1] ?? 0) < 0.2, `${second?.[0]} takes ${second?.[1]} of them`);
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('azure-flow', fixture);
});

function row(flow: CollectedFlow | undefined): readonly unknown[] {
  assert.ok(flow !== undefined);
  const { client, address, port, bytesUp, bytesDown, connections, isDenied, vantage } = flow;
  return [client, address, port, bytesUp, bytesDown, connections, isDenied, vantage];
}
