import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('unbound.log');
const { answers, outcomes } = collectObservations('unbound', fixture);

/** What was replied to a question; the line of the question itself has no code. */
function answerTo(name: string, type = 'A') {
  const found = answers.filter((answer) => answer.name === name && answer.type === type && !isQuestion(answer));
  assert.equal(found.length, 1, `${found.length} answers to ${name} ${type}`);
  return found[0] as (typeof answers)[number];
}

const isQuestion = ({ name, code }: (typeof answers)[number]): boolean => name === 'www.example.com.' && code === null;

test('a reply tells client, name, type and code, and cannot tell answers', () => {
  assert.deepEqual(answerTo('www.example.com.'), {
    timeMs: Date.UTC(2026, 10, 27, 10, 0, 1),
    client: '192.0.2.7',
    name: 'www.example.com.',
    type: 'A',
    code: 'NOERROR',
    addresses: null,
    aliases: [],
    isDenied: false,
    resolver: null,
  });
  assert.equal(answerTo('www.example.com.', 'AAAA').client, '2001:db8:20::7');
  assert.equal(answerTo('nowhere.example.com.').code, 'NXDOMAIN');
});

test('log-destaddr tells which resolver answered', () => {
  assert.equal(answerTo('svc.example.org.', 'HTTPS').resolver, '192.0.2.53');
  assert.equal(answerTo('svc.example.org.', 'HTTPS').code, 'SERVFAIL');
});

test('epoch, ascii, ISO and syslog times are read', () => {
  assert.equal(answerTo('ascii.example.org.').timeMs, Date.UTC(2026, 10, 27, 10, 0, 5));
  assert.equal(answerTo('iso.example.org.').timeMs, Date.UTC(2026, 10, 27, 10, 0, 6, 250));
  assert.equal(answerTo('syslog.example.org.').timeMs, Date.UTC(2026, 10, 27, 10, 0, 7));
});

test('a local zone or a response policy that replaces the answer is a denial of what was asked', () => {
  for (const [name, code, type] of [
    ['tracker.ads.example.', 'NXDOMAIN', 'A'],
    ['sink.example.', 'NOERROR', 'A'],
    ['cnc.bad.example.', 'NXDOMAIN', 'A'],
    ['drop.example.', null, 'AAAA'],
  ] as const) {
    const answer = answerTo(name, type);
    assert.deepEqual([answer.isDenied, answer.code, answer.addresses], [true, code, []], name);
  }
  assert.equal(answerTo('cnc.bad.example.').client, '192.0.2.9');
});

test('a refused reply is denied', () => {
  assert.deepEqual(
    [answerTo('refused.example.com.').isDenied, answerTo('refused.example.com.').code],
    [true, 'REFUSED'],
  );
});

test('every line has the outcome that it should have', () => {
  assert.deepEqual(outcomes, [
    'not_network',
    'not_network',
    // The question and its reply are told each.
    ...Array<string>(9).fill('taken'),
    // A local zone that lets through.
    'repeated',
    'taken',
    'taken',
    'repeated',
    'taken',
    'no_destination',
    'not_network',
    'taken',
    'repeated',
    'taken',
    'bad_time',
    'other_format',
  ]);
});

test('where only questions are logged, they count', () => {
  const text = [
    '[1795773601] unbound[6257:1] info: 192.0.2.7 www.example.com. A IN',
    'Nov 27 10:00:07 ns3 unbound[6257]: [6257:1] info: 127.0.0.1 reach.example.net. AAAA IN',
  ].join('\n');
  const found = collectObservations('unbound', text);
  assert.deepEqual(found.outcomes, ['taken', 'taken']);
  assert.deepEqual(
    found.answers.map(({ client, name, type, code }) => [client, name, type, code]),
    [
      ['192.0.2.7', 'www.example.com.', 'A', null],
      ['127.0.0.1', 'reach.example.net.', 'AAAA', null],
    ],
  );
  assert.equal(scoresOf(text)[0]?.[0], 'unbound');
});

test('ascii times are those of the zone that ingest was told', () => {
  const text = 'Jul 27 10:00:05 unbound[6257:1] info: 192.0.2.8 a.example. A IN';
  const found = collectObservations('unbound', text, { timezone: 'America/New_York' });
  assert.equal(found.answers[0]?.timeMs, Date.UTC(2026, 6, 27, 14, 0, 5));
});

test('detection chooses this format for its own log', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'unbound');
});

test('no text makes it throw', () => {
  assertParserNeverThrows('unbound', fixture);
});
