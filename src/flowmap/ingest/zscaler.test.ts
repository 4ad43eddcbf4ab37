import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { fixtureLines, fixtureTime } from '../../../test/support/fixture-lines.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';
import { createLocalZone, findLogFormat } from '../index.ts';

const { fixture, whole, line, flow, counts } = fixtureLines('zscaler', 'zscaler.ndjson');
const template =
  '%s{time}\\t%s{elogin}\\t%s{cip}\\t%s{ehost}\\t%s{sip}\\t%s{proto}\\t%s{action}\\t%d{reqsize}\\t%d{respsize}\\n';

test('the fixture is taken for what it is, and each line has its outcome', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['zscaler'],
  );
  assert.deepEqual(counts(), {
    taken: 21,
    challenge: 1,
    bad_time: 1,
    bad_number: 2,
    not_network: 1,
    other_format: 1,
  });
});

test('a web record has the size of the request going up and that of the response coming down', () => {
  assert.deepEqual(line(1).flows, [
    {
      startMs: fixtureTime('10:00:01'),
      endMs: fixtureTime('10:00:01'),
      client: '10.70.0.11',
      user: 'jane@example.com',
      service: '',
      address: '203.0.113.10',
      name: 'api.example.com',
      nameKind: 'url',
      port: 443,
      protocol: 6,
      application: 'tls',
      bytesUp: 948,
      bytesDown: 758,
      connections: 1,
      isDenied: false,
      isReply: false,
      initiator: 'stated',
      vantage: 'only',
      sampledOneIn: 1,
    },
  ]);
});

test('the envelope may be gone, and the zone is the one that was named', () => {
  assert.equal(flow(12).name, 'bare.example.com');
  const inBerlin = line(1, { timezone: 'Europe/Berlin' });
  assert.equal(inBerlin.flows[0]?.startMs, fixtureTime('09:00:01'));
  assert.equal(flow(9).startMs, fixtureTime('10:00:09'), 'the epoch of the record has its own zone');
});

test('names, kinds and ports follow what was spoken', () => {
  assert.deepEqual(
    [2, 3, 4, 5, 8].map((number) => {
      const { name, nameKind, port, application } = flow(number);
      return [name, nameKind, port, application];
    }),
    [
      ['pinned.example.org', 'sni', 443, 'tls'],
      ['www.example.net', 'url', 80, 'http'],
      ['www.example.net', 'url', 8080, 'http'],
      ['git.example.com', 'connect', 22, 'tunnel'],
      ['fallback.example.com', 'url', 443, 'tls'],
    ],
  );
});

test('percent-encoding is undone, and words for nothing are nothing', () => {
  assert.equal(flow(2).user, 'Road Warrior');
  assert.equal(flow(8).user, '');
  assert.equal(flow(6).address, '', 'a blocked request went to no server');
});

test('blocked requests are denied, and a challenge for credentials is no request', () => {
  assert.equal(flow(6).isDenied, true);
  assert.deepEqual(line(7).outcomes, ['challenge']);
});

test('times and sizes that cannot be read are refused', () => {
  assert.deepEqual(
    [10, 11, 18].flatMap((number) => line(number).outcomes),
    ['bad_time', 'bad_number', 'bad_number'],
  );
});

test('a firewall record has outbound bytes going up', () => {
  const { client, address, port, protocol, application, bytesUp, bytesDown, startMs, endMs, connections } = flow(13);
  assert.deepEqual([client, address, port, protocol, application], ['10.70.0.12', '203.0.113.20', 443, 6, 'tls']);
  assert.deepEqual([bytesUp, bytesDown, connections], [5894, 3367, 1]);
  assert.deepEqual([startMs, endMs], [fixtureTime('10:00:48'), fixtureTime('10:01:00')]);
});

test('an aggregate stands for its sessions, and says nothing of when they began', () => {
  assert.deepEqual([flow(14).connections, flow(14).startMs], [6, fixtureTime('10:01:00')]);
});

test('a dropped session has the address that the client dialled', () => {
  assert.deepEqual([flow(15).address, flow(15).port, flow(15).isDenied], ['203.0.113.21', 25, true]);
  assert.deepEqual([flow(16).name, flow(16).nameKind, flow(16).application], ['ns.example.org', 'host', 'dns']);
  assert.deepEqual([flow(17).port, flow(17).protocol], [0, 1]);
});

