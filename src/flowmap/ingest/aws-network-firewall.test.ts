import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('aws-network-firewall.log');
const { flows, answers, outcomes } = collectObservations('aws-network-firewall', fixture);
const flowTo = (address: string) => {
  const flow = flows.find((candidate) => candidate.address === address);
  assert.ok(flow !== undefined, `no flow to ${address}`);
  return flow;
};

test('the client’s netflow event is the way up', () => {
  assert.deepEqual(flows[0], {
    startMs: Date.UTC(2026, 10, 20, 10, 0, 0),
    endMs: Date.UTC(2026, 10, 20, 10, 0, 20, 500),
    client: '10.0.0.144',
    user: '',
    service: '',
    address: '203.0.113.9',
    name: '',
    nameKind: 'none',
    port: 443,
    protocol: 6,
    application: 'tls',
    bytesUp: 1650,
    bytesDown: -1,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'ports',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('the server’s netflow event is the way down of the same connection, though its flags hold SYN too', () => {
  const reply = flows[1];
  assert.deepEqual(
    [reply?.client, reply?.address, reply?.port, reply?.bytesUp, reply?.bytesDown, reply?.isReply, reply?.connections],
    ['10.0.0.144', '203.0.113.9', 443, -1, 52_000, true, 0],
  );
});

test('a lone SYN proves who opened, and one packet of SYN and ACK proves the answer', () => {
  const opened = flowTo('198.51.100.5');
  assert.deepEqual(
    [opened.client, opened.port, opened.initiator, opened.isReply],
    ['10.0.0.145', 5060, 'flags', false],
  );
  const answered = flowTo('198.51.100.6');
  assert.deepEqual(
    [answered.client, answered.port, answered.initiator, answered.isReply, answered.bytesDown],
    ['10.0.0.146', 30_000, 'flags', true, 44],
  );
});

test('datagrams are told apart by the server’s port', () => {
  const dns = flows.filter((flow) => flow.address === '10.0.0.2');
  assert.deepEqual(
    dns.map((flow) => [flow.client, flow.port, flow.bytesUp, flow.bytesDown, flow.isReply]),
    [
      ['10.0.0.144', 53, 70, -1, false],
      ['10.0.0.144', 53, -1, 170, true],
    ],
  );
  assert.equal(flowTo('198.51.100.8').port, 0);
});

test('alerts show names and refusals, and count no connection that passed', () => {
  const named = Object.fromEntries(
    flows
      .filter(({ name }) => name !== '')
      .map((flow) => [flow.name, [flow.nameKind, flow.isDenied, flow.connections]]),
  );
  assert.deepEqual(named, {
    'queue.example.com': ['sni', false, 0],
    'evil.example.net': ['sni', true, 1],
    'evil.example.org': ['host', true, 1],
    'fine.example.com': ['sni', false, 0],
    'revoked.example.com': ['sni', true, 1],
    'pinned.example.com': ['sni', false, 0],
    'late.example.com': ['sni', false, 0],
    'second.example.com': ['sni', false, 0],
  });
});

test('an alert on a packet to the client has the server as its source', () => {
  const alert = flowTo('203.0.113.68');
  assert.deepEqual([alert.client, alert.port, alert.isDenied, alert.initiator], ['10.0.0.148', 443, true, 'stated']);
});

test('records of TLS inspection, with ports as text and no type, are sightings of TLS', () => {
  const revoked = flowTo('203.0.113.70');
  assert.deepEqual([revoked.port, revoked.protocol, revoked.application], [443, 6, 'tls']);
  assert.equal(revoked.startMs, Date.UTC(2026, 10, 20, 10, 0, 2, 123));
});

test('an event without a time of its own has that of the envelope', () => {
  assert.equal(flowTo('203.0.113.72').startMs, Date.UTC(2026, 10, 20, 10, 0, 30));
});

test('a blocked question is a refused name', () => {
  assert.deepEqual(
    answers.map(({ name, isDenied, client, addresses }) => [name, isDenied, client, addresses]),
    [['exfil.example.net', true, '10.0.0.149', null]],
  );
});

test('a record inside an event of CloudWatch is read', () => {
  assert.equal(flowTo('203.0.113.74').bytesUp, 500);
});

test('every line has an outcome', () => {
  const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome));
  assert.deepEqual(Object.fromEntries(counts.map(([outcome, lines]) => [outcome, lines.length])), {
    taken: 19,
    bad_number: 1,
    bad_fields: 1,
    bad_time: 1,
    bad_json: 1,
    other_format: 1,
  });
});

test('the fixture is recognised, by this format alone', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['aws-network-firewall'],
  );
});

test('no text makes the parser throw', () => {
  assertParserNeverThrows('aws-network-firewall', fixture);
});
