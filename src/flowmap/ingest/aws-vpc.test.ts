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
import { createLocalZone, findLogFormat } from '../index.ts';

const nineMs = Date.UTC(2026, 10, 27, 9);

describe('VPC flow logs of the default format, without a header', () => {
  const { flows, outcomes } = collectObservations('aws-vpc', readFixture('aws-vpc.log'));

  test('every line says what became of it', () => {
    const none = (code: string): number => outcomes.filter((outcome) => outcome === code).length;
    assert.equal(none('taken'), 14);
    assert.equal(none('no_data'), 2);
    assert.equal(none('bad_number'), 3);
    assert.equal(none('bad_time'), 1);
    assert.equal(none('bad_fields'), 2);
    assert.equal(outcomes.length, 22);
  });

  test('the direction of a record becomes who asked whom, with bytes up', () => {
    assert.deepEqual(flows[0], {
      startMs: nineMs,
      endMs: nineMs + 58_000,
      client: '10.0.1.15',
      user: '',
      service: '',
      address: '203.0.113.10',
      name: '',
      nameKind: 'none',
      port: 443,
      protocol: 6,
      application: 'unknown',
      bytesUp: 2140,
      bytesDown: -1,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'ports',
      vantage: 'only',
      sampledOneIn: 1,
    });
  });

  test('the mirrored record is a reply: same sides, bytes down, no further connection', () => {
    assert.deepEqual(
      pick(flows[1], ['client', 'address', 'port', 'bytesUp', 'bytesDown', 'isReply', 'connections', 'initiator']),
      ['10.0.1.15', '203.0.113.10', 443, -1, 88420, true, 0, 'ports'],
    );
  });

  test('REJECT is a denial, outward and inward', () => {
    assert.deepEqual(pick(flows[2], ['client', 'address', 'port', 'isDenied']), [
      '10.0.1.15',
      '203.0.113.77',
      25,
      true,
    ]);
    assert.deepEqual(pick(flows[3], ['client', 'address', 'port', 'isDenied']), [
      '198.51.100.9',
      '10.0.1.15',
      22,
      true,
    ]);
    assert.equal(flows.filter(({ isDenied }) => isDenied).length, 2);
  });

  test('UDP, ICMP and IPv6 are read alike', () => {
    assert.deepEqual(pick(flows[5], ['client', 'address', 'port', 'protocol', 'isReply']), [
      '10.0.1.15',
      '192.0.2.53',
      53,
      17,
      true,
    ]);
    assert.deepEqual(pick(flows[6], ['address', 'port', 'protocol', 'isReply']), ['192.0.2.1', 0, 1, false]);
    assert.deepEqual(pick(flows[8], ['client', 'address', 'port', 'bytesDown']), [
      '2001:db8:1::15',
      '2001:db8:2::10',
      443,
      9000,
    ]);
  });

  test('with nothing to tell the sides apart the direction of the record stands', () => {
    assert.deepEqual(pick(flows[9], ['client', 'address', 'port', 'initiator']), [
      '10.0.1.15',
      '203.0.113.200',
      46000,
      'ports',
    ]);
  });

  test('bytes past 32 bits stay exact', () => {
    assert.equal(flows[10]?.bytesUp, 99_999_999_999);
  });

  test('what CloudWatch writes around a record is taken off', () => {
    const [tailed, quoted, blank] = flows.slice(-3);
    assert.deepEqual(pick(tailed, ['address', 'bytesUp', 'startMs']), ['203.0.113.11', 90, nineMs + 600_000]);
    assert.deepEqual(pick(quoted, ['address', 'bytesUp', 'startMs']), ['203.0.113.12', 91, nineMs + 600_000]);
    assert.deepEqual(pick(blank, ['address', 'bytesUp', 'startMs']), ['203.0.113.13', 92, nineMs + 600_000]);
  });

  test('detection knows the rows', () => {
    assert.equal(scoresOf(readFixture('aws-vpc.log'))[0]?.[0], 'aws-vpc');
  });
});

