import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { maxLineBytes } from './read-lines.ts';

/** One line and the byte that it begins at. */
export interface LineBack {
  readonly text: string;
  readonly start: number;
}

const chunkBytes = 256 * 1024;
const newline = 0x0a;

/**
 * The whole lines of a file from its end, or from `end` (the byte after a line), towards its beginning. A last line without its end is left
 * out, and so is one that is too long. Memory is bounded by one chunk and one line. Throws what the file system throws.
 */
export function* readLinesBack(path: string, end: number | null): Generator<LineBack> {
  const fd = openSync(path, 'r');
  try {
    const size = fstatSync(fd).size;
    let at = Math.min(end ?? size, size);
    // The end of a line whose beginning lies before `at`; null while what was read ends in no newline and is not wanted.
    let rest: Buffer | null = end === null ? null : Buffer.alloc(0);
    while (at > 0) {
      const from = Math.max(0, at - chunkBytes);
      const chunk = Buffer.alloc(at - from);
      readSync(fd, chunk, 0, chunk.length, from);
      rest = yield* splitBack(chunk, rest, from);
      at = from;
    }
    if (rest !== null && rest.length > 0) yield { text: rest.toString('utf8', 0, rest.length - 1), start: 0 };
  } finally {
    closeSync(fd);
  }
}

function* splitBack(chunk: Buffer, after: Buffer | null, from: number): Generator<LineBack, Buffer | null> {
  const bytes = after === null ? chunk : Buffer.concat([chunk, after]);
  let end = after === null ? bytes.lastIndexOf(newline) + 1 : bytes.length;
  if (end === 0) return null;
  for (;;) {
    const before = end < 2 ? -1 : bytes.lastIndexOf(newline, end - 2);
    if (before === -1) break;
    yield { text: bytes.toString('utf8', before + 1, end - 1), start: from + before + 1 };
    end = before + 1;
  }
  // Too long for a record: passed over until the newline before it.
  return end > maxLineBytes ? null : bytes.subarray(0, end);
}
