import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * The numbers by which the kernel knows leases. INVARIANT: a number is given once, over restarts too: flows of a lease that has ended keep
 * its number for days, and must never be those of another one.
 */
export interface Tenures {
  /** A number, 2^31 + 1 to 2^32 - 1. Throws what writing throws: a number that is not kept could be given twice. */
  next(): number;
}

const first = 2 ** 31 + 1;
const last = 2 ** 32 - 1;
// So many are taken off the file at once; those that a run leaves are lost, of two thousand million.
const block = 65_536;

/** Opens the file of numbers. Throws what reading throws, unless there is no file yet, and a RangeError for a damaged one. */
export function openTenures(path: string): Tenures {
  let next = readStart(path);
  let end = next;
  return {
    next: () => {
      if (next >= end) {
        next = readStart(path);
        end = Math.min(next + block, last);
        writeStart(path, end >= last ? first : end);
      }
      next += 1;
      return next - 1;
    },
  };
}

function readStart(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return first;
    throw error;
  }
  const start = Number(text);
  if (Number.isInteger(start) && start >= first && start < last) return start;
  throw new RangeError(`${path} holds no number of a lease: end Exeat, restart the machine and remove the file`);
}

function writeStart(path: string, start: number): void {
  writeFileSync(`${path}.new`, `${start}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
