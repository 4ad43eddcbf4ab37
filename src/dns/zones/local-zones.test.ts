import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsTypes, rcodes, readPlainName } from '../../wire/index.ts';
import { createLocalZones, type LocalAnswer, type LocalZones } from './local-zones.ts';
import { type ParsedZone, parseZone } from './parse-zone.ts';

function zoneOf(origin: string, ...lines: readonly string[]): ParsedZone {
  const zone = parseZone(['$TTL 300', `@ SOA ns admin 1 2 3 4 60`, ...lines].join('\n'), { origin, path: 'zone' });
  assert.ok(zone.ok, zone.ok ? '' : zone.fault.message);
  return zone.value;
}

const corp = zoneOf(
  'corp.example',
  '@ NS ns',
  '@ A 192.0.2.1',
  'ns A 192.0.2.2',
  'www A 192.0.2.3',
  'www A 192.0.2.4',
  'alias CNAME www',
  'twice CNAME alias',
  'out CNAME Www.Example.org.',
  'gone CNAME nowhere',
  'circle CNAME circle2',
  'circle2 CNAME circle',
  'other CNAME host.lab.example.',
  '*.wild A 192.0.2.5',
  'there.wild TXT x',
  'deep.there.wild A 192.0.2.6',
  '*.star CNAME www',
  'a.b.c A 192.0.2.7',
  'moved DNAME new',
  'x.new A 192.0.2.8',
  'away DNAME example.net.',
  `long DNAME ${`${'l'.repeat(60)}.`.repeat(4)}`,
  'txt TXT "hello"',
);
const zones = createLocalZones([
  corp,
  zoneOf('lab.example', 'host A 192.0.2.9'),
  zoneOf('sub.corp.example', 'a A 192.0.2.10'),
]);

/** An answer in a line: the code, then each record as its type and data. */
function told(answer: LocalAnswer | null): string {
  if (answer === null) return 'not ours';
  const records = answer.answers.map(({ name, type, data }) => {
    const value = type === dnsTypes.a ? data.join('.') : (readPlainName(data, 0)?.text ?? `${data.length} bytes`);
    return `${name} ${type} ${value}`;
  });
  const soa = answer.authorities.map(({ name, ttl }) => `SOA ${name} ${ttl}`);
  const target = answer.target === null ? [] : [`then ${answer.target}`];
  return [String(answer.rcode), ...records, ...soa, ...target].join(', ');
}

test('questions about local zones are answered with authority', () => {
  const { a, txt, aaaa, cname, any, soa, dname } = dnsTypes;
  const noData = '0, SOA corp.example 60';
  const noName = '3, SOA corp.example 60';
  const rows: readonly (readonly [string, number, string])[] = [
    ['www.corp.example', a, '0, www.corp.example 1 192.0.2.3, www.corp.example 1 192.0.2.4'],
    ['corp.example', a, '0, corp.example 1 192.0.2.1'],
    ['www.corp.example', aaaa, noData],
    ['none.corp.example', a, noName],
    ['below.www.corp.example', a, noName],
    ['example', a, 'not ours'],
    ['xcorp.example', a, 'not ours'],
    ['www.example.com', a, 'not ours'],
    ['corp.example', soa, '0, corp.example 6 ns.corp.example'],
    // CNAME inside the zone, out of it, into another one, to nothing, round in circles.
    ['alias.corp.example', cname, '0, alias.corp.example 5 www.corp.example'],
    [
      'twice.corp.example',
      a,
      '0, twice.corp.example 5 alias.corp.example, alias.corp.example 5 www.corp.example, www.corp.example 1 192.0.2.3, www.corp.example 1 192.0.2.4',
    ],
    ['alias.corp.example', txt, `0, alias.corp.example 5 www.corp.example, SOA corp.example 60`],
    ['out.corp.example', a, '0, out.corp.example 5 Www.Example.org, then www.example.org'],
    ['gone.corp.example', a, '3, gone.corp.example 5 nowhere.corp.example, SOA corp.example 60'],
    [
      'circle.corp.example',
      a,
      '0, circle.corp.example 5 circle2.corp.example, circle2.corp.example 5 circle.corp.example',
    ],
    ['other.corp.example', a, '0, other.corp.example 5 host.lab.example, host.lab.example 1 192.0.2.9'],
    // RFC 4592: the closest name that exists decides.
    ['x.wild.corp.example', a, '0, x.wild.corp.example 1 192.0.2.5'],
    ['x.y.wild.corp.example', a, '0, x.y.wild.corp.example 1 192.0.2.5'],
    ['wild.corp.example', a, noData],
    ['there.wild.corp.example', a, noData],
    ['x.there.wild.corp.example', a, noName],
    ['*.wild.corp.example', a, '0, *.wild.corp.example 1 192.0.2.5'],
    ['x.wild.corp.example', txt, noData],
    ['x.star.corp.example', cname, '0, x.star.corp.example 5 www.corp.example'],
    // Empty non-terminals exist.
    ['b.c.corp.example', a, noData],
    ['c.corp.example', a, noData],
    ['x.c.corp.example', a, noName],
    // RFC 6672.
    [
      'x.moved.corp.example',
      a,
      '0, moved.corp.example 39 new.corp.example, x.moved.corp.example 5 x.new.corp.example, x.new.corp.example 1 192.0.2.8',
    ],
    ['moved.corp.example', a, noData],
    ['moved.corp.example', dname, '0, moved.corp.example 39 new.corp.example'],
    [
      'a.b.away.corp.example',
      a,
      '0, away.corp.example 39 example.net, a.b.away.corp.example 5 a.b.example.net, then a.b.example.net',
    ],
    ['x.y.long.corp.example', a, '0, long.corp.example 39 '],
    [`${'y'.repeat(12)}.long.corp.example`, a, '6'],
    // RFC 8482.
    ['txt.corp.example', any, '0, txt.corp.example 16 hello'],
    // The longest zone answers.
    ['a.sub.corp.example', a, '0, a.sub.corp.example 1 192.0.2.10'],
    ['www.sub.corp.example', a, '3, SOA sub.corp.example 60'],
  ];
  for (const [name, type, expected] of rows) {
    const answer = told(zones.answer(name, type));
    if (expected.endsWith(' ')) assert.ok(answer.startsWith(expected), `${name} ${type}: ${answer}`);
    else assert.equal(answer.replace(/ 6 bytes$/, ' hello'), expected, `${name} ${type}`);
  }
});

