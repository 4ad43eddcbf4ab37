import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteReader, type KnownBytes } from './byte-reader.ts';

async function* piecesOf(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function known(id: string, bytes: Uint8Array): KnownBytes {
  return { id, digest: digestOf(bytes), bytes: bytes.length };
}

async function readAll(pieces: readonly Buffer[], sources: readonly KnownBytes[]): Promise<ByteReader> {
  const reader = new ByteReader(piecesOf(pieces), sources);
  await reader.head(4);
  for await (const _ of reader.pieces());
  return reader;
}

test('a source goes on from each known one whose bytes it begins with, however it comes in pieces', async () => {
  const bytes = fc.uint8Array({ minLength: 2, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(60), { maxLength: 5 }), fc.nat(59), async (all, cuts, shorter) => {
      const ends = [...new Set(cuts.map((cut) => cut % all.length))].sort((a, b) => a - b);
      const pieces = [...ends, all.length].map((end, at) => Buffer.from(all.slice(ends[at - 1] ?? 0, end)));
      const length = 1 + (shorter % (all.length - 1));
      const other = all.slice(0, length).map((byte, at) => (at === 0 ? byte ^ 1 : byte));
      const sources = [
        known('start', all.slice(0, length)),
        known('other', other),
        known('same', all),
        known('longer', Buffer.concat([all, Buffer.from('x')])),
        known('empty', Buffer.alloc(0)),
      ];
      const reader = await readAll(pieces, sources);
      assert.deepEqual([reader.bytes, reader.digest()], [all.length, digestOf(all)]);
      assert.deepEqual(
        reader.grownFrom.map(({ id }) => id),
        ['start'],
      );
    }),
    { numRuns: 60 },
  );
});
