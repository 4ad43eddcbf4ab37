import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerOf, at, type FlowSpec, fillDraft, testNowMs } from '../../test/support/flow-batch.ts';
import { answerKey, answerSum, type FoldedBatch, flowKey, flowSum, ObservationFold } from './fold-observations.ts';
import type { DeclaredEndpoint, LeaseObservation, LineOutcome } from './observation.ts';
import { unpackFacts } from './pack-facts.ts';

function createFold(maxRows?: number): ObservationFold {
  return new ObservationFold({ nowMs: testNowMs, seed: 5, ...(maxRows === undefined ? {} : { maxRows }) });
}

const flow: FlowSpec = { atMs: at('10:00'), client: '10.0.0.5', name: 'api.example', up: 10, down: 20 };

function take(fold: ObservationFold, spec: FlowSpec): LineOutcome {
  fillDraft(fold, spec);
  return fold.endFlow();
}

/** Rows of flows with texts in place of ids. */
function rowsOf({ texts, flows }: FoldedBatch): readonly Readonly<Record<string, unknown>>[] {
  return Array.from({ length: flows.count }, (_, row) => {
    const key = (word: keyof typeof flowKey): number => flows.keys[row * 9 + flowKey[word]] ?? Number.NaN;
    const sums = Object.fromEntries(
      Object.entries(flowSum).map(([word, index]) => [word, flows.values[row * 7 + index]]),
    );
    const text = (word: keyof typeof flowKey): string => texts[key(word) - 1] ?? '';
    return {
      client: text('client'),
      address: text('address'),
      name: text('name'),
      port: key('port'),
      bucket: key('bucket'),
      ...sums,
    };
  });
}

