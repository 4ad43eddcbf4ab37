import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Collected,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const plainFixture = readFixture('dnsmasq.log');
const extraFixture = readFixture('dnsmasq-extra.log');
const leaseFixture = readFixture('dnsmasq.leases');
const plain = collectObservations('dnsmasq', plainFixture);
const extra = collectObservations('dnsmasq', extraFixture);

/** Of every observation of a name: client, type, code, addresses, aliases, denied; in order. */
function toldOf({ answers }: Collected, name: string) {
  return answers
    .filter((answer) => answer.name === name)
    .map(({ client, type, code, addresses, aliases, isDenied }) => [
      client,
      type,
      code,
      addresses?.map(({ address }) => address) ?? null,
      aliases,
      isDenied,
    ]);
}

function second(seconds: number): number {
  return Date.UTC(2026, 10, 27, 10, 0, seconds);
}

test('a question counts for its client, and its answer is not known yet', () => {
  assert.deepEqual(plain.answers[0], {
    timeMs: second(1),
    client: '192.168.1.10',
    name: 'www.shop.example',
    type: 'A',
    code: null,
    addresses: null,
    aliases: [],
    isDenied: false,
    resolver: null,
  });
});

test('an answer from outside has no client, and is named by the head of its chain', () => {
  const chain = ['cdn.example.net', 'pop.cdn.example.net'];
  assert.deepEqual(toldOf(plain, 'www.shop.example'), [
    ['192.168.1.10', 'A', null, null, [], false],
    [null, 'A', 'NOERROR', ['203.0.113.5'], chain, false],
    [null, 'A', 'NOERROR', ['203.0.113.6'], chain, false],
    ['192.168.1.12', 'AAAA', null, null, [], false],
    // From the cache, right after the question: the client is known.
    ['192.168.1.12', 'AAAA', 'NOERROR', ['2001:db8:30::5'], chain, false],
  ]);
  assert.deepEqual(toldOf(plain, 'pop.cdn.example.net'), []);
});

test('an answer after that of a chain belongs to its own name', () => {
  assert.deepEqual(toldOf(plain, 'api.example.com'), [
    ['192.168.1.11', 'A', null, null, [], false],
    [null, 'A', 'NOERROR', ['203.0.113.7'], [], false],
    [null, 'A', 'NOERROR', ['203.0.113.7'], [], false],
  ]);
});

test('what Pi-hole blocks is denied for the client that asked, without the address in its place', () => {
  assert.deepEqual(toldOf(plain, 'ads.example')[1], ['192.168.1.12', 'A', 'NOERROR', [], [], true]);
  assert.deepEqual(toldOf(plain, 'tracker.example')[1], ['192.168.1.12', 'HTTPS', 'NOERROR', [], [], true]);
  assert.deepEqual(toldOf(plain, 'exact.example')[1], ['192.168.1.12', 'A', 'NOERROR', [], [], true]);
  assert.deepEqual(toldOf(plain, 'use-application-dns.example')[1], [
    '192.168.1.12',
    'HTTPS',
    'NXDOMAIN',
    [],
    [],
    true,
  ]);
});

test('a name that is blocked behind an alias is denied under the name that was asked', () => {
  assert.deepEqual(toldOf(plain, 'alias.example'), [
    ['192.168.1.12', 'A', null, null, [], false],
    [null, 'ANY', 'NOERROR', [], ['tracker.example'], true],
  ]);
});

test('hosts files and configuration answer or block', () => {
  assert.deepEqual(toldOf(plain, 'nas.home.example')[1], ['192.168.1.12', 'A', 'NOERROR', ['192.168.1.2'], [], false]);
  assert.deepEqual(toldOf(plain, 'listed.example')[1], ['192.168.1.12', 'A', 'NOERROR', [], [], true]);
  assert.deepEqual(toldOf(plain, 'local.example')[1], ['192.168.1.12', 'A', 'NXDOMAIN', [], [], true]);
});

test('empty answers have a code and no addresses', () => {
  assert.deepEqual(toldOf(plain, 'nowhere.example'), [[null, 'ANY', 'NXDOMAIN', [], [], false]]);
  assert.deepEqual(toldOf(plain, 'four.example'), [[null, 'AAAA', 'NOERROR', [], [], false]]);
});

test('with log-queries=extra interleaved answers go to the client that asked', () => {
  assert.deepEqual(toldOf(extra, 'www.shop.example'), [
    ['192.168.1.10', 'A', null, null, [], false],
    ['192.168.1.10', 'A', 'NOERROR', ['203.0.113.5'], ['edge.example.net'], false],
  ]);
  // The case of a question may be mixed by those who ask; its answer may come in lower case.
  assert.deepEqual(toldOf(extra, 'Other.Shop.example'), [
    ['192.168.1.11', 'A', null, null, [], false],
    ['192.168.1.11', 'A', 'NOERROR', ['203.0.113.6'], ['edge.example.net'], false],
  ]);
  assert.deepEqual(toldOf(extra, 'v6.example')[1], ['2001:db8:20::7', 'AAAA', 'NOERROR', [], [], false]);
});

test('with log-queries=extra an error goes to the name of its question', () => {
  assert.deepEqual(toldOf(extra, 'broken.example')[1], ['192.168.1.12', 'A', 'SERVFAIL', [], [], false]);
  assert.deepEqual(toldOf(extra, 'limited.example')[1], ['192.168.1.12', 'A', 'REFUSED', [], [], true]);
});

