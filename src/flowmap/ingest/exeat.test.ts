import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CollectedFlow,
  collectObservations,
  readFixture,
  scoresOf,
} from '../../../test/support/collect-observations.ts';
import { assertParserNeverThrows } from '../../../test/support/parser-properties.ts';

const fixture = readFixture('exeat.ndjson');

function flowsTo(name: string): readonly CollectedFlow[] {
  return collectObservations('exeat', fixture).flows.filter((flow) => flow.name === name);
}

test('every record of ours comes to a flow or to a reason', () => {
  assert.deepEqual(collectObservations('exeat', fixture).outcomes, [
    ...['taken', 'repeated', 'taken', 'taken', 'taken', 'no_destination'],
    ...['taken', 'taken', 'taken', 'taken'],
    ...['taken', 'taken', 'taken', 'repeated', 'taken'],
    ...['taken', 'taken', 'no_destination', 'no_destination', 'no_destination', 'taken'],
    ...['taken', 'taken', 'taken', 'bad_time', 'bad_json'],
  ]);
});

test('a verdict of allow is one connection of its service, and the bytes that follow are told once', () => {
  const flows = collectObservations('exeat', fixture).flows.filter(
    ({ name, client }) => name === 'api.example.org' && client === '192.0.2.10',
  );
  assert.deepEqual(
    flows.map((flow) => [flow.connections, flow.bytesUp, flow.bytesDown, flow.startMs, flow.endMs]),
    [
      [1, -1, -1, 1_795_860_000_100, 1_795_860_000_100],
      [0, 1000, 50_000, 1_795_860_000_100, 1_795_860_300_000],
      [0, 500, 40_000, 1_795_860_300_000, 1_795_860_600_000],
      [0, 100, 500, 1_795_860_600_000, 1_795_860_720_000],
    ],
  );
  for (const flow of flows) {
    assert.deepEqual(
      [flow.service, flow.address, flow.port, flow.nameKind],
      ['payments', '198.51.100.20', 443, 'connect'],
    );
    assert.deepEqual([flow.protocol, flow.application, flow.isDenied], [6, 'tunnel', false]);
  }
});

test('a later record that says whose its bytes are needs no verdict before it', () => {
  const lines = fixture.split('\n').filter((line) => line.includes('"flow":"01F10"'));
  const [, ...later] = lines;
  const { flows } = collectObservations('exeat', later.reverse().join('\n'));
  assert.deepEqual(
    flows.map((flow) => [flow.connections, flow.bytesUp, flow.bytesDown, flow.startMs, flow.endMs]),
    [
      [0, 300, 4000, 1_795_863_600_000, 1_795_863_700_000],
      [0, 700, 6000, 1_795_863_300_000, 1_795_863_600_000],
    ],
  );
  for (const flow of flows) {
    assert.deepEqual(
      [flow.service, flow.client, flow.name, flow.address, flow.port],
      ['payments', '192.0.2.10', 'bank.example.org', '198.51.100.90', 443],
    );
  }
});

test('denials that were only counted are as many as the record says', () => {
  assert.deepEqual(
    flowsTo('ads.example.net').map(({ isDenied, connections, service }) => [isDenied, connections, service]),
    [
      [true, 1, 'reports'],
      [true, 480, 'reports'],
    ],
  );
});

test('what would have been denied was allowed', () => {
  const [verdict, close] = flowsTo('mirror.example.com');
  assert.deepEqual([verdict?.isDenied, verdict?.connections, verdict?.nameKind], [false, 1, 'url']);
  assert.deepEqual([close?.connections, close?.bytesUp, close?.bytesDown], [0, 310, 20_480]);
});

test('a later look at a flow counts no second connection; another name inside it is told', () => {
  assert.deepEqual(
    flowsTo('203.0.113.9').map(({ connections, bytesDown, isDenied }) => [connections, bytesDown, isDenied]),
    [
      [1, -1, false],
      [0, -1, false],
      [0, 4000, false],
    ],
  );
  assert.deepEqual(
    flowsTo('hidden.example.net').map(({ connections, nameKind, application }) => [connections, nameKind, application]),
    [[0, 'sni', 'tls']],
  );
});

test('a name inside a flow that was refused is a denial of that name', () => {
  const [fronted] = flowsTo('fronted.example.net');
  assert.deepEqual([fronted?.isDenied, fronted?.nameKind, fronted?.client], [true, 'sni', '2001:db8::17']);
});

test('our records are told from other logs', () => {
  assert.deepEqual(
    scoresOf(fixture).map(([id]) => id),
    ['exeat'],
  );
});

test('a protocol that is a word every object knows is none', () => {
  const line = readFixture('exeat.ndjson').split('\n')[0]?.replace('"protocol":null', '"protocol":"constructor"') ?? '';
  assert.equal(collectObservations('exeat', line).flows[0]?.application, 'tunnel');
});

test('no line makes the parser of our records throw', () => {
  assertParserNeverThrows('exeat', fixture);
});
