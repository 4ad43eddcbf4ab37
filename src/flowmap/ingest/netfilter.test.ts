import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('netfilter.log');
const { flows, outcomes } = collectObservations('netfilter', fixture);
const flowTo = (address: string) => {
  const flow = flows.find((candidate) => candidate.address === address);
  assert.ok(flow !== undefined, `no flow to ${address}`);
  return flow;
};

test('a SYN opens a connection: its sender is the client and its length is bytes up', () => {
  assert.deepEqual(flows[0], {
    startMs: Date.UTC(2026, 10, 20, 10, 0, 0),
    endMs: Date.UTC(2026, 10, 20, 10, 0, 0),
    client: '10.0.1.20',
    user: '',
    service: '',
    address: '203.0.113.9',
    name: '',
    nameKind: 'none',
    port: 443,
    protocol: 6,
    application: 'unknown',
    bytesUp: 60,
    bytesDown: -1,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'flags',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('SYN and ACK are the reply: its sender is the destination and its length is bytes down', () => {
  const reply = flows[1];
  assert.deepEqual(
    [reply?.client, reply?.address, reply?.port, reply?.bytesUp, reply?.bytesDown],
    ['10.0.1.20', '203.0.113.9', 443, -1, 60],
  );
  assert.deepEqual([reply?.isReply, reply?.connections, reply?.initiator], [true, 0, 'flags']);
});

test('packets inside a connection add bytes and no connection, and their sides are a guess by the ports', () => {
  assert.deepEqual(
    flows.slice(2, 4).map((flow) => [flow.client, flow.bytesUp, flow.bytesDown, flow.connections, flow.initiator]),
    [
      ['10.0.1.20', 569, -1, 0, 'ports'],
      ['10.0.1.20', -1, 1492, 0, 'ports'],
    ],
  );
});

test('only words of the prefix make a packet refused', () => {
  const denied = flows.filter(({ isDenied }) => isDenied).map(({ address }) => address);
  assert.deepEqual(denied, ['198.51.100.66', '198.51.100.53', '203.0.113.11']);
});

test('a packet of the machine’s own has the user of its socket', () => {
  const own = flowTo('203.0.113.10');
  assert.deepEqual([own.user, own.client, own.connections], ['uid:1000', '192.168.7.4', 1]);
});

test('what a public address opened to the machine that logs is inbound, and so is the answer to it', () => {
  assert.equal(outcomes[5], 'inbound');
  assert.equal(outcomes[21], 'inbound');
  const answered = flowTo('203.0.113.13');
  assert.deepEqual([answered.client, answered.isReply, answered.bytesDown], ['203.0.113.1', true, 60]);
});

test('a packet of a private client that is logged before it is forwarded is not inbound', () => {
  assert.deepEqual([flowTo('203.0.113.14').client, flowTo('203.0.113.14').connections], ['10.0.1.28', 1]);
});

test('datagrams have the length of the packet, not the second one, and count one by one on the way up', () => {
  const question = flowTo('198.51.100.53');
  assert.deepEqual([question.protocol, question.port, question.bytesUp], [17, 53, 71]);
  const answer = flowTo('198.51.100.54');
  assert.deepEqual(
    [answer.client, answer.port, answer.bytesUp, answer.bytesDown, answer.isReply, answer.connections],
    ['10.0.1.22', 53, -1, 171, true, 0],
  );
  assert.deepEqual([flowTo('198.51.100.123').connections, flowTo('198.51.100.123').initiator], [1, 'ports']);
});

test('a fragment without ports counts nothing but its bytes', () => {
  const fragment = flowTo('198.51.100.3');
  assert.deepEqual([fragment.port, fragment.connections, fragment.bytesUp], [-1, 0, 556]);
});

test('an echo is told from its answer, and a protocol by number has port 0', () => {
  const echoes = flows.filter(({ address }) => address === '198.51.100.1');
  assert.deepEqual(
    echoes.map((flow) => [flow.client, flow.port, flow.bytesUp, flow.bytesDown, flow.isReply]),
    [
      ['10.0.1.25', 0, 84, -1, false],
      ['10.0.1.25', 0, -1, 84, true],
    ],
  );
  assert.deepEqual([flowTo('198.51.100.4').protocol, flowTo('198.51.100.4').port], [47, 0]);
});

test('an ICMP error is no flow, whatever packet it carries', () => {
  assert.equal(outcomes[16], 'not_network');
  assert.equal(
    flows.some(({ port }) => port === 161),
    false,
  );
});

test('times come from syslog of three kinds, from the journal and from the kernel’s own clock', () => {
  assert.equal(flowTo('203.0.113.11').startMs, Date.UTC(2026, 10, 20, 10, 0, 10, 250));
  const sixth = flowTo('2001:0db8:ffff:0000:0000:0000:0000:0009');
  assert.equal(sixth.startMs, Date.UTC(2026, 10, 20, 10, 0, 11, 500));
  assert.equal(sixth.port, 853);
  assert.equal(flowTo('203.0.113.16').startMs, Date.UTC(2026, 10, 20, 10, 0, 30, 250));
  const berlin = collectObservations('netfilter', fixture, { timezone: 'Europe/Berlin' });
  const local = berlin.flows.find(({ address }) => address === '203.0.113.12');
  assert.equal(local?.startMs, Date.UTC(2026, 10, 20, 9, 0, 12));
  assert.equal(berlin.flows[0]?.startMs, Date.UTC(2026, 10, 20, 9, 0, 0));
});

test('every line has an outcome', () => {
  const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome));
  assert.deepEqual(Object.fromEntries(counts.map(([outcome, lines]) => [outcome, lines.length])), {
    taken: 20,
    inbound: 2,
    not_network: 4,
    bad_time: 1,
    bad_number: 1,
    bad_fields: 1,
    other_format: 1,
  });
});

test('the fixture is recognised, by this format alone', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['netfilter'],
  );
});

test('no text makes the parser throw', () => {
  assertParserNeverThrows('netfilter', fixture);
});