describe('folding flows', () => {
  test('five minutes of one client, destination and name are one row of sums', () => {
    const fold = createFold();
    for (const clock of ['10:00', '10:04:59', '10:05']) assert.equal(take(fold, { ...flow, atMs: at(clock) }), 'taken');
    const bucket = at('10:00') / 300_000;
    const row = { client: '10.0.0.5', address: '', name: 'api.example', port: 443, replies: 0, denied: 0 };
    assert.deepEqual(rowsOf(fold.drain()), [
      { ...row, bucket, connections: 2, bytesUp: 20, bytesDown: 40, firstMs: at('10:00'), lastMs: at('10:04:59') },
      {
        ...row,
        bucket: bucket + 1,
        connections: 1,
        bytesUp: 10,
        bytesDown: 20,
        firstMs: at('10:05'),
        lastMs: at('10:05'),
      },
    ]);
  });

  test('names and addresses are the same however they are written', () => {
    const fold = createFold();
    take(fold, { ...flow, address: '203.0.113.5' });
    take(fold, { ...flow, client: '::ffff:10.0.0.5', name: 'API.example.', address: '::ffff:203.0.113.5' });
    assert.equal(fold.drain().flows.count, 1);
  });

  test('unknown bytes stay unknown, and what one record tells is known', () => {
    const fold = createFold();
    take(fold, { atMs: flow.atMs, name: 'a.example' });
    take(fold, { ...flow, name: 'b.example', down: 5 });
    take(fold, { atMs: flow.atMs, client: '10.0.0.5', name: 'b.example' });
    const sums = rowsOf(fold.drain()).map(({ name, bytesUp, bytesDown }) => [name, bytesUp, bytesDown]);
    assert.deepEqual(sums, [
      ['a.example', -1, -1],
      ['b.example', 10, 5],
    ]);
  });

  test('refusals have rows of their own, with neither connections nor bytes', () => {
    const fold = createFold();
    take(fold, flow);
    take(fold, { ...flow, isDenied: true, connections: 3 });
    assert.equal(take(fold, { ...flow, isDenied: true, connections: 0 }), 'taken');
    const sums = rowsOf(fold.drain()).map(({ connections, denied, bytesUp }) => [connections, denied, bytesUp]);
    assert.deepEqual(sums, [
      [1, 0, 10],
      [0, 3, -1],
    ]);
  });

  test('replies are counted beside the flows that they answer', () => {
    const fold = createFold();
    take(fold, flow);
    take(fold, { ...flow, isReply: true, connections: 2 });
    assert.deepEqual(
      rowsOf(fold.drain()).map(({ connections, replies }) => [connections, replies]),
      [[1, 2]],
    );
  });

  test('facts that tell flows apart come back as they went in', () => {
    const fold = createFold();
    take(fold, {
      ...flow,
      nameKind: 'connect',
      application: 'tunnel',
      initiator: 'ports',
      vantage: 'destination',
      protocol: 132,
      sampledOneIn: 10,
    });
    const { flows } = fold.drain();
    assert.deepEqual(unpackFacts(flows.keys[flowKey.facts] ?? 0), {
      nameKind: 4,
      application: 3,
      initiator: 2,
      vantage: 2,
      protocol: 132,
      isSampled: true,
    });
  });

  test('a host that is an address is the destination, unless the record has a better one', () => {
    const fold = createFold();
    take(fold, { ...flow, name: '203.0.113.5' });
    take(fold, { ...flow, name: '[2001:db8::1]', address: '203.0.113.6' });
    const places = rowsOf(fold.drain()).map(({ name, address }) => [name, address]);
    assert.deepEqual(places, [
      ['', '203.0.113.5'],
      ['', '203.0.113.6'],
    ]);
  });

  test('an end before its start is a clock that was set back', () => {
    const fold = createFold();
    take(fold, { ...flow, endMs: at('09:00') });
    assert.deepEqual(
      rowsOf(fold.drain()).map(({ firstMs, lastMs }) => [firstMs, lastMs]),
      [[at('10:00'), at('10:00')]],
    );
  });

  const refused: readonly (readonly [Partial<FlowSpec>, LineOutcome])[] = [
    [{ atMs: Number.NaN }, 'bad_time'],
    [{ atMs: Date.UTC(1999, 0, 1) }, 'bad_time'],
    [{ atMs: testNowMs + 86_400_001 }, 'future_time'],
    [{ endMs: testNowMs + 86_400_001 }, 'future_time'],
    [{ client: 'somebody' }, 'bad_address'],
    [{ address: '300.1.1.1' }, 'bad_address'],
    [{ name: 'no host' }, 'bad_name'],
    [{ name: '' }, 'no_destination'],
    [{ name: '', address: '0.0.0.0' }, 'no_destination'],
    [{ port: 65_536 }, 'bad_number'],
    [{ port: -2 }, 'bad_number'],
    [{ port: 1.5 }, 'bad_number'],
    [{ protocol: 256 }, 'bad_number'],
    [{ up: -2 }, 'bad_number'],
    [{ down: 1e300 }, 'bad_number'],
    [{ up: Number.NaN }, 'bad_number'],
    [{ connections: -1 }, 'bad_number'],
    [{ connections: Number.POSITIVE_INFINITY }, 'bad_number'],
  ];
  for (const [wrong, outcome] of refused) {
    const told = Object.entries(wrong).map(([key, value]) => `${key} ${value}`);
    test(`${told.join(', ')} is ${outcome}, and nothing of it is kept`, () => {
      const fold = createFold();
      assert.equal(take(fold, { ...flow, ...wrong }), outcome);
      assert.equal(fold.drain().flows.count, 0);
      assert.ok(Number.isNaN(fold.firstMs));
    });
  }

  test('sums stop at what 64 bits hold', () => {
    const fold = createFold();
    for (let index = 0; index < 3000; index += 1) take(fold, { ...flow, up: Number.MAX_SAFE_INTEGER });
    assert.equal(rowsOf(fold.drain())[0]?.['bytesUp'], 2 ** 62);
  });

  test('is full at its bound, and empty after a drain, ids included', () => {
    const fold = createFold(2);
    take(fold, flow);
    assert.equal(fold.isFull, false);
    take(fold, { ...flow, name: 'b.example' });
    assert.equal(fold.isFull, true);
    fold.drain();
    assert.equal(fold.isFull, false);
    take(fold, { ...flow, name: 'c.example' });
    assert.deepEqual(
      rowsOf(fold.drain()).map(({ client, name }) => [client, name]),
      [['10.0.0.5', 'c.example']],
    );
    assert.deepEqual([fold.firstMs, fold.lastMs], [at('10:00'), at('10:00')]);
  });
});

