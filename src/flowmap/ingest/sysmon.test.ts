import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('sysmon.log');
const { flows, answers, outcomes } = collectObservations('sysmon', fixture, { timezone: '+01:00' });
const flowTo = (address: string) => {
  const flow = flows.find((candidate) => candidate.address === address);
  assert.ok(flow !== undefined, `no flow to ${address}`);
  return flow;
};
const answerFor = (name: string) => answers.find((answer) => answer.name === name);

test('an initiated connection is a flow of its user and program, in UTC whatever the zone, with a name that proves nothing', () => {
  assert.deepEqual(flows[0], {
    startMs: Date.UTC(2026, 10, 20, 10, 0, 1, 123),
    endMs: Date.UTC(2026, 10, 20, 10, 0, 1, 123),
    client: '192.168.7.20',
    user: 'CORP\\jane',
    service: 'C:\\Program Files\\Tool\\tool.exe',
    address: '203.0.113.30',
    name: 'edge-30.example.net',
    nameKind: 'reverse',
    port: 443,
    protocol: 6,
    application: 'unknown',
    bytesUp: -1,
    bytesDown: -1,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'stated',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('a connection that was not initiated here came in', () => {
  assert.equal(outcomes[1], 'inbound');
  assert.equal(
    flows.some(({ client }) => client === '203.0.113.99'),
    false,
  );
});

test('a host name of a dash is none', () => {
  const flow = flowTo('2001:db8:0:0:0:0:0:30');
  assert.deepEqual([flow.name, flow.nameKind, flow.port], ['', 'none', 853]);
  assert.deepEqual([flowTo('198.51.100.53').protocol, flowTo('198.51.100.53').user], [17, 'NT AUTHORITY\\SYSTEM']);
});

test('query results give the chain and the addresses, unmapped', () => {
  assert.deepEqual(answerFor('www.example.com'), {
    timeMs: Date.UTC(2026, 10, 20, 10, 1, 1),
    client: null,
    name: 'www.example.com',
    type: 'A',
    code: 'NOERROR',
    addresses: [
      { address: '203.0.113.30', ttlSeconds: null },
      { address: '203.0.113.31', ttlSeconds: null },
    ],
    aliases: ['edge.example.net', 'pop.example.net'],
    isDenied: false,
    resolver: null,
    service: 'C:\\Windows\\System32\\svchost.exe',
  });
  assert.deepEqual(
    [answerFor('six.example.com')?.type, answerFor('six.example.com')?.addresses],
    ['AAAA', [{ address: '2001:db8::30', ttlSeconds: null }]],
  );
});

test('a query without results has none, and its status says why where it is one of DNS', () => {
  const rows = ['nowhere.example.com', '20.7.168.192.in-addr.arpa', 'slow.example.com'].map((name) => {
    const answer = answerFor(name);
    return [answer?.code, answer?.type, answer?.addresses?.length, answer?.aliases.length];
  });
  assert.deepEqual(rows, [
    ['NXDOMAIN', 'A', 0, 0],
    ['NOERROR', 'PTR', 0, 0],
    [null, 'A', 0, 0],
  ]);
});

test('every carrier of events is read: Winlogbeat old and new, Wazuh, converted EVTX and XML', () => {
  for (const [address, second] of [
    ['203.0.113.31', 5],
    ['203.0.113.32', 6],
    ['203.0.113.33', 7],
    ['203.0.113.35', 8],
    ['203.0.113.36', 9],
    ['203.0.113.37', 10],
  ] as const) {
    assert.equal(flowTo(address).startMs, Date.UTC(2026, 10, 20, 10, 0, second, 123), address);
  }
  assert.equal(flowTo('203.0.113.37').service, 'C:\\Tools\\R&D\\sync.exe');
  assert.deepEqual(answerFor('beat.example.com')?.addresses, [{ address: '203.0.113.34', ttlSeconds: null }]);
  assert.deepEqual(answerFor('xml.example.com')?.addresses, [{ address: '203.0.113.38', ttlSeconds: null }]);
});

test('the filtering platform tells direction, program and refusals', () => {
  const allowed = flowTo('203.0.113.39');
  assert.equal(allowed.startMs, Date.UTC(2026, 10, 20, 10, 3, 0, 123));
  assert.deepEqual(
    [allowed.client, allowed.port, allowed.protocol, allowed.isDenied, allowed.service],
    ['192.168.7.21', 443, 6, false, '\\device\\harddiskvolume2\\tools\\agent.exe'],
  );
  assert.equal(flowTo('198.51.100.66').isDenied, true);
  assert.deepEqual([flowTo('198.51.100.67').port, flowTo('198.51.100.67').protocol], [0, 1]);
  assert.equal(flowTo('203.0.113.41').port, 993);
  assert.equal(
    flows.some(({ address }) => address === '203.0.113.40'),
    false,
  );
});

test('a time of a carrier without a zone is local', () => {
  assert.equal(flowTo('203.0.113.42').startMs, Date.UTC(2026, 10, 20, 10, 4, 0));
});

test('every line has an outcome', () => {
  const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome));
  assert.deepEqual(Object.fromEntries(counts.map(([outcome, lines]) => [outcome, lines.length])), {
    taken: 21,
    inbound: 2,
    not_network: 3,
    bad_fields: 1,
    bad_time: 1,
    bad_number: 1,
    bad_json: 1,
    other_format: 1,
  });
});

test('the fixture is recognised, by this format alone', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['sysmon'],
  );
});

test('no text makes the parser throw', () => {
  assertParserNeverThrows('sysmon', fixture);
});

test('an event that came by syslog is read behind its tag', () => {
  const xml = fixture.split('\n').find((line) => line.startsWith('<Event '));
  const { flows, outcomes } = collectObservations('sysmon', `<13>Nov 20 10:00:10 ws3 nxlog[4]: ${xml}`);
  assert.deepEqual([outcomes, flows[0]?.address], [['taken'], '203.0.113.37']);
});
