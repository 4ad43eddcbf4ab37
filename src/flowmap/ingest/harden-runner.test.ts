import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectObservations, readFixture, scoresOf } from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('harden-runner.log');
const { flows, answers, outcomes } = collectObservations('harden-runner', fixture);

test('a called endpoint is a flow whose name is only what the runner resolved last', () => {
  assert.deepEqual(flows[0], {
    startMs: Date.UTC(2026, 10, 20, 10, 0, 1),
    endMs: Date.UTC(2026, 10, 20, 10, 0, 1),
    client: '',
    user: '',
    service: '',
    address: '203.0.113.20',
    name: 'git.example.com.',
    nameKind: 'reverse',
    port: 443,
    protocol: 0,
    application: 'unknown',
    bytesUp: -1,
    bytesDown: -1,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'stated',
    vantage: 'only',
    sampledOneIn: 1,
  });
});

test('every flow is told with its address, port and refusal', () => {
  assert.deepEqual(
    flows.map(({ address, port, name, isDenied }) => [address, port, name, isDenied]),
    [
      ['203.0.113.20', 443, 'git.example.com.', false],
      ['203.0.113.21', 443, 'registry.example.org.', false],
      ['198.51.100.22', 22, '', false],
      ['198.51.100.99', -1, '', true],
      ['198.51.100.98', -1, '', true],
      ['2001:db8::20', 443, 'six.example.com.', false],
      ['203.0.113.22', 8443, 'repo.example.com.', false],
      ['198.51.100.97', -1, '', true],
    ],
  );
});

test('a resolved domain is an answer with its time to live', () => {
  assert.deepEqual(answers[0], {
    timeMs: Date.UTC(2026, 10, 20, 10, 0, 1),
    client: null,
    name: 'git.example.com.',
    type: 'A',
    code: null,
    addresses: [{ address: '203.0.113.20', ttlSeconds: 60 }],
    aliases: [],
    isDenied: false,
    resolver: null,
  });
});

test('a domain that is not allowed is a refused name, by the log and by the annotation', () => {
  assert.deepEqual(
    answers.filter(({ addresses }) => addresses?.length === 0).map(({ name, isDenied }) => [name, isDenied]),
    [
      ['exfil.example.net.', true],
      ['nowhere.example.com.', false],
      ['db.example.', true],
      ['telemetry.example.net.', true],
      ['tracker.example.net.', true],
    ],
  );
});

test('in the log of a job the agent’s own time counts, and the job’s where there is no other', () => {
  const printed = flows.find(({ address }) => address === '203.0.113.22');
  assert.equal(printed?.startMs, Date.UTC(2026, 10, 20, 10, 1, 1));
  const annotated = flows.find(({ address }) => address === '198.51.100.97');
  assert.equal(annotated?.startMs, Date.UTC(2026, 10, 20, 10, 12, 9, 250));
});

test('a call that was sent to the sinkhole of the agent is no destination of its own', () => {
  const text =
    'Fri, 20 Nov 2026 10:00:04 GMT:endpoint called ip address:port 54.185.253.63:443, domain: a.example.net., pid: 1, process: x';
  const sunk = collectObservations(
    'harden-runner',
    `${text}\nFri, 20 Nov 2026 10:00:05 GMT:ip address dropped: 54.185.253.63`,
  );
  assert.deepEqual([sunk.outcomes, sunk.flows], [['repeated', 'repeated'], []]);
});

test('every line has an outcome', () => {
  const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome));
  assert.deepEqual(Object.fromEntries(counts.map(([outcome, lines]) => [outcome, lines.length])), {
    taken: 16,
    not_network: 4,
    bad_time: 2,
    bad_address: 1,
    bad_number: 1,
    other_format: 1,
  });
});

test('the fixture is recognised, by this format alone', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['harden-runner'],
  );
});

test('no text makes the parser throw', () => {
  assertParserNeverThrows('harden-runner', fixture);
});
