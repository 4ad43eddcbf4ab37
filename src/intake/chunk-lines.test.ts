import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BufferPool } from './buffer-pool.ts';
import { LineChunker } from './chunk-lines.ts';

interface Chunked {
  readonly chunks: readonly string[];
  readonly tooLong: number;
}

async function chunk(pieces: readonly string[], poolBytes = 8, mostBytes = 32): Promise<Chunked> {
  const chunker = new LineChunker(new BufferPool(poolBytes), mostBytes);
  const chunks: string[] = [];
  let tooLong = 0;
  const into = {
    chunk: async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
      chunks.push(new TextDecoder().decode(bytes));
      // It is the receiver's own: what he does with it must not reach what comes next.
      bytes.fill(0x21);
    },
    tooLong: (): void => {
      tooLong += 1;
    },
  };
  for (const piece of pieces) await chunker.push(new TextEncoder().encode(piece), into);
  await chunker.end(into);
  return { chunks, tooLong };
}

describe('cutting bytes at line ends', () => {
  test('pieces end at line ends, and the last line needs none', async () => {
    const { chunks } = await chunk(['ab\ncd\nef', 'gh\nij']);
    assert.equal(chunks.join(''), 'ab\ncd\nefgh\nij');
    for (const one of chunks.slice(0, -1)) assert.ok(one.endsWith('\n'), one);
  });

  test('a line larger than a piece is one piece', async () => {
    assert.deepEqual(await chunk(['a\n', 'x'.repeat(20), '\nb\n']), {
      chunks: ['a\n', `${'x'.repeat(20)}\nb\n`],
      tooLong: 0,
    });
  });

  test('a line past the bound is told once and passed over, at the end of the input as well', async () => {
    const long = 'x'.repeat(500);
    const middle = await chunk(['a\n', long, long, '\nb\n']);
    assert.deepEqual([middle.chunks.join(''), middle.tooLong], ['a\nb\n', 1]);
    const end = await chunk(['a\n', long]);
    assert.deepEqual([end.chunks.join(''), end.tooLong], ['a\n', 1]);
    const twice = await chunk([`${long}\n${long}\nb`]);
    assert.deepEqual([twice.chunks.join(''), twice.tooLong], ['b', 2]);
  });

  test('nothing in is nothing out', async () => assert.deepEqual(await chunk([]), { chunks: [], tooLong: 0 }));

  test('every line that is short enough comes through, in order, however the bytes come', async () => {
    const line = fc
      .oneof(fc.constant(''), fc.integer({ min: 1, max: 15 }), fc.integer({ min: 70, max: 120 }))
      .map((length) => 'x'.repeat(Number(length)));
    const pieces = fc.array(line, { maxLength: 20 }).chain((lines) => {
      const text = lines.map((one, index) => `${one === '' ? '' : `${index}${one}`}\n`).join('');
      return fc.record({ text: fc.constant(text), size: fc.integer({ min: 1, max: 40 }) });
    });
    await fc.assert(
      fc.asyncProperty(pieces, async ({ text, size }) => {
        const parts = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        const { chunks, tooLong } = await chunk(parts);
        const lines = text.split('\n');
        // Up to twice the bound a line may come through or not: whoever reads it looks again.
        const long = lines.filter((one) => one.length > 32);
        assert.equal(tooLong, long.length);
        assert.equal(chunks.join(''), lines.filter((one) => one.length <= 32).join('\n'));
      }),
      { numRuns: 300 },
    );
  });
});
