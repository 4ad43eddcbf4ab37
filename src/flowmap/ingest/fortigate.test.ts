import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scoresOf } from '../../../test/support/collect-observations.ts';
import { fixtureLines, fixtureTime } from '../../../test/support/fixture-lines.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const { fixture, whole, line, flow, counts } = fixtureLines('fortigate', 'fortigate.log');

test('the fixture is taken for what it is, and each line has its outcome', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['fortigate'],
  );
  assert.deepEqual(counts(), {
    taken: 24,
    repeated: 4,
    inbound: 1,
    bad_number: 1,
    bad_time: 1,
    not_network: 1,
    other_format: 1,
  });
});

test('a closed session has sent bytes going up, and began as long before its end as it took', () => {
  assert.deepEqual(line(1).flows, [
    {
      startMs: fixtureTime('10:00:00'),
      endMs: fixtureTime('10:00:30'),
      client: '10.50.0.11',
      user: 'JANE',
      service: '',
      address: '203.0.113.10',
      name: '',
      nameKind: 'none',
      port: 443,
      protocol: 6,
      application: 'tls',
      bytesUp: 3652,
      bytesDown: 146_668,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'only',
      sampledOneIn: 1,
    },
  ]);
});

test('an interim record has what was added since the last one, in nanoseconds, and is no connection', () => {
  const { startMs, endMs, bytesUp, bytesDown, connections } = flow(2);
  assert.deepEqual([startMs, endMs], [fixtureTime('10:08:00.550'), fixtureTime('10:10:00.550')]);
  assert.deepEqual([bytesUp, bytesDown, connections], [2000, 70_000, 0]);
});

test('sums of an interim record are not bytes of it, and the close of a long session has its last addition', () => {
  assert.deepEqual([flow(3).bytesUp, flow(3).bytesDown, flow(3).connections], [-1, -1, 0]);
  assert.deepEqual([flow(4).bytesUp, flow(4).bytesDown, flow(4).connections], [500, 900, 1]);
});

test('a name that the firewall looked up proves nothing, and a device is no name', () => {
  assert.deepEqual([flow(4).name, flow(4).nameKind], ['edge-7.example.net', 'reverse']);
  assert.deepEqual([flow(10).name, flow(10).nameKind], ['', 'none']);
});

test('the start of a session is told again at its end', () => {
  assert.deepEqual(line(5).outcomes, ['repeated']);
});

test('a denied session, and an accepted one that a profile blocked, are denied; a reset by an end is not', () => {
  assert.deepEqual([flow(6).isDenied, flow(7).isDenied, flow(4).isDenied], [true, true, false]);
  assert.deepEqual([flow(6).port, flow(6).application], [25, 'other']);
});

test('without eventtime the clock has its own zone, or the syslog header has the time', () => {
  assert.equal(flow(8).endMs, fixtureTime('10:17:00'));
  assert.equal(flow(9).endMs, fixtureTime('11:18:00'));
  assert.equal(flow(9).user, 'printer');
});

test('commas part fields as well as blanks do', () => {
  const { client, address, port, protocol, application, bytesUp, bytesDown, startMs } = flow(10);
  assert.deepEqual([client, address, port], ['10.50.0.12', '2001:db8:99::9', 53]);
  assert.deepEqual([protocol, application, bytesUp, bytesDown, startMs], [17, 'dns', 70, 140, fixtureTime('10:16:00')]);
});

test('the port of NAT, `transport`, is neither port nor protocol, and ICMP has no port', () => {
  assert.deepEqual([flow(11).port, flow(11).protocol], [0, 1]);
});

test('from an interface to the internet inwards is inbound', () => {
  assert.deepEqual(line(12).outcomes, ['inbound']);
});

test('negative bytes and a month that is none are refused', () => {
  assert.deepEqual([...line(13).outcomes, ...line(14).outcomes], ['bad_number', 'bad_time']);
});