test('a number that comes again after a restart is a new question', () => {
  assert.deepEqual(toldOf(extra, 'restarted.example')[1], ['192.168.1.10', 'A', 'NOERROR', ['203.0.113.9'], [], false]);
});

test('a lease of the log has a start, with the MAC for hosts without a name', () => {
  assert.deepEqual(plain.leases, [
    { address: '192.168.1.10', holder: 'laptop', kind: 'host', fromMs: second(18), untilMs: null, origin: 'dhcp' },
    {
      address: '192.168.1.13',
      holder: '02:00:5e:00:53:13',
      kind: 'host',
      fromMs: second(19),
      untilMs: null,
      origin: 'dhcp',
    },
    { address: '2001:db8:20::10', holder: 'laptop', kind: 'host', fromMs: second(20), untilMs: null, origin: 'dhcp' },
  ]);
});

test('a lease of the file has an end, unless it is endless or written as a length', () => {
  const { leases, outcomes } = collectObservations('dnsmasq', leaseFixture);
  assert.deepEqual(
    leases.map(({ address, holder, fromMs, untilMs }) => [address, holder, fromMs, untilMs]),
    [
      ['192.168.1.10', 'laptop', null, 1_795_860_000_000],
      ['192.168.1.11', '02:00:5e:00:53:11', null, 1_795_860_060_000],
      ['192.168.1.12', 'printer', null, null],
      ['192.168.1.13', 'camera', null, null],
      ['2001:db8:20::10', 'laptop', null, 1_795_860_120_000],
      ['2001:db8:20::11', '00:01:00:01:2a:3b:4c:5d:02:00:5e:00:53:11', null, 1_795_860_180_000],
    ],
  );
  assert.deepEqual(outcomes, ['header', ...Array<string>(6).fill('taken')]);
});

test('every line of the plain log has the outcome that it should have', () => {
  assert.deepEqual(plain.outcomes, [
    ...['not_network', 'not_network'],
    ...['taken', 'repeated', 'taken', 'repeated', 'repeated', 'repeated', 'taken', 'taken', 'taken'],
    ...['taken', 'repeated', 'repeated', 'taken'],
    ...Array<string>(14).fill('taken'),
    ...['taken', 'taken', 'repeated', 'repeated', 'no_destination'],
    ...['taken', 'repeated', 'repeated', 'taken'],
    ...['repeated', 'repeated', 'taken'],
    ...['not_network', 'taken', 'taken', 'taken', 'not_network', 'other_format'],
  ]);
});

test('every line of the extra log has the outcome that it should have', () => {
  assert.deepEqual(extra.outcomes, [
    // Its question was before the start of the log: this name may be the end of a chain.
    'no_destination',
    ...['taken', 'repeated', 'taken', 'repeated', 'repeated', 'repeated', 'taken', 'taken'],
    ...['taken', 'taken', 'taken', 'taken', 'taken', 'taken'],
    ...['repeated', 'no_destination'],
    ...['taken', 'repeated', 'taken', 'taken'],
  ]);
});

test('a time without a year is of the year before where it would lie ahead, in the zone that ingest was told', () => {
  const text = 'Dec 31 23:30:00 dnsmasq[812]: query[A] a.example from 192.168.1.10';
  const { answers } = collectObservations('dnsmasq', text, { timezone: 'America/New_York' });
  assert.equal(answers[0]?.timeMs, Date.UTC(2026, 0, 1, 4, 30));
});

test('a line without a time is refused', () => {
  assert.deepEqual(
    collectObservations(
      'dnsmasq',
      'dnsmasq[812]: query[A] a.example from 192.168.1.10\ndnsmasq-dhcp[812]: DHCPACK(br0) 192.168.1.10 02:00:5e:00:53:10',
    ).outcomes,
    ['bad_time', 'bad_time'],
  );
});

test('questions that are never answered are forgotten, oldest first', () => {
  const lines = Array.from(
    { length: 4097 },
    (_, i) => `Nov 27 10:00:01 dnsmasq[812]: ${i} 192.168.1.10/51235 query[A] n${i}.example from 192.168.1.10`,
  );
  lines.push('Nov 27 10:00:02 dnsmasq[812]: 0 192.168.1.10/51235 reply n0.example is 203.0.113.1');
  lines.push('Nov 27 10:00:02 dnsmasq[812]: 1 192.168.1.10/51235 reply n1.example is 203.0.113.2');
  const { outcomes } = collectObservations('dnsmasq', lines.join('\n'));
  assert.deepEqual(outcomes.slice(-2), ['no_destination', 'taken']);
});

test('an alias that never ends is cut', () => {
  const lines = ['Nov 27 10:00:01 dnsmasq[812]: query[A] a.example from 192.168.1.10'];
  for (let i = 0; i < 40; i++) lines.push(`Nov 27 10:00:01 dnsmasq[812]: reply n${i}.example is <CNAME>`);
  lines.push('Nov 27 10:00:01 dnsmasq[812]: reply end.example is 203.0.113.1');
  const { answers } = collectObservations('dnsmasq', lines.join('\n'));
  assert.equal(answers[1]?.name, 'n0.example');
  assert.equal(answers[1]?.aliases.length, 16);
});

test('detection chooses this format for its own logs', () => {
  for (const text of [plainFixture, extraFixture, leaseFixture]) assert.equal(scoresOf(text)[0]?.[0], 'dnsmasq');
});

test('no text makes it throw', () => {
  for (const text of [plainFixture, extraFixture, leaseFixture]) assertParserNeverThrows('dnsmasq', text);
});
