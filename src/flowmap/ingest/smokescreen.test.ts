import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('smokescreen.log');

function flowsTo(name: string): readonly CollectedFlow[] {
  return collectObservations('smokescreen', fixture).flows.filter((flow) => flow.name === name);
}

test('every record of Smokescreen comes to a flow or to a reason', () => {
  assert.deepEqual(collectObservations('smokescreen', fixture).outcomes, [
    ...['taken', 'taken', 'taken', 'taken', 'taken', 'taken', 'taken', 'taken'],
    ...['challenge', 'not_network', 'not_network', 'taken', 'taken', 'no_data'],
    ...['bad_number', 'bad_time', 'bad_fields', 'bad_number', 'taken', 'taken', 'bad_json'],
  ]);
});

test('the decision counts the connection, and its end adds the bytes: in came down, out went up', () => {
  const [decision, close] = flowsTo('api.example.org');
  assert.deepEqual([decision?.connections, decision?.bytesUp, decision?.bytesDown], [1, -1, -1]);
  assert.deepEqual([close?.connections, close?.bytesUp, close?.bytesDown], [0, 1600, 90_500]);
  assert.deepEqual([decision?.startMs, decision?.endMs], [1_795_860_000_250, 1_795_860_000_250]);
  assert.deepEqual([close?.startMs, close?.endMs], [1_795_860_000_250, 1_795_860_012_750]);
  for (const flow of [decision, close]) {
    assert.deepEqual([flow?.service, flow?.user, flow?.client], ['payments', 'payments.example.com', '192.0.2.10']);
    assert.deepEqual([flow?.address, flow?.port, flow?.nameKind], ['198.51.100.20', 443, 'connect']);
  }
});

test('an end without host takes it from its decision, once', () => {
  const [decision, close, ...more] = flowsTo('files.example.net');
  assert.deepEqual([decision?.connections, close?.connections, more.length], [1, 0, 0]);
  assert.deepEqual([close?.service, close?.bytesUp, close?.bytesDown], ['reports', 900, 5_242_880]);
  const [again] = flowsTo('');
  assert.deepEqual(
    [again?.address, again?.port, again?.nameKind, again?.connections],
    ['2001:db8::443', 8443, 'none', 0],
  );
});

test('a denial is told, and what a report rule would have denied is allowed', () => {
  const denied = collectObservations('smokescreen', fixture).flows.filter(({ isDenied }) => isDenied);
  assert.deepEqual(
    denied.map(({ name, service }) => [name, service]),
    [
      ['intake.example.net', ''],
      ['203.0.113.9', 'batch'],
    ],
  );
  const [plain] = flowsTo('mirror.example.com');
  assert.deepEqual([plain?.isDenied, plain?.nameKind, plain?.application, plain?.port], [false, 'url', 'http', 80]);
});

test('text of logrus and closes of old versions are read too', () => {
  const [decision, close] = flowsTo('login.example.com');
  assert.equal(decision?.startMs, Date.UTC(2026, 10, 28, 10, 0, 6));
  assert.deepEqual([close?.bytesUp, close?.bytesDown, close?.service], [517, 4000, 'portal']);
  const [old] = flowsTo('old.example.org');
  assert.deepEqual([old?.address, old?.bytesUp, old?.bytesDown], ['198.51.100.40', 66, 77]);
  assert.deepEqual([flowsTo('plain.example.com')[0]?.port, flowsTo('plain.example.com')[0]?.application], [80, 'http']);
});

test('Smokescreen is told from other logs', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['smokescreen'],
  );
});

test('no line makes the parser of Smokescreen throw', () => {
  assertParserNeverThrows('smokescreen', fixture);
});
