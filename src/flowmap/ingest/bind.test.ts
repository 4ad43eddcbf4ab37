import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('bind.log');
const infobloxFixture = readFixture('bind-infoblox.log');
const classic = collectObservations('bind', fixture);
const infoblox = collectObservations('bind', infobloxFixture);

function answerTo({ answers }: typeof classic, name: string, type = 'A') {
  const found = answers.find((answer) => answer.name === name && answer.type === type);
  assert.ok(found !== undefined, `no answer to ${name} ${type}`);
  return found;
}

test('a line of the query log has client, name, type and resolver, and cannot tell answers', () => {
  assert.deepEqual(answerTo(classic, 'docs.example.com', 'AAAA'), {
    timeMs: Date.UTC(2026, 10, 27, 10, 0, 0, 123),
    client: '192.0.2.70',
    name: 'docs.example.com',
    type: 'AAAA',
    code: null,
    addresses: null,
    aliases: [],
    isDenied: false,
    resolver: '192.0.2.53',
  });
});

test('old lines without an object, views, keys, client subnets and escaped names are read', () => {
  assert.equal(answerTo(classic, 'ipv6.example.org').client, '192.0.2.66');
  assert.equal(answerTo(classic, 'www.example.net', 'HTTPS').client, '2001:db8:20::7');
  assert.equal(answerTo(classic, 'www.example.net', 'HTTPS').resolver, '2001:db8:20::53');
  assert.equal(answerTo(classic, 'old.example.com', 'MX').client, '192.0.2.66');
  assert.equal(answerTo(classic, 'signed.example.com').timeMs, Date.UTC(2026, 10, 27, 10, 0, 4, 500));
  assert.equal(answerTo(classic, 'syslog.example.com').timeMs, Date.UTC(2026, 10, 27, 10, 0, 5));
  assert.equal(answerTo(classic, 'escaped\\(name\\).example.com').client, '192.0.2.66');
  assert.equal(answerTo(classic, 'numbered.example.com', 'HTTPS').client, '192.0.2.70');
});

test('named writes the time of its own zone', () => {
  const summer = '27-Jul-2026 10:00:00.000 client 192.0.2.7#53210 (a.example): query: a.example IN A + (192.0.2.53)';
  const { answers } = collectObservations('bind', summer, { timezone: 'Europe/Berlin' });
  assert.equal(answers[0]?.timeMs, Date.UTC(2026, 6, 27, 8));
});

test('a hit of a response policy zone is denied with the code that the client gets', () => {
  const { code, isDenied, addresses, client } = answerTo(classic, 'bad.example');
  assert.deepEqual(
    { code, isDenied, addresses, client },
    { code: 'NXDOMAIN', isDenied: true, addresses: [], client: '192.0.2.70' },
  );
  // Old versions leave out the type.
  assert.equal(answerTo(classic, 'old-bad.example', 'ANY').isDenied, true);
  assert.equal(answerTo(classic, 'old-bad.example', 'ANY').code, 'NOERROR');
});

test('a hit that lets pass or is only noted is no denial', () => {
  assert.equal(
    classic.answers.some(({ name }) => name === 'fine.example' || name === 'noted.example'),
    false,
  );
});

test('a client that may not ask is denied', () => {
  const { isDenied, code, client } = answerTo(classic, 'any.example.com', 'ANY');
  assert.deepEqual({ isDenied, code, client }, { isDenied: true, code: 'REFUSED', client: '198.51.100.9' });
});

test('every line of BIND has the outcome that it should have', () => {
  assert.deepEqual(classic.outcomes, [
    ...Array<string>(9).fill('taken'),
    'repeated',
    'repeated',
    'taken',
    'repeated',
    'not_network',
    'not_network',
    'not_network',
    'bad_time',
    'bad_time',
    'taken',
    'other_format',
  ]);
});

test('a response of Infoblox names addresses with their TTL', () => {
  assert.deepEqual(answerTo(infoblox, 'app.example.com'), {
    timeMs: Date.UTC(2026, 10, 27, 10, 0, 0, 329),
    client: '10.1.1.3',
    name: 'app.example.com',
    type: 'A',
    code: 'NOERROR',
    addresses: [
      { address: '203.0.113.14', ttlSeconds: 60 },
      { address: '203.0.113.89', ttlSeconds: 60 },
    ],
    aliases: [],
    isDenied: false,
    resolver: null,
  });
});

test('a chain is named by the queried name', () => {
  const { addresses, aliases } = answerTo(infoblox, 'www.example.org');
  assert.deepEqual(addresses, [{ address: '203.0.113.173', ttlSeconds: 17 }]);
  assert.deepEqual(aliases, ['www.cdn.example.net.', 'pop.cdn.example.net.']);
});

test('empty answers, misses and refusals keep their code', () => {
  assert.deepEqual(answerTo(infoblox, 'app.example.com', 'AAAA').addresses, []);
  assert.equal(answerTo(infoblox, 'nowhere.example.com').code, 'NXDOMAIN');
  assert.equal(answerTo(infoblox, 'secret.example.com').isDenied, true);
  assert.deepEqual(answerTo(infoblox, 'host.example.com', 'AAAA').addresses, [
    { address: '2001:db8:30::1', ttlSeconds: 300 },
  ]);
});

test('a text record cannot pass off an address', () => {
  assert.deepEqual(answerTo(infoblox, 'txt.example.com', 'TXT').addresses, []);
});

test('answer lines and the counts of newer versions are read', () => {
  assert.deepEqual(answerTo(infoblox, 'q.example.com').addresses, [{ address: '203.0.113.21', ttlSeconds: 0 }]);
  assert.equal(answerTo(infoblox, 'counted.example.com').addresses, null);
  assert.equal(answerTo(infoblox, 'counted.example.com').code, 'NOERROR');
});

test('CEF of Infoblox tells refusals and responses', () => {
  const hit = answerTo(infoblox, 'cef-bad.example');
  assert.deepEqual([hit.isDenied, hit.client, hit.code], [true, '10.1.1.5', 'NXDOMAIN']);
  assert.equal(hit.timeMs, Date.UTC(2026, 10, 27, 10, 0, 10));
  const response = answerTo(infoblox, 'dc.example.net');
  assert.deepEqual(response.addresses, [{ address: '203.0.113.31', ttlSeconds: 3600 }]);
  assert.deepEqual([response.client, response.resolver], ['10.1.1.6', '10.1.1.53']);
  assert.equal(answerTo(infoblox, '_ldap._tcp.example.net', 'SRV').addresses, null);
});

test('a TTL that is no number is not known', () => {
  assert.deepEqual(answerTo(infoblox, 'big.example.com').addresses, [{ address: '203.0.113.55', ttlSeconds: null }]);
});

test('every line of Infoblox has the outcome that it should have', () => {
  assert.deepEqual(infoblox.outcomes, [
    ...Array<string>(11).fill('taken'),
    'repeated',
    'taken',
    'taken',
    'bad_fields',
    'not_network',
    'not_network',
    'repeated',
    'taken',
    'not_network',
  ]);
});

test('detection chooses this format for its own logs', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'bind');
  assert.equal(scoresOf(infobloxFixture)[0]?.[0], 'bind');
});

test('no text makes it throw', () => {
  assertParserNeverThrows('bind', fixture);
  assertParserNeverThrows('bind', infobloxFixture);
});
