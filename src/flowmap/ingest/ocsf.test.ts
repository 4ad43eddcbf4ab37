import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('ocsf.log');
const { flows, answers, outcomes } = collectObservations('ocsf', fixture);
const flowTo = (where: string) => {
  const flow = flows.find(({ name, address }) => name === where || address === where);
  assert.ok(flow !== undefined, `no flow to ${where}`);
  return flow;
};

test('bytes out are up and bytes in are down, and the server name is the name', () => {
  assert.deepEqual(flows[0], {
    startMs: Date.UTC(2026, 10, 20, 10, 0, 0),
    endMs: Date.UTC(2026, 10, 20, 10, 0, 9, 500),
    client: '10.0.5.4',
    user: 'jane',
    service: '',
    address: '203.0.113.50',
    name: 'api.example.com',
    nameKind: 'sni',
    port: 443,
    protocol: 6,
    application: 'tls',
    bytesUp: 1500,
    bytesDown: 8000,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'stated',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('a time in seconds is read as one in milliseconds is', () => {
  const denied = flowTo('203.0.113.51');
  assert.equal(denied.startMs, Date.UTC(2026, 10, 20, 10, 0, 1));
  assert.deepEqual([denied.isDenied, denied.name, denied.nameKind], [true, 'host51.example.net', 'reverse']);
  assert.equal(flowTo('203.0.113.55').startMs, Date.UTC(2026, 10, 20, 10, 0, 30, 500));
});

test('what comes in is left out and what stays inside is taken', () => {
  assert.equal(outcomes[2], 'inbound');
  const lateral = flowTo('10.0.6.7');
  assert.deepEqual(
    [lateral.port, lateral.user, lateral.bytesUp, lateral.initiator],
    [5432, 'svc@example.com', -1, 'stated'],
  );
});

test('a record of one direction is turned by its flags: what comes in may answer what went out', () => {
  const [up, down] = flows.filter(({ address }) => address === '203.0.113.52');
  assert.deepEqual(
    [up?.client, up?.port, up?.bytesUp, up?.bytesDown, up?.isReply, up?.connections, up?.initiator],
    ['10.0.5.8', 443, 700, -1, false, 1, 'flags'],
  );
  assert.deepEqual(
    [down?.client, down?.port, down?.bytesUp, down?.bytesDown, down?.isReply, down?.connections],
    ['10.0.5.8', 443, -1, 5400, true, 0],
  );
  assert.deepEqual(outcomes.slice(6, 8), ['inbound', 'inbound']);
});

test('a protocol without ports has port 0, and a refusal in words is one', () => {
  const echo = flowTo('198.51.100.1');
  assert.deepEqual([echo.port, echo.protocol, echo.isDenied], [0, 1, true]);
});

test('a destination may be a name alone, and must be something', () => {
  const named = flowTo('only-name.example.org');
  assert.deepEqual([named.address, named.port, named.protocol], ['', -1, 6]);
  assert.equal(outcomes[11], 'no_destination');
});

test('HTTP activity is named by its URL, whose secrets are left behind', () => {
  const files = flowTo('files.example.com');
  assert.deepEqual(
    [files.nameKind, files.port, files.application, files.bytesUp, files.bytesDown, files.address],
    ['url', 8443, 'tls', 400, 5000, '203.0.113.53'],
  );
  const tunnel = flowTo('tunnel.example.org');
  assert.deepEqual([tunnel.nameKind, tunnel.application, tunnel.port], ['connect', 'tunnel', 443]);
  const plain = flowTo('plain.example.net');
  assert.deepEqual([plain.nameKind, plain.port, plain.isDenied, plain.application], ['url', 80, true, 'http']);
  assert.equal(outcomes[15], 'challenge');
});

test('answers of DNS activity keep name, chain and times to live', () => {
  assert.deepEqual(answers[0], {
    timeMs: Date.UTC(2026, 10, 20, 10, 0, 1),
    client: '10.0.5.4',
    name: 'www.example.com',
    type: 'A',
    code: 'NOERROR',
    addresses: [
      { address: '203.0.113.54', ttlSeconds: 60 },
      { address: '2001:db8::54', ttlSeconds: 60 },
    ],
    aliases: ['edge.example.net'],
    isDenied: false,
    resolver: '10.0.0.2',
  });
});

test('a question cannot tell answers, an error has none, and a refusal is one', () => {
  assert.deepEqual(
    answers.slice(1).map(({ name, type, code, addresses, isDenied }) => [name, type, code, addresses, isDenied]),
    [
      ['asked.example.com.', 'AAAA', null, null, false],
      ['gone.example.com', 'A', 'NXDOMAIN', [], false],
      ['blocked.example.net', 'A', 'NOERROR', null, true],
      ['broken.example.net', 'A', 'SERVFAIL', [], false],
    ],
  );
});

test('a question from outside is not ours', () => {
  assert.equal(
    answers.some(({ name }) => name === 'ours.example.com'),
    false,
  );
});

test('every line has an outcome', () => {
  const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome));
  assert.deepEqual(Object.fromEntries(counts.map(([outcome, lines]) => [outcome, lines.length])), {
    taken: 17,
    inbound: 4,
    not_network: 2,
    no_destination: 1,
    challenge: 1,
    bad_time: 1,
    bad_number: 1,
    bad_fields: 1,
    other_format: 1,
    bad_json: 1,
  });
});

test('the fixture is recognised, by this format alone', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['ocsf'],
  );
});

test('no text makes the parser throw', () => {
  assertParserNeverThrows('ocsf', fixture);
});

test('a scheme named as a method of objects has no port', () => {
  const record = {
    category_uid: 4,
    class_uid: 4002,
    time: 1_795_168_800_000,
    src_endpoint: { ip: '10.0.5.4' },
    http_request: { url: { url_string: 'constructor://odd.example.com/' } },
  };
  const { flows } = collectObservations('ocsf', JSON.stringify(record));
  assert.deepEqual([flows[0]?.name, flows[0]?.port], ['odd.example.com', -1]);
});