describe('folding answers', () => {
  const answer = answerOf({
    atMs: at('10:00'),
    client: '10.0.0.5',
    name: 'api.example',
    addresses: ['203.0.113.5'],
    ttlSeconds: 60,
  });

  function sumsOf({ texts, answers }: FoldedBatch): readonly unknown[] {
    return Array.from({ length: answers.count }, (_, row) => [
      texts[(answers.keys[row * 10 + answerKey.address] ?? 0) - 1] ?? '',
      ...Object.values(answerSum).map((index) => answers.values[row * 4 + index]),
    ]);
  }

  test('each address is a row with its count, times and longest life', () => {
    const fold = createFold();
    fold.answer(answer);
    fold.answer({
      ...answer,
      timeMs: at('10:01'),
      addresses: [
        { address: '203.0.113.5', ttlSeconds: 30 },
        { address: '203.0.113.6', ttlSeconds: null },
      ],
    });
    assert.deepEqual(sumsOf(fold.drain()), [
      ['203.0.113.5', 2, at('10:00'), at('10:01'), 60],
      ['203.0.113.6', 1, at('10:01'), at('10:01'), -1],
    ]);
  });

  test('a question without an address, or with none that is one, is a question', () => {
    const fold = createFold();
    for (const addresses of [null, [], [{ address: 'sinkhole', ttlSeconds: 1 }]]) {
      assert.equal(fold.answer({ ...answer, addresses }), 'taken');
    }
    // A source that cannot tell answers is told apart from one that had none.
    assert.deepEqual(sumsOf(fold.drain()), [
      ['', 1, at('10:00'), at('10:00'), -1],
      ['', 2, at('10:00'), at('10:00'), -1],
    ]);
  });

  test('lives that no life can have are none', () => {
    const fold = createFold();
    const address = '203.0.113.5';
    fold.answer({ ...answer, addresses: [{ address, ttlSeconds: 1e300 }] });
    fold.answer({ ...answer, name: 'b.example', addresses: [{ address, ttlSeconds: -5 }] });
    fold.answer({ ...answer, name: 'c.example', addresses: [{ address, ttlSeconds: Number.NaN }] });
    assert.deepEqual(
      sumsOf(fold.drain()).map((row) => (row as readonly unknown[]).at(-1)),
      [2 ** 31 - 1, -1, -1],
    );
  });

  test('reverse look-ups and numbers are no names', () => {
    const fold = createFold();
    assert.equal(fold.answer({ ...answer, name: '203.0.113.5' }), 'not_network');
    assert.equal(fold.answer({ ...answer, name: 'no name at all' }), 'bad_name');
    assert.equal(fold.answer({ ...answer, client: 'somebody' }), 'bad_address');
    assert.equal(fold.answer({ ...answer, timeMs: Number.NaN }), 'bad_time');
    assert.equal(fold.drain().answers.count, 0);
  });
});

describe('leases and declarations', () => {
  const lease: LeaseObservation = {
    address: '::ffff:10.0.0.5',
    holder: 'api',
    kind: 'workload',
    origin: 'dhcp',
    fromMs: null,
    untilMs: at('12:00'),
  };
  const declared: DeclaredEndpoint = {
    service: null,
    host: 'api.example',
    port: 443,
    scheme: null,
    file: 'a.env',
    line: 3,
    confidence: 'found',
    key: null,
    schedule: null,
  };

  test('a lease is kept under its canonical address', () => {
    const fold = createFold();
    assert.equal(fold.lease(lease), 'taken');
    assert.deepEqual(fold.drain().leases, [{ ...lease, address: '10.0.0.5' }]);
  });

  test('a lease of no address or no time is refused', () => {
    const fold = createFold();
    assert.equal(fold.lease({ ...lease, address: 'printer' }), 'bad_address');
    assert.equal(fold.lease({ ...lease, untilMs: Number.NaN }), 'bad_time');
    assert.equal(fold.lease({ ...lease, fromMs: Number.NEGATIVE_INFINITY }), 'bad_time');
    assert.deepEqual(fold.drain().leases, []);
  });

  test('a port that is none is left out of a declaration', () => {
    const fold = createFold();
    for (const port of [443, 70_000, Number.NaN, null]) fold.declare({ ...declared, port });
    assert.deepEqual(
      fold.drain().declared.map(({ port }) => port),
      [443, null, null, null],
    );
  });
});
