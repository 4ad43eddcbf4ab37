import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { inflateBytes } from './inflate-bytes.ts';

const text = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `line ${i} ${Math.sin(i)}\n`).join(''));

interface Inflated {
  readonly bytes: number;
  readonly digest: string;
  readonly code: string | undefined;
}

/** Inflates what comes in pieces of a size, by a reader that is slow at times. */
async function inflate(
  compressed: Buffer,
  compression: 'gzip' | 'zstd',
  size: number,
  isSlow = false,
): Promise<Inflated> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < compressed.length; at += size) yield compressed.subarray(at, at + size);
  }
  const hash = createHash('sha256');
  let bytes = 0;
  let code: string | undefined;
  try {
    for await (const piece of inflateBytes(pieces(), compression)) {
      hash.update(piece);
      bytes += piece.length;
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } catch (error) {
    ({ code } = error as NodeJS.ErrnoException);
  }
  return { bytes, digest: hash.digest('hex'), code };
}

describe('undoing compression', () => {
  for (const [compression, compress] of [
    ['gzip', gzipSync],
    // Without a checksum zstd may not notice that it was broken.
    ['zstd', (bytes: Buffer): Buffer => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  ] as const) {
    const whole = compress(text);

    test(`${compression} gives what went in, one after another too`, async () => {
      const once = await inflate(whole, compression, 10_000);
      assert.deepEqual(once, {
        bytes: text.length,
        digest: createHash('sha256').update(text).digest('hex'),
        code: undefined,
      });
      const twice = await inflate(Buffer.concat([whole, whole]), compression, 10_000);
      assert.deepEqual([twice.bytes, twice.code], [2 * text.length, undefined]);
    });

    for (const [what, bytes] of [
      ['cut in the middle', whole.subarray(0, Math.floor(whole.length * 0.7))],
      ['cut in its last bytes', whole.subarray(0, whole.length - 3)],
      ['cut in its second part', Buffer.concat([whole, whole.subarray(0, 500)])],
      ['broken in the middle', Buffer.from(whole).fill(7, whole.length >> 1, (whole.length >> 1) + 100)],
      ['followed by something else', Buffer.concat([whole, Buffer.from('something else')])],
    ] as const) {
      test(`${compression} ${what} fails after the same bytes, whoever reads it and however it comes`, async () => {
        const ways = await Promise.all([
          inflate(bytes, compression, 1 << 20),
          inflate(bytes, compression, 7000),
          inflate(bytes, compression, 1 << 20, true),
          inflate(bytes, compression, 13, false),
        ]);
        const [first] = ways;
        assert.match(first.code ?? '', /^Z_|^ZSTD_/);
        assert.ok(first.bytes > text.length / 3, `${first.bytes} of ${text.length} bytes`);
        for (const way of ways) assert.deepEqual(way, first);
      });
    }
  }

  test('a reader that leaves early ends it', async () => {
    for await (const piece of inflateBytes(
      (async function* () {
        yield gzipSync(text);
      })(),
      'gzip',
    )) {
      assert.ok(piece.length > 0);
      break;
    }
  });
});