test('web filter and TLS records name a session and count none', () => {
  assert.deepEqual(
    [15, 16, 17].map((number) => {
      const { name, nameKind, address, connections, bytesUp, isDenied } = flow(number);
      return [name, nameKind, address, connections, bytesUp, isDenied];
    }),
    [
      ['www.example.org', 'url', '203.0.113.10', 0, -1, false],
      ['ads.example.net', 'sni', '203.0.113.10', 0, -1, true],
      ['bank.example.com', 'sni', '203.0.113.10', 0, -1, false],
    ],
  );
  assert.deepEqual([...line(18).outcomes, ...line(19).outcomes], ['repeated', 'repeated'], 'no host, nothing new');
});

test('DNS responses have the answers, and a question alone only counts where it was refused', () => {
  assert.deepEqual(line(20).outcomes, ['repeated']);
  const common = { client: '10.50.0.11', aliases: [], resolver: '10.50.0.53' };
  assert.deepEqual(whole.answers, [
    {
      ...common,
      timeMs: fixtureTime('10:30:11'),
      name: 'api.example.com',
      type: 'A',
      code: null,
      addresses: [
        { address: '203.0.113.10', ttlSeconds: null },
        { address: '203.0.113.11', ttlSeconds: null },
      ],
      isDenied: false,
    },
    {
      ...common,
      timeMs: fixtureTime('10:30:12'),
      name: 'ads.example.net',
      type: 'AAAA',
      code: null,
      addresses: [{ address: '2001:db8::53', ttlSeconds: null }],
      isDenied: true,
    },
    {
      ...common,
      timeMs: fixtureTime('10:30:13'),
      name: 'bad.example.net',
      type: 'A',
      code: null,
      addresses: null,
      isDenied: true,
    },
    {
      ...common,
      timeMs: fixtureTime('10:30:14'),
      name: 'none.example.com',
      type: 'AAAA',
      code: 'NXDOMAIN',
      addresses: [],
      isDenied: false,
    },
  ]);
});

test('DHCP gives addresses to hosts for a time, and log-ons give them to users', () => {
  assert.deepEqual(whole.leases, [
    {
      address: '10.50.0.11',
      holder: 'build-1',
      kind: 'host',
      fromMs: fixtureTime('08:00:00'),
      untilMs: fixtureTime('08:00:00') + 86_400_000,
      origin: 'dhcp',
    },
    {
      address: '10.50.0.12',
      holder: '02:00:5E:10:00:02',
      kind: 'host',
      fromMs: fixtureTime('08:00:01'),
      untilMs: null,
      origin: 'dhcp',
    },
    {
      address: '10.50.0.13',
      holder: 'OMAR',
      kind: 'user',
      fromMs: fixtureTime('08:00:02'),
      untilMs: null,
      origin: 'logon',
    },
    {
      address: '10.50.0.13',
      holder: 'OMAR',
      kind: 'user',
      fromMs: null,
      untilMs: fixtureTime('17:20:00'),
      origin: 'logon',
    },
  ]);
  assert.deepEqual(line(29).outcomes, ['not_network'], 'the log-in of an administrator is no lease');
});

test('CEF has sent bytes in `out` and received ones in `in`, whatever prefix its own keys have', () => {
  const { client, address, bytesUp, bytesDown, startMs, endMs, name, nameKind } = flow(30);
  assert.deepEqual([client, address, bytesUp, bytesDown], ['10.50.0.21', '203.0.113.21', 3652, 146_668]);
  assert.deepEqual(
    [startMs, endMs, name, nameKind],
    [fixtureTime('10:39:58'), fixtureTime('10:40:00'), 'files.example.net', 'reverse'],
  );
  assert.deepEqual([flow(31).name, flow(31).isDenied, flow(31).connections], ['blocked.example.org', true, 0]);
  assert.deepEqual([flow(32).bytesUp, flow(32).bytesDown, flow(32).connections], [40, 30, 0]);
});

test('no line makes the parser throw', () => assertParserNeverThrows('fortigate', fixture));
