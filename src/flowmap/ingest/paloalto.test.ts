import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scoresOf } from '../../../test/support/collect-observations.ts';
import { fixtureLines, fixtureTime } from '../../../test/support/fixture-lines.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';
import { createLocalZone, findLogFormat } from '../index.ts';

const { fixture, whole, line, counts } = fixtureLines('paloalto', 'paloalto.log');

test('the fixture is taken for what it is, and each line has its outcome', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['paloalto'],
  );
  assert.deepEqual(counts(), {
    header: 1,
    taken: 23,
    repeated: 3,
    bad_time: 1,
    bad_number: 1,
    not_network: 2,
    other_format: 1,
  });
});

test('a session counts at its end, from its own start for as long as it took, with bytes sent going up', () => {
  assert.deepEqual(line(2).flows, [
    {
      startMs: fixtureTime('10:00:00'),
      endMs: fixtureTime('10:00:30'),
      client: '10.20.0.11',
      user: 'corp\\jane',
      service: '',
      address: '203.0.113.10',
      name: '',
      nameKind: 'none',
      port: 443,
      protocol: 6,
      application: 'tls',
      bytesUp: 1200,
      bytesDown: 54_000,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'only',
      sampledOneIn: 1,
    },
  ]);
  assert.deepEqual(line(3).outcomes, ['repeated']);
});

test('device times are of the zone that was named, and of the zone on the record where it has one', () => {
  const inBerlin = line(2, { timezone: 'Europe/Berlin' });
  assert.equal(inBerlin.flows[0]?.startMs, fixtureTime('09:00:00'));
  // 11:00:40.250+02:00 was written for 11:00:40 on the device, so its 11:00:00 was 09:00:00 UTC.
  assert.equal(line(4).flows[0]?.startMs, fixtureTime('09:00:00'));
  assert.equal(line(4).flows[0]?.endMs, fixtureTime('09:00:25'));
});

test('drops, resets and sessions that a rule or a threat ended are denied', () => {
  assert.deepEqual(
    [5, 6, 7, 8].map((number) => line(number).flows[0]?.isDenied),
    [true, true, true, false],
  );
});

test('repeated sessions of one record are so many connections, and ICMP has no port', () => {
  const dns = line(8).flows[0];
  assert.deepEqual([dns?.connections, dns?.protocol, dns?.application, dns?.user], [4, 17, 'dns', '']);
  const ping = line(9).flows[0];
  assert.deepEqual([ping?.port, ping?.protocol], [0, 1]);
});

test('syslog headers of either kind are no part of the record', () => {
  assert.deepEqual([line(10).flows[0]?.client, line(10).flows[0]?.address], ['2001:db8:20::5', '2001:db8:99::1']);
  assert.deepEqual([line(11).flows[0]?.application, line(11).flows[0]?.bytesUp], ['other', 9000]);
});

test('a URL log names a session and counts none', () => {
  const [flow] = line(14).flows;
  assert.deepEqual(
    [flow?.name, flow?.nameKind, flow?.address, flow?.port, flow?.connections, flow?.bytesUp, flow?.bytesDown],
    ['api.example.com', 'sni', '203.0.113.10', 443, 0, -1, -1],
  );
  assert.equal(flow?.startMs, fixtureTime('10:00:01'));
});

test('quotes in URLs, doubled or escaped, do not shift the columns', () => {
  const names = [15, 16].map((number) => line(number).flows[0]);
  assert.deepEqual(
    names.map((flow) => [flow?.name, flow?.nameKind, flow?.isDenied]),
    [
      ['www.example.org', 'url', false],
      ['www.example.org', 'url', true],
    ],
  );
  assert.equal(names[0]?.user, '', 'x-fwd-for is no user');
});

test('a URL with another port than its session goes through a proxy, whose address is not that of the name', () => {
  const [flow] = line(17).flows;
  assert.deepEqual([flow?.name, flow?.address, flow?.port], ['cdn.example.net', '', 443]);
});

