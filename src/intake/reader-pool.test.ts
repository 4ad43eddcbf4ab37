import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { at, testNowMs } from '../../test/support/flow-batch.ts';
import type { FoldedBatch, ReadOrder } from '../flowmap/index.ts';
import { createReaderPool, type ReaderPool, type SourceFeed } from './reader-pool.ts';

const order: ReadOrder = { formats: [{ id: 'squid', grammar: null }], isPeeled: false, nesting: null };
const pool = createReaderPool({ threads: 2, timezone: 'UTC', nowMs: testNowMs });
after(() => pool.close());

const squid = (name: string): string =>
  `${at('10:00') / 1000}.000 12 10.0.0.5 TCP_TUNNEL/200 500 CONNECT ${name}:443 - HIER_DIRECT/203.0.113.10 -\n`;

async function openFeed(
  from: ReaderPool,
  take: (format: string, batch: FoldedBatch) => Promise<void>,
  isOrdered = false,
): Promise<SourceFeed> {
  const opened = await from.open(order, isOrdered, take);
  assert.ok(opened.ok);
  return opened.value;
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));

describe('reading threads', () => {
  test('what they find is added up, and lines are those of the whole source', async () => {
    let rows = 0;
    const feed = await openFeed(pool, async (_, { flows }) => {
      rows += flows.count;
    });
    for (let index = 0; index < 20; index += 1)
      await feed.piece(bytesOf(`${squid(`a${index}.example`)}\n${index === 17 ? 'junk\n' : ''}`));
    feed.tooLong();
    await feed.piece(bytesOf('more junk\n'));
    const { tally, firstMs, lastMs } = await feed.end();
    assert.deepEqual([rows, tally.lines, tally.taken], [20, 23, 20]);
    assert.deepEqual([firstMs, lastMs], [at('10:00') - 12, at('10:00')]);
    const { too_long, ...others } = tally.rejects;
    assert.deepEqual(too_long, { count: 1, examples: [{ line: 42, text: '' }] });
    assert.deepEqual(
      Object.values(others).flatMap(({ examples }) => examples.map(({ line }) => line)),
      [37, 43],
    );
  });

  test('a source after one whose batches could not be written has nothing of it', async () => {
    const broken = await openFeed(pool, () => Promise.reject(new Error('the disk is full')));
    for (let index = 0; index < 6; index += 1) await broken.piece(bytesOf(squid(`old${index}.example`)));
    await assert.rejects(broken.end(), /the disk is full/);
    await broken.drop();
    const names: string[] = [];
    const feed = await openFeed(
      pool,
      async (_, { texts }) => void names.push(...texts.filter((text) => text.endsWith('.example'))),
    );
    await feed.piece(bytesOf(squid('new.example')));
    assert.equal((await feed.end()).tally.taken, 1);
    assert.deepEqual(names, ['new.example']);
  });

  test('a source that is dropped midway leaves nothing to the next one', async () => {
    let isDropped = false;
    const dropped = await openFeed(pool, async () => assert.ok(!isDropped));
    for (let index = 0; index < 6; index += 1) await dropped.piece(bytesOf(squid(`old${index}.example`)));
    await dropped.drop();
    isDropped = true;
    let taken = 0;
    const feed = await openFeed(pool, async (_, { flows }) => {
      taken += flows.count;
    });
    assert.equal((await feed.end()).tally.lines, 0);
    assert.equal(taken, 0);
  });

  test('a thread that dies ends its source, and the next source has a new one', async () => {
    const small = createReaderPool({ threads: 1, timezone: 'UTC', nowMs: testNowMs });
    // No parser may do that: an order that cannot be cloned is the only way in from outside.
    const poisoned = { ...order, formats: null as unknown as ReadOrder['formats'] };
    await assert.rejects(small.open(poisoned, false, async () => undefined));
    const feed = await openFeed(small, async () => undefined);
    await feed.piece(bytesOf(squid('a.example')));
    assert.equal((await feed.end()).tally.taken, 1);
    await small.close();
    await small.close();
  });

  test('a zone or grammar that means nothing is a fault, not an error', async () => {
    const opened = await pool.open(
      { ...order, formats: [{ id: 'squid', grammar: '%Q' }] },
      false,
      async () => undefined,
    );
    assert.equal(opened.ok ? '' : opened.fault.code, 'grammar_invalid');
  });
});
