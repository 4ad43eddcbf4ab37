import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, scoresOf } from '../../../test/support/collect-observations.ts';
import { fixtureLines, fixtureTime } from '../../../test/support/fixture-lines.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const { fixture, whole, line, flow, counts } = fixtureLines('checkpoint', 'checkpoint.log');

test('the fixture is taken for what it is, and each line has its outcome', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['checkpoint'],
  );
  assert.deepEqual(counts(), {
    taken: 21,
    inbound: 1,
    repeated: 1,
    bad_number: 1,
    bad_time: 1,
    not_network: 1,
    other_format: 1,
  });
});

test('fields in the place of structured data are the record, and its own time comes before that of the header', () => {
  assert.deepEqual(line(1).flows, [
    {
      startMs: fixtureTime('10:00:05'),
      endMs: fixtureTime('10:00:05'),
      client: '10.60.0.11',
      user: 'Jane Doe (jane)',
      service: '',
      address: '203.0.113.10',
      name: '',
      nameKind: 'none',
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
    },
  ]);
  assert.equal(flow(2).startMs, fixtureTime('10:00:02'), 'the time of the syslog header where the record has none');
});

test('drop, reject and block are denied, detect is not', () => {
  assert.deepEqual(
    [2, 3, 12, 14].map((number) => flow(number).isDenied),
    [true, true, true, false],
  );
});

test('a connection that the gateway calls incoming is inbound', () => {
  assert.deepEqual(line(4).outcomes, ['inbound']);
  assert.deepEqual([flow(5).protocol, flow(5).port, flow(5).application], [17, 53, 'dns']);
});

test('a late packet of a connection that is over was refused by no rule', () => {
  assert.deepEqual(line(6).outcomes, ['repeated']);
});

test('ICMP has no port, also where no service is written', () => {
  assert.deepEqual([flow(7).port, flow(7).protocol], [0, 1]);
});

test('a record that is exported again adds what it has grown by, and no connection', () => {
  const { flows } = collectObservations('checkpoint', fixture.split('\n').slice(7, 9).join('\n'));
  assert.deepEqual(
    flows.map(({ bytesUp, bytesDown, connections }) => [bytesUp, bytesDown, connections]),
    [
      [1000, 5000, 1],
      [500, 4000, 0],
    ],
  );
});

test('what left the client is up and what left the server is down', () => {
  assert.deepEqual([flow(10).bytesUp, flow(10).bytesDown], [70, 800]);
});

test('names come from URLs, TLS and the gateway, each with its worth', () => {
  assert.deepEqual(
    [11, 12, 13, 14].map((number) => [flow(number).name, flow(number).nameKind, flow(number).port]),
    [
      ['www.example.org', 'url', 443],
      ['ads.example.net', 'url', 8080],
      ['api.example.com', 'sni', 443],
      ['edge.example.net', 'reverse', 443],
    ],
  );
});

test('a session record stands for its connections', () => {
  assert.equal(flow(15).connections, 7);
});

test('a service by name has no port, and the unspecified address of NAT is none', () => {
  assert.deepEqual([flow(16).port, flow(16).protocol, flow(16).address], [-1, 6, '203.0.113.13']);
});

test('bytes and times that cannot be read are refused', () => {
  assert.deepEqual([...line(17).outcomes, ...line(18).outcomes], ['bad_number', 'bad_time']);
});

test('log-ons give addresses to users', () => {
  assert.deepEqual(whole.leases, [
    {
      address: '10.60.0.14',
      holder: 'omar',
      kind: 'user',
      fromMs: fixtureTime('08:00:00'),
      untilMs: null,
      origin: 'logon',
    },
    {
      address: '10.60.0.14',
      holder: 'omar',
      kind: 'user',
      fromMs: null,
      untilMs: fixtureTime('18:00:00'),
      origin: 'logon',
    },
  ]);
  assert.deepEqual(line(21).outcomes, ['not_network']);
});

test('structured data of the older exporter is read, with the zone of its header', () => {
  const { client, address, port, startMs } = flow(22);
  assert.deepEqual([client, address, port, startMs], ['10.60.0.21', '203.0.113.21', 443, fixtureTime('09:00:00')]);
});

test('pipes part fields too', () => {
  assert.deepEqual([flow(23).isDenied, flow(23).port, flow(23).startMs], [true, 23, fixtureTime('10:01:40')]);
  const { client, address, bytesUp, bytesDown } = flow(24);
  assert.deepEqual([client, address, bytesUp, bytesDown], ['2001:db8:60::22', '2001:db8:99::22', 5, 6]);
});

test('CEF has sent bytes in `out` and received ones in `in`', () => {
  const { client, user, address, port, bytesUp, bytesDown, startMs } = flow(25);
  assert.deepEqual([client, user, address, port], ['10.60.0.31', 'jane', '203.0.113.31', 443]);
  assert.deepEqual([bytesUp, bytesDown, startMs], [44, 55, fixtureTime('10:03:20')]);
  assert.deepEqual([flow(26).name, flow(26).isDenied, flow(26).application], ['games.example.net', true, 'http']);
});

test('no line makes the parser throw', () => assertParserNeverThrows('checkpoint', fixture));