test('a page that asks to continue was not passed, and other threats are told by the traffic log', () => {
  assert.deepEqual([line(18).flows[0]?.name, line(18).flows[0]?.isDenied], ['docs.example.com', true]);
  assert.deepEqual(line(19).outcomes, ['repeated']);
});

test('User-ID and GlobalProtect give leases of addresses to users', () => {
  assert.deepEqual(whole.leases, [
    {
      address: '10.20.0.11',
      holder: 'corp\\jane',
      kind: 'user',
      origin: 'logon',
      fromMs: fixtureTime('08:00:00'),
      untilMs: fixtureTime('08:45:00'),
    },
    {
      address: '10.20.0.11',
      holder: 'corp\\jane',
      kind: 'user',
      origin: 'logon',
      fromMs: null,
      untilMs: fixtureTime('18:00:00'),
    },
    {
      address: '10.40.0.7',
      holder: 'corp\\omar',
      kind: 'user',
      origin: 'logon',
      fromMs: fixtureTime('08:10:00'),
      untilMs: null,
    },
    {
      address: '10.40.0.7',
      holder: 'corp\\omar',
      kind: 'user',
      origin: 'logon',
      fromMs: null,
      untilMs: fixtureTime('17:10:00'),
    },
  ]);
});

test('CEF of the logging service has received bytes in `in` and sent ones in `out`', () => {
  const [flow] = line(26).flows;
  assert.deepEqual([flow?.bytesUp, flow?.bytesDown, flow?.user], [700, 60_000, 'corp\\jane']);
  assert.deepEqual([flow?.startMs, flow?.endMs], [fixtureTime('10:19:20'), fixtureTime('10:19:45')]);
  assert.deepEqual(line(27).outcomes, ['repeated'], 'a duplicate by its own word');
  assert.deepEqual([line(28).flows[0]?.name, line(28).flows[0]?.connections], ['files.example.net', 0]);
});

test('CEF of a template has unknown bytes until the template is given', () => {
  assert.deepEqual([line(29).flows[0]?.bytesUp, line(29).flows[0]?.bytesDown], [-1, -1]);
  assert.equal(line(29).flows[0]?.startMs, fixtureTime('10:29:58'));
  const sentIn = line(29, { grammar: 'in=$bytes_sent out=$bytes_received' }).flows[0];
  assert.deepEqual([sentIn?.bytesUp, sentIn?.bytesDown], [800, 100]);
  const receivedIn = line(29, { grammar: 'proto=$proto in=$bytes_received out=$bytes_sent' }).flows[0];
  assert.deepEqual([receivedIn?.bytesUp, receivedIn?.bytesDown], [100, 800]);
});

test('a template that does not tell the bytes is refused with its text', () => {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const made = findLogFormat('paloalto')?.createParser({ grammar: 'src=$src', zone: zone.value, nowMs: 0 });
  assert.ok(made !== undefined && !made.ok);
  assert.equal(made.fault.code, 'grammar_invalid');
  assert.match(made.fault.message, /`src=\$src`/u);
});

test('JSON of the logging service and of HTTP profiles has the same fields under other names', () => {
  const [flow] = line(30).flows;
  assert.deepEqual(
    [flow?.client, flow?.address, flow?.bytesUp, flow?.bytesDown],
    ['10.20.0.41', '203.0.113.41', 611, 7222],
  );
  assert.deepEqual([flow?.startMs, flow?.endMs], [fixtureTime('10:39:31'), fixtureTime('10:40:00')]);
  assert.deepEqual(
    [line(31).flows[0]?.name, line(31).flows[0]?.startMs],
    ['login.example.org', fixtureTime('10:41:00')],
  );
});

test('a date in the order of a country and negative bytes are refused', () => {
  assert.deepEqual([...line(12).outcomes, ...line(13).outcomes], ['bad_time', 'bad_number']);
});

test('no line makes the parser throw', () => assertParserNeverThrows('paloalto', fixture));
