import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';
import { createLocalZone, findLogFormat } from '../index.ts';

const fixture = readFixture('coredns.log');
const { answers, outcomes } = collectObservations('coredns', fixture);

function answerTo(name: string, type = 'A') {
  const found = answers.find((answer) => answer.name === name && answer.type === type);
  assert.ok(found !== undefined, `no answer to ${name} ${type}`);
  return found;
}

test('a question has its client without the port, and answers that the log cannot tell', () => {
  assert.deepEqual(answerTo('api.example.com.'), {
    timeMs: Date.UTC(2026, 10, 27, 9, 0, 0, 130),
    client: '10.244.1.7',
    name: 'api.example.com.',
    type: 'A',
    code: 'NOERROR',
    addresses: null,
    aliases: [],
    isDenied: false,
    resolver: null,
  });
});

test('the search list of Kubernetes and of the cloud makes no destinations', () => {
  assert.equal(
    answers.some(({ name }) => name.startsWith('api.example.com.') && name !== 'api.example.com.'),
    false,
  );
});

test('a service of the cluster and a name that does not exist outside stay questions', () => {
  assert.equal(answerTo('ledger.payments.svc.cluster.local.').code, 'NOERROR');
  assert.equal(answerTo('nowhere.example.com.').code, 'NXDOMAIN');
});

test('a time with an offset is the instant that it means', () => {
  assert.equal(answerTo('api.example.com.', 'AAAA').timeMs, Date.UTC(2026, 10, 27, 9, 0, 0, 131));
});

test('IPv6 clients lose their brackets, and {combined} reads as {common}', () => {
  assert.equal(answerTo('www.example.org.', 'HTTPS').client, '2001:db8:20::7');
  assert.equal(answerTo('www.example.org.', 'HTTPS').code, 'NOERROR');
});

test('a refusal is denied, and a question without an answer has no code', () => {
  assert.equal(answerTo('blocked.example.').isDenied, true);
  assert.equal(answerTo('slow.example.net.').code, null);
  assert.equal(answerTo('slow.example.net.').isDenied, false);
});

test('a line without a time takes that of the container log around it', () => {
  assert.equal(answerTo('container.example.net.').timeMs, Date.UTC(2026, 10, 27, 9, 0, 7, 0));
  assert.equal(answerTo('docker.example.net.').timeMs, Date.UTC(2026, 10, 27, 9, 0, 8, 500));
});

test('types by number get their name', () => {
  assert.equal(answerTo('prefixed.example.net.', 'HTTPS').timeMs, Date.UTC(2026, 10, 27, 9, 0, 9));
});

test('every line has the outcome that it should have', () => {
  assert.deepEqual(outcomes, [
    'header',
    'not_network',
    'header',
    'header',
    'repeated',
    'repeated',
    'repeated',
    'repeated',
    ...Array<string>(7).fill('taken'),
    'not_network',
    'not_network',
    'bad_time',
    ...Array<string>(4).fill('taken'),
    'not_network',
    'bad_fields',
  ]);
});

test('a format of the user is compiled, with the time that old versions write', () => {
  const grammar = '{remote}:{port} at {when} asked "{name}" {type} at {local}: {rcode}';
  const text =
    '[INFO] [2001:db8::1]:5353 at 27/Nov/2026:10:00:00 +0100 asked "a.example." AAAA at [2001:db8::53]: NXDOMAIN';
  assert.deepEqual(collectObservations('coredns', text, { grammar }).answers, [
    {
      timeMs: Date.UTC(2026, 10, 27, 9, 0, 0),
      client: '2001:db8::1',
      name: 'a.example.',
      type: 'AAAA',
      code: 'NXDOMAIN',
      addresses: null,
      aliases: [],
      isDenied: false,
      resolver: '2001:db8::53',
    },
  ]);
});

test('metadata of other plugins may stand in a format', () => {
  const text = '2026-11-27T09:00:00Z [INFO] A a.example. via 192.0.2.53 done';
  const { answers: found } = collectObservations('coredns', text, {
    grammar: '{type} {name} via {/forward/upstream} done',
  });
  assert.equal(found[0]?.name, 'a.example.');
  assert.equal(found[0]?.client, null);
});

for (const [grammar, wrong] of [
  ['{remote} {nmae} {type}', '`{nmae}` is no placeholder'],
  ['{remote}{name} {type}', '`{remote}` touches the next placeholder'],
  ['{remote} {type}', 'lacks `{name}`'],
  ['plain', 'lacks `{name}`'],
] as const) {
  test(`a format that cannot be is refused with what is wrong in it: ${grammar}`, () => {
    const zone = createLocalZone('UTC');
    assert.ok(zone.ok);
    const made = findLogFormat('coredns')?.createParser({ grammar, zone: zone.value, nowMs: 0 });
    assert.ok(made !== undefined && !made.ok);
    assert.equal(made.fault.code, 'grammar_invalid');
    assert.ok(made.fault.message.includes(wrong), made.fault.message);
  });
}

test('detection chooses this format for its own log', () => {
  assert.equal(scoresOf(fixture)[0]?.[0], 'coredns');
});

test('no text makes it throw', () => {
  assertParserNeverThrows('coredns', fixture);
  assertParserNeverThrows('coredns', fixture, '{remote} - {>id} {name} {type} {rcode}');
});
