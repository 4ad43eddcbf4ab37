import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { ZstdFrames } from './zstd-frames.ts';

function framesOf(bytes: Buffer, size: number): readonly Buffer[] {
  const frames = new ZstdFrames();
  const whole: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    for (const part of frames.split(bytes.subarray(at, at + size))) {
      parts.push(Buffer.from(part.bytes));
      if (!part.isEnd) continue;
      whole.push(Buffer.concat(parts));
      parts = [];
    }
  }
  return parts.length === 0 ? whole : [...whole, Buffer.concat(parts)];
}

describe('cutting zstd into frames', () => {
  test('frames of every kind are found, however the bytes come', () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(300_000).map((length) => new Uint8Array(length)),
      fc.nat(3000).map((length) => new TextEncoder().encode('abc '.repeat(length))),
    );
    const frame = fc
      .record({ content, hasChecksum: fc.boolean(), isSized: fc.boolean() })
      .map(({ hasChecksum, isSized, ...one }) =>
        zstdCompressSync(one.content, {
          params: {
            [constants.ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0,
            [constants.ZSTD_c_contentSizeFlag]: isSized ? 1 : 0,
          },
        }),
      );
    const skippable = fc.uint8Array({ maxLength: 50 }).map((bytes) => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(0x184d2a5c, 0);
      head.writeUInt32LE(bytes.length, 4);
      return Buffer.concat([head, bytes]);
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(frame, skippable), { maxLength: 4 }),
        fc.integer({ min: 1, max: 200 }),
        (frames, size) => {
          assert.deepEqual(framesOf(Buffer.concat(frames), size), frames);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('what is no frame passes through as it is', () => {
    const frame = zstdCompressSync('hello');
    const junk = Buffer.from('this is no frame');
    assert.deepEqual(framesOf(Buffer.concat([frame, junk]), 3), [frame, junk]);
  });
});