describe('VPC flow logs of a custom format, with headers', () => {
  const { flows, outcomes } = collectObservations('aws-vpc', readFixture('aws-vpc-custom.log'));

  test('headers are skipped wherever they stand, and one with other fields switches the columns', () => {
    assert.deepEqual(outcomes, [
      'header',
      ...Array.from({ length: 10 }, () => 'taken'),
      'header',
      'header',
      'taken',
      'no_data',
      'header',
      'taken',
      'bad_fields',
      'bad_number',
      'bad_number',
    ]);
    assert.deepEqual(pick(flows[10], ['client', 'address', 'port', 'bytesUp', 'service']), [
      '10.0.9.9',
      '203.0.113.21',
      443,
      77,
      '',
    ]);
    assert.deepEqual(pick(flows[11], ['client', 'address', 'bytesUp', 'service']), [
      '10.0.1.15',
      '203.0.113.10',
      11,
      'i-0123456789abcdef0',
    ]);
  });

  test('a SYN proves who opened, a SYN with ACK the contrary', () => {
    assert.deepEqual(pick(flows[0], ['port', 'bytesUp', 'isReply', 'initiator', 'connections', 'vantage']), [
      8443,
      2140,
      false,
      'flags',
      1,
      'source',
    ]);
    assert.deepEqual(pick(flows[1], ['client', 'address', 'port', 'bytesDown', 'isReply', 'initiator', 'vantage']), [
      '10.0.1.15',
      '203.0.113.10',
      8443,
      88420,
      true,
      'flags',
      'source',
    ]);
  });

  test('a later window of a connection counts bytes and no connection', () => {
    assert.deepEqual(pick(flows[2], ['bytesUp', 'connections', 'initiator']), [100, 0, 'ports']);
  });

  test('flags go before ports', () => {
    assert.deepEqual(pick(flows[3], ['client', 'port', 'initiator']), ['10.0.1.15', 443, 'flags']);
    assert.deepEqual(pick(flows[4], ['client', 'address', 'port', 'vantage', 'service']), [
      '198.51.100.7',
      '10.0.1.15',
      33000,
      'destination',
      '',
    ]);
  });

  test('behind NAT the addresses of the packet count, in both directions', () => {
    assert.deepEqual(pick(flows[5], ['client', 'address', 'port', 'bytesUp', 'vantage']), [
      '10.0.1.15',
      '203.0.113.44',
      443,
      700,
      'destination',
    ]);
    assert.deepEqual(pick(flows[6], ['client', 'address', 'port', 'bytesDown', 'isReply', 'vantage']), [
      '10.0.1.15',
      '203.0.113.44',
      443,
      9000,
      true,
      'destination',
    ]);
  });

  test('the service is the ECS service, else the family of the task, else the instance', () => {
    assert.deepEqual(pick(flows[7], ['client', 'service']), ['10.0.1.77', 'checkout']);
    assert.deepEqual(pick(flows[8], ['client', 'service']), ['10.0.1.15', 'nightly-report']);
    assert.deepEqual(pick(flows[0], ['service']), ['i-0123456789abcdef0']);
    assert.deepEqual(pick(flows[9], ['service', 'isDenied']), ['i-0123456789abcdef0', true]);
  });

  test('detection knows the header', () => {
    assert.equal(scoresOf(readFixture('aws-vpc-custom.log'))[0]?.[0], 'aws-vpc');
  });
});

test('a table of Athena is read by its column names, quoted or not, whatever their order', () => {
  const { flows, outcomes } = collectObservations('aws-vpc', readFixture('aws-vpc-athena.csv'));
  assert.deepEqual(outcomes, ['header', 'taken', 'taken', 'taken', 'no_data', 'taken']);
  const wanted = ['client', 'address', 'port', 'bytesUp', 'bytesDown', 'isDenied', 'initiator'] as const;
  assert.deepEqual(pick(flows[0], wanted), ['10.0.1.15', '203.0.113.10', 443, 840, -1, false, 'flags']);
  assert.deepEqual(pick(flows[1], wanted), ['10.0.1.15', '203.0.113.10', 443, -1, 9100, false, 'flags']);
  assert.deepEqual(pick(flows[2], wanted), ['10.0.1.15', '203.0.113.5', 23, 44, -1, true, 'flags']);
  assert.deepEqual(pick(flows[3], wanted), ['10.0.1.15', '203.0.113.6', 443, 55, -1, false, 'flags']);
  assert.equal(flows[3]?.startMs, nineMs + 199_000);
  assert.equal(scoresOf(readFixture('aws-vpc-athena.csv'))[0]?.[0], 'aws-vpc');
});

