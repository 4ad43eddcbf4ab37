import { closeSync, openSync, readSync } from 'node:fs';

/** One line with where it begins and ends in the file (bytes; `end` is after the line end). `text` is null when it is too long. */
export interface LineAt {
  readonly text: string | null;
  readonly start: number;
  readonly end: number;
}

/** Longest line that is read; longer ones are passed over with `text` null. A character is at most three bytes of UTF-8. */
export const maxLineBytes: number = 3 * 65_536 + 1;
const chunkBytes = 256 * 1024;

/**
 * The whole lines of a file from `offset` on. A last line without its end is left for later: it may still be being written.
 * Memory is bounded by one chunk and one line. Throws what the file system throws.
 */
export function* readLines(path: string, offset: number): Generator<LineAt> {
  const fd = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(chunkBytes);
    let rest: Rest = { start: offset, held: Buffer.alloc(0), isTooLong: false };
    for (let at = offset; ; ) {
      const read = readSync(fd, chunk, 0, chunkBytes, at);
      if (read === 0) return;
      rest = yield* splitChunk(chunk.subarray(0, read), at, rest);
      at += read;
    }
  } finally {
    closeSync(fd);
  }
}

/** A line that goes on in the next chunk: where it begins, and its bytes so far unless they are too many to keep. */
interface Rest {
  readonly start: number;
  readonly held: Buffer;
  readonly isTooLong: boolean;
}

function* splitChunk(chunk: Buffer, at: number, before: Rest): Generator<LineAt, Rest> {
  let rest = before;
  let from = 0;
  for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
    const line = append(rest, chunk.subarray(from, end));
    from = end + 1;
    yield { text: line.isTooLong ? null : line.held.toString('utf8'), start: line.start, end: at + from };
    rest = { start: at + from, held: Buffer.alloc(0), isTooLong: false };
  }
  return append(rest, chunk.subarray(from));
}

/** The bytes are copied: the chunk is read into again. */
function append(rest: Rest, bytes: Buffer): Rest {
  const isTooLong = rest.isTooLong || rest.held.length + bytes.length > maxLineBytes;
  return { start: rest.start, held: isTooLong ? Buffer.alloc(0) : Buffer.concat([rest.held, bytes]), isTooLong };
}
