import { appendFileSync, readFileSync } from 'node:fs';

/**
 * The numbers by which the kernel knows classes of sources. INVARIANT: a number belongs to one class for good, over restarts too: what the
 * kernel still keeps under it is never another's.
 */
export interface ClassIds {
  /** The number of a class, a new one where it has none. Throws what writing throws: a number that is not kept could be given twice. */
  idOf(key: string): number;
}

/** Numbers fit in what a packet mark leaves them. */
const largestId = 2 ** 24 - 1;

/** Opens the file of numbers, one class a line; the number is that of the line. Throws what reading throws, unless there is no file yet. */
export function openClassIds(path: string): ClassIds {
  const text = readText(path);
  // A crash may cut a line off. It counts as a line: its number was perhaps used, and is nobody's from now on.
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n', { mode: 0o600, flush: true });
  const ids = new Map(lines.map((line, index) => [line, index + 1]));
  let last = lines.length;
  return {
    idOf: (key) => {
      const line = JSON.stringify(key);
      const known = ids.get(line);
      if (known !== undefined) return known;
      if (last >= largestId) throw new RangeError('there are no numbers left for classes of sources');
      appendFileSync(path, `${line}\n`, { mode: 0o600, flush: true });
      last += 1;
      ids.set(line, last);
      return last;
    },
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