test('DNS records have an answer where it is an address, and none where there was none', () => {
  const common = { timeMs: fixtureTime('10:02:00'), client: '10.70.0.13', aliases: [], resolver: '10.70.0.53' };
  const answer = (address: string) => [{ address, ttlSeconds: null }];
  assert.deepEqual(whole.answers, [
    {
      ...common,
      name: 'api.example.com',
      type: 'A',
      code: 'NOERROR',
      addresses: answer('203.0.113.10'),
      isDenied: false,
    },
    {
      ...common,
      name: 'api.example.com',
      type: 'AAAA',
      code: 'NOERROR',
      addresses: answer('2001:db8::10'),
      isDenied: false,
    },
    { ...common, name: 'gone.example.com', type: 'A', code: 'NXDOMAIN', addresses: [], isDenied: false },
    { ...common, name: 'empty.example.com', type: 'A', code: null, addresses: [], isDenied: false },
    { ...common, name: 'ads.example.net', type: 'A', code: null, addresses: null, isDenied: true },
    { ...common, name: 'www.example.org', type: 'A', code: null, addresses: null, isDenied: false },
  ]);
});

test('the tab-parted template of the vendor has the same keys', () => {
  const { name, bytesUp, bytesDown, startMs } = flow(26);
  assert.deepEqual([name, bytesUp, bytesDown, startMs], ['kv.example.com', 100, 200, fixtureTime('10:04:00')]);
});

test('a template of the user is compiled, and a line that does not fit it is refused', () => {
  const { flows, outcomes } = collectObservations('zscaler', readFixture('zscaler-template.log'), {
    grammar: template,
  });
  assert.deepEqual(outcomes, ['taken', 'taken', 'other_format']);
  assert.deepEqual(
    flows.map(({ startMs, name, address, bytesUp, bytesDown, isDenied }) => [
      startMs,
      name,
      address,
      bytesUp,
      bytesDown,
      isDenied,
    ]),
    [
      [fixtureTime('10:10:00'), 'files.example.com', '203.0.113.40', 120, 4500, false],
      [fixtureTime('10:10:01'), 'ads.example.net', '', 120, 0, true],
    ],
  );
});

test('a template may put the time together, quote fields and be of firewall records', () => {
  const grammar =
    '%04d{yyyy}-%02d{mth}-%02d{dd} %02d{hh}:%02d{mm}:%02d{ss} "%s{csip}" -> "%s{cdip}:%d{cdport}" out=%ld{outbytes} in=%ld{inbytes} %s{action}';
  const text = '2026-11-27 10:20:05 "10.70.0.9" -> "203.0.113.60:8443" out=12 in=34 Allow';
  const [found] = collectObservations('zscaler', text, { grammar }).flows;
  assert.deepEqual(
    [found?.startMs, found?.client, found?.address, found?.port],
    [fixtureTime('10:20:05'), '10.70.0.9', '203.0.113.60', 8443],
  );
  assert.deepEqual([found?.bytesUp, found?.bytesDown], [12, 34]);
});

test('a template of JSON is read by its keys, whether the envelope is there or not', () => {
  const grammar =
    '\\{"sourcetype":"own","event":\\{"when":"%s{time}","who":"%s{elogin}","host":"%s{ehost}","up":"%d{reqsize}","down":"%d{respsize}"\\}\\}';
  const event = '{"host":"json.example.com","when":"Fri Nov 27 10:30:00 2026","who":"jane","up":"7","down":8}';
  for (const text of [event, `{"sourcetype":"own","event":${event}}`]) {
    const [found] = collectObservations('zscaler', text, { grammar }).flows;
    assert.deepEqual([found?.name, found?.user, found?.bytesUp, found?.bytesDown], ['json.example.com', 'jane', 7, 8]);
    assert.equal(found?.startMs, fixtureTime('10:30:00'));
  }
});

const faults: readonly (readonly [what: string, grammar: string, message: RegExp])[] = [
  ['without a field', 'time,host', /`time,host` has no field/],
  ['with two fields that touch', '%s{time}%s{ehost}', /`time` and `ehost` of the template touch/],
  ['without a time', '%s{ehost}\\t%s{cip}', /`.*` has no time/],
  ['without a destination', '%s{time}\\t%s{cip}', /`.*` has no destination/],
];
for (const [what, grammar, message] of faults) {
  test(`a template ${what} is refused`, () => {
    const zone = createLocalZone('UTC');
    assert.ok(zone.ok);
    const made = findLogFormat('zscaler')?.createParser({ grammar, zone: zone.value, nowMs: 0 });
    assert.ok(made !== undefined && !made.ok);
    assert.equal(made.fault.code, 'grammar_invalid');
    assert.match(made.fault.message, message);
  });
}

test('no line makes the parser throw', () => assertParserNeverThrows('zscaler', fixture));

test('no template and no line under a template makes the parser throw', () => {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const options = { zone: zone.value, nowMs: 0 };
  const piece = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('%s{time}', '%d{reqsize}', '%s{', '\\{', '"a":"%s{host}"', '\\t'),
  );
  const templates = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(templates, fc.string(), (grammar, text) => {
      findLogFormat('zscaler')?.createParser({ ...options, grammar });
      collectObservations('zscaler', text, { grammar: template });
    }),
  );
});
