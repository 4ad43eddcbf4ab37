import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('suricata.log');
const collected = collectObservations('suricata', fixture);
const flowOf = (address: string, port?: number) => {
  const found = collected.flows.filter(
    (flow) => flow.address === address && (port === undefined || flow.port === port),
  );
  const [flow] = found;
  assert.ok(flow !== undefined, `no flow to ${address}`);
  return flow;
};
const named = (name: string) => {
  const flow = collected.flows.find((candidate) => candidate.name === name);
  assert.ok(flow !== undefined, `no flow named ${name}`);
  return flow;
};

test('a flow event is a whole connection: bytes to the server are up, bytes to the client are down', () => {
  assert.deepEqual(flowOf('203.0.113.10', 443), {
    startMs: Date.UTC(2026, 10, 20, 10, 0, 0, 0),
    endMs: Date.UTC(2026, 10, 20, 10, 0, 4, 500),
    client: '10.0.1.20',
    user: '',
    service: '',
    address: '203.0.113.10',
    name: '',
    nameKind: 'none',
    port: 443,
    protocol: 6,
    application: 'tls',
    bytesUp: 1830,
    bytesDown: 48_210,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'stated',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('a zone without a colon is read: noon at +0200 is ten o’clock', () => {
  const flow = flowOf('2001:db8:ffff::9');
  assert.equal(flow.startMs, Date.UTC(2026, 10, 20, 9, 59, 50));
  assert.equal(flow.endMs, Date.UTC(2026, 10, 20, 10, 0, 0));
  assert.equal(flow.application, 'unknown');
});

test('a connection picked up in its middle is turned by its ports, as a guess, and its bytes with it', () => {
  const flow = flowOf('203.0.113.11');
  assert.equal(flow.client, '10.0.1.21');
  assert.equal(flow.port, 443);
  assert.deepEqual([flow.bytesUp, flow.bytesDown], [500, 9000]);
  assert.deepEqual([flow.initiator, flow.isReply], ['ports', false]);
});

test('a protocol without ports has port 0', () => {
  const flow = flowOf('198.51.100.7');
  assert.deepEqual([flow.protocol, flow.port, flow.bytesUp, flow.bytesDown], [1, 0, 98, 98]);
});

test('a flow that was dropped is denied', () => {
  assert.equal(flowOf('198.51.100.66').isDenied, true);
});

test('an alert on a packet of the server names the server as destination and counts nothing', () => {
  const alert = named('c2.example.net');
  assert.deepEqual(
    [alert.client, alert.address, alert.port, alert.nameKind, alert.connections, alert.bytesUp, alert.bytesDown],
    ['10.0.1.23', '203.0.113.20', 443, 'sni', 0, -1, -1],
  );
  assert.deepEqual([alert.initiator, alert.isDenied], ['ports', false]);
  const directed = flowOf('198.51.100.40');
  assert.deepEqual([directed.client, directed.port, directed.initiator], ['10.0.1.24', 55_001, 'stated']);
});

test('a verdict is the last word on whether an alert stopped the connection', () => {
  const dropped = named('bad.example.org');
  assert.deepEqual([dropped.isDenied, dropped.connections, dropped.nameKind], [true, 1, 'host']);
  assert.equal(flowOf('203.0.113.31').isDenied, false);
});

test('a dropped SYN and ACK is the answer of the server', () => {
  const drop = flowOf('203.0.113.50');
  assert.deepEqual([drop.client, drop.port, drop.isDenied, drop.initiator], ['10.0.1.27', 25_000, true, 'flags']);
});

test('tls, quic and http events are sightings of names with no connections of their own', () => {
  const tls = named('api.example.com');
  assert.deepEqual([tls.nameKind, tls.connections, tls.client, tls.address], ['sni', 0, '10.0.1.20', '203.0.113.10']);
  const quic = named('video.example.com');
  assert.deepEqual([quic.protocol, quic.application, quic.connections], [17, 'tls', 0]);
  const http = named('Files.Example.com');
  assert.deepEqual([http.nameKind, http.port, http.application], ['host', 8080, 'http']);
  assert.deepEqual([flowOf('203.0.113.12').nameKind, flowOf('203.0.113.12').connections], ['none', 0]);
});

test('a request to an explicit proxy names its target and not the address of the proxy', () => {
  const tunnel = named('secure.example.org');
  assert.deepEqual([tunnel.address, tunnel.port, tunnel.nameKind, tunnel.application], ['', 8443, 'connect', 'tunnel']);
  const plain = named('plain.example.org');
  assert.deepEqual([plain.address, plain.port, plain.nameKind, plain.application], ['', 80, 'url', 'http']);
});

test('netflow events of one connection are its two directions: the reply is turned and not counted again', () => {
  const [up, down] = collected.flows.filter((flow) => flow.address === '203.0.113.60');
  assert.ok(up !== undefined && down !== undefined);
  assert.deepEqual(
    [up.client, up.port, up.bytesUp, up.bytesDown, up.connections, up.isReply],
    ['10.0.1.29', 443, 2000, -1, 1, false],
  );
  assert.deepEqual(
    [down.client, down.port, down.bytesUp, down.bytesDown, down.connections, down.isReply],
    ['10.0.1.29', 443, -1, 9000, 0, true],
  );
  assert.equal(up.initiator, 'ports');
});

test('answers keep the queried name and the chain, with their times to live', () => {
  const answer = collected.answers.find(({ name, addresses }) => name === 'www.example.com' && addresses !== null);
  assert.deepEqual(answer, {
    timeMs: Date.UTC(2026, 10, 20, 10, 0, 24, 50),
    client: '10.0.1.20',
    name: 'www.example.com',
    type: 'A',
    code: 'NOERROR',
    addresses: [
      { address: '203.0.113.10', ttlSeconds: 60 },
      { address: '203.0.113.11', ttlSeconds: 60 },
    ],
    aliases: ['edge.example.net'],
    isDenied: false,
    resolver: '10.0.0.2',
  });
});

test('a question alone tells no answers, and a name that does not exist has none', () => {
  const question = collected.answers.find(({ name }) => name === 'www.example.com');
  assert.equal(question?.addresses, null);
  const missing = collected.answers.find(({ name }) => name === 'nowhere.example.com');
  assert.deepEqual([missing?.code, missing?.addresses], ['NXDOMAIN', []]);
});

test('grouped answers and the answers of version 3 are read', () => {
  const grouped = collected.answers.find(({ name }) => name === 'v6.example.com');
  assert.deepEqual(grouped?.addresses, [{ address: '2001:db8::10', ttlSeconds: null }]);
  const [request, response] = collected.answers.filter(({ name }) => name === 'new.example.com');
  assert.equal(request?.addresses, null);
  assert.deepEqual(response?.addresses, [{ address: '198.51.100.3', ttlSeconds: 30 }]);
});

test('answers of version 1, a line each, are put under the question and not under the end of its chain', () => {
  const answer = collected.answers.find(({ name, addresses }) => name === 'old.example.com' && addresses !== null);
  assert.deepEqual(answer?.addresses, [{ address: '198.51.100.4', ttlSeconds: 20 }]);
  assert.deepEqual([answer?.client, answer?.resolver, answer?.aliases], ['10.0.1.28', '10.0.0.2', ['cdn.example.net']]);
  assert.equal(
    collected.answers.some(({ name }) => name === 'cdn.example.net'),
    false,
  );
});

test('a blocked question is a refused name, not a refused resolver', () => {
  const blocked = collected.answers.find(({ name }) => name === 'tunnel.example.net');
  assert.deepEqual(
    [blocked?.isDenied, blocked?.client, blocked?.resolver, blocked?.type],
    [true, '10.0.1.26', '10.0.0.2', 'TXT'],
  );
  assert.equal(
    collected.flows.some((flow) => flow.address === '10.0.0.2' && flow.isDenied),
    false,
  );
});

test('every line has an outcome', () => {
  const counts = Object.entries(Object.groupBy(collected.outcomes, (outcome) => outcome));
  assert.deepEqual(Object.fromEntries(counts.map(([outcome, lines]) => [outcome, lines.length])), {
    taken: 28,
    repeated: 2,
    challenge: 1,
    not_network: 1,
    bad_number: 1,
    bad_time: 1,
    bad_json: 1,
  });
});

test('the fixture is recognised, by this format alone', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'suricata');
  assert.equal(scoresOf(fixture).length, 1);
});

test('no text makes the parser throw', () => {
  assertParserNeverThrows('suricata', fixture);
});

test('an event that came by syslog is read behind its tag', () => {
  const [event = ''] = fixture.split('\n');
  for (const tag of ['suricata[812]: ', 'suricata: @cee: ']) {
    const { flows, outcomes } = collectObservations('suricata', `Nov 20 10:00:05 sensor ${tag}${event}`);
    assert.deepEqual([outcomes, flows[0]?.address, flows[0]?.bytesUp], [['taken'], '203.0.113.10', 1830]);
  }
});

test('a protocol named as a method of objects is only an unknown one', () => {
  const event = {
    timestamp: '2026-11-20T10:00:00Z',
    event_type: 'flow',
    src_ip: '10.0.1.20',
    dest_ip: '203.0.113.10',
    proto: 'constructor',
    app_proto: 'constructor',
    flow: { bytes_toserver: 1, bytes_toclient: 2 },
  };
  const { flows } = collectObservations('suricata', JSON.stringify(event));
  assert.deepEqual([flows[0]?.protocol, flows[0]?.application, flows[0]?.port], [0, 'other', -1]);
});
