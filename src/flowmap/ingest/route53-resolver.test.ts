import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('route53-resolver.log');
const { answers, outcomes } = collectObservations('route53-resolver', fixture);

function answerTo(name: string, type = 'A') {
  const found = answers.find((answer) => answer.name === name && answer.type === type);
  assert.ok(found !== undefined, `no answer to ${name} ${type}`);
  return found;
}

test('a question is named by what was asked, with the chain and the addresses behind it', () => {
  assert.deepEqual(answerTo('api.payments.example.'), {
    timeMs: Date.UTC(2026, 10, 27, 8, 15, 0),
    client: '10.20.1.15',
    name: 'api.payments.example.',
    type: 'A',
    code: 'NOERROR',
    addresses: [
      { address: '203.0.113.10', ttlSeconds: null },
      { address: '203.0.113.11', ttlSeconds: null },
    ],
    aliases: ['edge.cdn.example.net.', 'pop7.cdn.example.net.'],
    isDenied: false,
    resolver: null,
    service: 'i-0aaa1111bbbb2222c',
  });
});

test('an empty answer is known to be empty, of whatever type', () => {
  assert.deepEqual(answerTo('api.payments.example.', 'AAAA').addresses, []);
  assert.deepEqual(answerTo('broken.example.com.').addresses, []);
  assert.equal(answerTo('broken.example.com.').code, 'SERVFAIL');
  assert.deepEqual(answerTo('svc.example.org.', 'HTTPS').addresses, []);
  assert.deepEqual(answerTo('9.113.0.203.in-addr.arpa.', 'PTR').addresses, []);
});

test('a time with nanoseconds keeps its milliseconds', () => {
  assert.equal(answerTo('v6.example.org.', 'AAAA').timeMs, Date.UTC(2026, 10, 27, 8, 15, 2, 123));
  assert.deepEqual(answerTo('v6.example.org.', 'AAAA').addresses, [{ address: '2001:db8:7::9', ttlSeconds: null }]);
  assert.equal(answerTo('v6.example.org.', 'AAAA').service, null);
});

test('what the firewall blocks or overrides is denied, and the address put in its place is not the name’s', () => {
  for (const [name, code] of [['malware.example.', 'NXDOMAIN'] as const, ['phish.example.', 'NOERROR'] as const]) {
    const answer = answerTo(name);
    assert.equal(answer.isDenied, true);
    assert.equal(answer.code, code);
    assert.deepEqual(answer.addresses, []);
    assert.deepEqual(answer.aliases, []);
  }
});

test('an alert lets the answer through', () => {
  assert.equal(answerTo('odd.example.').isDenied, false);
  assert.deepEqual(answerTo('odd.example.').addresses, [{ address: '203.0.113.77', ttlSeconds: null }]);
});

test('a question by an inbound endpoint names the endpoint and no instance', () => {
  assert.equal(answerTo('files.example.com.').resolver, 'rslvr-in-0303030303030303');
  assert.equal(answerTo('files.example.com.').service, null);
  assert.equal(answerTo('files.example.com.').client, '192.168.4.53');
});

test('answers that are none are left out of a list that has others', () => {
  assert.deepEqual(answerTo('Mixed.Case.Example.COM.').addresses, [{ address: '203.0.113.30', ttlSeconds: null }]);
});

test('a record in a CloudWatch export is read with the time of the question', () => {
  assert.equal(answerTo('wrapped.example.com.').timeMs, Date.UTC(2026, 10, 27, 8, 15, 20));
});

test('every line has the outcome that it should have', () => {
  assert.deepEqual(outcomes, [
    ...Array<string>(9).fill('taken'),
    // The search domain of the VPC was put behind a name that is told by its own record.
    'repeated',
    'taken',
    'not_network',
    'taken',
    'bad_time',
    'bad_fields',
    'bad_json',
    'other_format',
    'taken',
    'taken',
    'taken',
  ]);
});

test('detection chooses this format for its own log', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'route53-resolver');
  assert.deepEqual(scoresOf('{"query_name":"a.example.","rcode":"NOERROR"}'), []);
});

test('no text makes it throw', () => {
  assertParserNeverThrows('route53-resolver', fixture);
});