describe('a list of fields as grammar', () => {
  const row = '443 49152 203.0.113.10 10.0.1.15 800 1795770000';
  const flowOf = (grammar: string): CollectedFlow | undefined =>
    collectObservations('aws-vpc', row, { grammar }).flows[0];

  test('names may have hyphens or underscores, and the dress of create-flow-logs', () => {
    for (const grammar of [
      'srcport dstport srcaddr dstaddr bytes start',
      ['srcport', 'dstport', 'srcaddr', 'dstaddr', 'bytes', 'start'].map((name) => `\${${name}}`).join(' '),
      'SRCPORT DSTPORT pkt_srcaddr pkt_dstaddr bytes start',
    ]) {
      assert.deepEqual(
        pick(flowOf(grammar), ['client', 'address', 'port', 'bytesDown', 'startMs', 'endMs']),
        ['10.0.1.15', '203.0.113.10', 443, 800, nineMs, nineMs],
        grammar,
      );
    }
  });

  test('without a time a record has that of its envelope, or none', () => {
    const grammar = 'srcport dstport srcaddr dstaddr bytes -';
    assert.deepEqual(collectObservations('aws-vpc', row, { grammar }).outcomes, ['bad_time']);
    const wrapped = JSON.stringify({ timestamp: 1_795_770_000_000, message: row });
    assert.equal(collectObservations('aws-vpc', wrapped, { grammar }).flows[0]?.startMs, nineMs);
  });

  test('a column of no interest is `-`', () => {
    assert.equal(flowOf('srcport - srcaddr dstaddr bytes start')?.bytesUp, 800);
  });

  test('without flow-direction the instance is taken for the private side', () => {
    const grammar = 'srcaddr dstaddr srcport dstport instance-id start';
    const text = [
      '10.0.1.15 203.0.113.10 49152 443 i-0aa 1795770000',
      '203.0.113.10 172.20.1.15 443 49152 i-0ab 1795770000',
      '198.51.100.7 192.168.1.15 49152 443 i-0ac 1795770000',
      '10.0.1.15 10.0.1.16 49152 443 i-0ad 1795770000',
    ];
    const { flows } = collectObservations('aws-vpc', text.join('\n'), { grammar });
    assert.deepEqual(
      flows.map(({ client, service }) => [client, service]),
      [
        ['10.0.1.15', 'i-0aa'],
        ['172.20.1.15', 'i-0ab'],
        ['198.51.100.7', ''],
        ['10.0.1.15', ''],
      ],
    );
  });

  const faults: readonly (readonly [grammar: string, message: string])[] = [
    ['srcaddr dstadr start', '`dstadr` is no field of VPC flow logs: did you mean `dstaddr`?'],
    ['srcaddr dstaddr %{x}', '`%{x}` is no field of VPC flow logs: `-` stands for a column that is not needed'],
    ['srcaddr start end', '`srcaddr start end` has no `dstaddr`, without which there is no flow'],
    ['', '`` is no field of VPC flow logs: `-` stands for a column that is not needed'],
  ];
  for (const [grammar, message] of faults) {
    test(`\`${grammar}\` is refused with its reason`, () => {
      const zone = createLocalZone('UTC');
      assert.ok(zone.ok);
      const parser = findLogFormat('aws-vpc')?.createParser({ grammar, zone: zone.value, nowMs: fixtureNowMs });
      assert.deepEqual(parser?.ok === false && parser.fault.message, message);
    });
  }
});

test('whatever the bytes are, the parser says what became of the line', () => {
  assertParserNeverThrows('aws-vpc', readFixture('aws-vpc.log'));
  assertParserNeverThrows('aws-vpc', readFixture('aws-vpc-custom.log'));
  assertParserNeverThrows('aws-vpc', readFixture('aws-vpc-athena.csv'));
});

function pick(flow: CollectedFlow | undefined, keys: readonly (keyof CollectedFlow)[]): readonly unknown[] {
  assert.ok(flow !== undefined);
  return keys.map((key) => flow[key]);
}