test('reserved names are answered here unless they are configured or asked elsewhere', () => {
  const plain = createLocalZones([]);
  const own = createLocalZones([
    zoneOf('10.in-addr.arpa', '1.0.0 PTR host.corp.example.'),
    zoneOf('localhost', '@ A 127.0.0.1'),
  ]);
  const elsewhere = createLocalZones([], { forwarded: ['1.10.in-addr.arpa', 'home.arpa'] });
  const rows: readonly (readonly [LocalZones, string, number, string])[] = [
    [plain, 'localhost', dnsTypes.a, '0, SOA localhost 10800'],
    [plain, 'x.localhost', dnsTypes.a, '3, SOA localhost 10800'],
    [plain, 'invalid', dnsTypes.a, '3, SOA invalid 10800'],
    [plain, 'x.invalid', dnsTypes.a, '3, SOA invalid 10800'],
    [plain, 'x.onion', dnsTypes.a, '3, SOA onion 10800'],
    [plain, 'x.test', dnsTypes.a, 'not ours'],
    [plain, 'test', dnsTypes.a, 'not ours'],
    [plain, '1.0.0.10.in-addr.arpa', dnsTypes.ptr, '3, SOA 10.in-addr.arpa 10800'],
    [plain, '10.in-addr.arpa', dnsTypes.soa, '0, 10.in-addr.arpa 6 10.in-addr.arpa'],
    [plain, '1.1.31.172.in-addr.arpa', dnsTypes.ptr, '3, SOA 31.172.in-addr.arpa 10800'],
    [plain, '1.1.32.172.in-addr.arpa', dnsTypes.ptr, 'not ours'],
    [plain, '1.2.0.192.in-addr.arpa', dnsTypes.ptr, '3, SOA 2.0.192.in-addr.arpa 10800'],
    [plain, '1.8.b.d.0.1.0.0.2.ip6.arpa', dnsTypes.ptr, '3, SOA 8.b.d.0.1.0.0.2.ip6.arpa 10800'],
    [plain, 'x.home.arpa', dnsTypes.a, '3, SOA home.arpa 10800'],
    [plain, 'in-addr.arpa', dnsTypes.ptr, 'not ours'],
    [plain, '', dnsTypes.ns, 'not ours'],
    [own, '1.0.0.10.in-addr.arpa', dnsTypes.ptr, '0, 1.0.0.10.in-addr.arpa 12 host.corp.example'],
    [own, '2.0.0.10.in-addr.arpa', dnsTypes.ptr, '3, SOA 10.in-addr.arpa 60'],
    [own, 'localhost', dnsTypes.a, '0, localhost 1 127.0.0.1'],
    [own, 'x.168.192.in-addr.arpa', dnsTypes.ptr, '3, SOA 168.192.in-addr.arpa 10800'],
    [elsewhere, '9.1.10.in-addr.arpa', dnsTypes.ptr, 'not ours'],
    [elsewhere, '9.2.10.in-addr.arpa', dnsTypes.ptr, '3, SOA 10.in-addr.arpa 10800'],
    [elsewhere, 'x.home.arpa', dnsTypes.a, 'not ours'],
  ];
  for (const [from, name, type, expected] of rows)
    assert.equal(told(from.answer(name, type)), expected, `${name} ${type}`);
});

test('a zone at the root owns every name', () => {
  const root = createLocalZones([zoneOf('', '*.example A 192.0.2.1', '* A 192.0.2.2')]);
  assert.equal(told(root.answer('x.example', dnsTypes.a)), '0, x.example 1 192.0.2.1');
  assert.equal(told(root.answer('x.org', dnsTypes.a)), '0, x.org 1 192.0.2.2');
  assert.equal(root.answer('', dnsTypes.a)?.rcode, rcodes.noError);
});

test('a chain of aliases is followed for 16 links at most', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `n${index} CNAME n${index + 1}`);
  const answer = createLocalZones([zoneOf('corp.example', ...lines)]).answer('n0.corp.example', dnsTypes.a);
  assert.equal(answer?.answers.length, 16);
});
