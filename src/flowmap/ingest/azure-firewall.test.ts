import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('azure-firewall.log');
const { flows, answers, outcomes } = collectObservations('azure-firewall', fixture);
const flowTo = (where: string) => {
  const flow = flows.find(({ name, address }) => name === where || address === where);
  assert.ok(flow !== undefined, `no flow to ${where}`);
  return flow;
};

test('a sentence of an application rule names a server by the name that its TLS hello gave', () => {
  assert.deepEqual(flows[0], {
    startMs: Date.UTC(2026, 10, 20, 10, 0, 0, 123),
    endMs: Date.UTC(2026, 10, 20, 10, 0, 0, 123),
    client: '10.0.2.4',
    user: '',
    service: '',
    address: '',
    name: 'login.example.com',
    nameKind: 'sni',
    port: 443,
    protocol: 6,
    application: 'tls',
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

test('sentences tell denials, plain HTTP, databases and destinations by address', () => {
  assert.equal(flowTo('evil.example.net').isDenied, true);
  const plain = flowTo('status.example.org');
  assert.deepEqual([plain.port, plain.application, plain.nameKind, plain.isDenied], [8080, 'http', 'host', false]);
  const byAddress = flowTo('198.51.100.80');
  assert.deepEqual([byAddress.name, byAddress.nameKind, byAddress.isDenied, byAddress.port], ['', 'none', true, 80]);
  const database = flowTo('sql.example.com');
  assert.deepEqual([database.port, database.application, database.protocol], [1433, 'other', 6]);
});

test('sentences of network rules tell addresses, with two full stops behind the action too', () => {
  const allowed = flowTo('203.0.113.9');
  assert.deepEqual([allowed.client, allowed.port, allowed.protocol, allowed.isDenied], ['10.0.3.4', 8443, 6, false]);
  assert.equal(allowed.startMs, Date.UTC(2026, 10, 20, 10, 0, 0));
  const denied = flowTo('198.51.100.123');
  assert.deepEqual([denied.port, denied.protocol, denied.isDenied], [123, 17, true]);
  const echo = flowTo('198.51.100.1');
  assert.deepEqual([echo.port, echo.protocol, echo.client], [0, 1, '10.0.3.4']);
});

test('a connection without a server name has no destination and one through destination NAT comes in', () => {
  assert.deepEqual(outcomes.slice(3, 5), ['no_destination', 'no_destination']);
  assert.equal(outcomes[10], 'inbound');
  assert.equal(
    flows.some(({ client }) => client === '203.0.113.77' || client === '203.0.113.78'),
    false,
  );
});

test('threat intelligence and signatures stand beside the record of the rule unless they deny', () => {
  assert.deepEqual([flowTo('203.0.113.66').connections, flowTo('203.0.113.66').isDenied], [0, false]);
  assert.deepEqual([flowTo('botnet.example.net').connections, flowTo('botnet.example.net').isDenied], [1, true]);
  assert.deepEqual([flowTo('intel.example.net').connections, flowTo('intel.example.net').nameKind], [0, 'sni']);
  assert.deepEqual([flowTo('203.0.113.12').connections, flowTo('203.0.113.12').isDenied], [1, true]);
});

test('signatures and fat flows of the way back are turned by their ports', () => {
  const signature = flowTo('203.0.113.67');
  assert.deepEqual([signature.client, signature.port, signature.initiator], ['10.0.3.6', 80, 'ports']);
  const fat = flowTo('203.0.113.11');
  assert.deepEqual([fat.client, fat.port, fat.connections, fat.bytesDown], ['10.0.3.8', 443, 0, -1]);
});

test('structured records of rules are read, from storage and from Log Analytics', () => {
  const allowed = flowTo('api.example.com');
  assert.deepEqual([allowed.client, allowed.port, allowed.nameKind], ['10.0.2.4', 443, 'sni']);
  assert.deepEqual([flowTo('blocked.example.org').isDenied, flowTo('blocked.example.org').nameKind], [true, 'host']);
  assert.deepEqual([flowTo('proxied.example.com').nameKind, flowTo('proxied.example.com').port], ['connect', 8443]);
  const network = flowTo('203.0.113.10');
  assert.deepEqual([network.port, network.protocol], [5671, 6]);
  assert.equal(network.startMs, Date.UTC(2026, 10, 20, 10, 1, 0));
  assert.deepEqual([flowTo('198.51.100.2').protocol, flowTo('198.51.100.2').isDenied], [1, true]);
  assert.equal(flowTo('203.0.113.14').port, 22);
});

test('the DNS proxy logs questions and codes, and cannot tell answers', () => {
  assert.deepEqual(
    answers.map(({ client, name, type, code, addresses }) => [client, name, type, code, addresses]),
    [
      ['10.0.2.4', 'www.example.com.', 'AAAA', 'NOERROR', null],
      ['10.0.2.4', 'missing.example.com.', 'A', 'NXDOMAIN', []],
      ['10.0.2.7', 'table.example.com.', 'A', 'NOERROR', null],
    ],
  );
});

test('a whole blob on one line gives all of its records', () => {
  assert.equal(flowTo('batch-a.example.com').isDenied, false);
  assert.equal(flowTo('batch-b.example.net').isDenied, true);
});

test('every line has an outcome', () => {
  const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome));
  assert.deepEqual(Object.fromEntries(counts.map(([outcome, lines]) => [outcome, lines.length])), {
    taken: 24,
    no_destination: 3,
    inbound: 2,
    repeated: 3,
    not_network: 1,
    bad_address: 1,
    bad_fields: 1,
    bad_time: 1,
    bad_number: 1,
    other_format: 1,
    bad_json: 1,
  });
});

test('the fixture is recognised, by this format alone', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['azure-firewall'],
  );
});

test('no text makes the parser throw', () => {
  assertParserNeverThrows('azure-firewall', fixture);
});
