import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';

/** Longest stretch looked at for the last line end; a record line is shorter. */
const maxTailBytes = 1024 * 1024;

/**
 * Removes a last line that a kill or a full disk cut short, so that the next record starts on a line of its own.
 * Gives the bytes removed: 0 when the file ends well. Throws what the file system throws.
 */
export function repairTail(path: string): number {
  const fd = openSync(path, 'r+');
  try {
    const size = fstatSync(fd).size;
    const tail = Buffer.alloc(Math.min(size, maxTailBytes));
    const read = readSync(fd, tail, 0, tail.length, size - tail.length);
    const lineEnd = tail.subarray(0, read).lastIndexOf(0x0a);
    const removed = read - (lineEnd + 1);
    if (removed > 0) ftruncateSync(fd, size - removed);
    return removed;
  } finally {
    closeSync(fd);
  }
}
