import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DecisionRecord } from '../policy/index.ts';
import { sortFileNames } from './file-names.ts';
import { parseRecord } from './parse-record.ts';
import { readLinesBack } from './read-lines-back.ts';
import type { SpoolCursor } from './read-spool.ts';

/** How to search, from the newest record to the oldest. */
export interface SpoolSearch {
  /** Where to begin: only what was written before it; null for the newest. */
  readonly before: SpoolCursor | null;
  /** The most bytes that are looked at; after that the search says where to go on. */
  readonly mostBytes: number;
  /** A look at the line before it is parsed: false leaves it out. */
  readonly isLikely: (line: string) => boolean;
  /** Takes a record; false ends the search after it. */
  readonly take: (record: DecisionRecord) => boolean;
}

// Between two breaths of the event loop: who searches must not hold up who acts.
const linesPerTurn = 300;

/** Searches; gives the cursor to go on from, null where the oldest record was reached. Files that are taken away meanwhile are passed over. */
export async function searchSpool(dir: string, search: SpoolSearch): Promise<SpoolCursor | null> {
  let left = search.mostBytes;
  for (const { file, end } of filesBack(dir, search.before)) {
    const stopped = await searchFile({ dir, file, end, left }, search);
    if (stopped.cursor !== null) return stopped.cursor.offset === 0 ? beforeFile(dir, file) : stopped.cursor;
    left = stopped.left;
  }
  return null;
}

interface Searching {
  readonly dir: string;
  readonly file: string;
  readonly end: number | null;
  readonly left: number;
}

async function searchFile(
  { dir, file, end, left }: Searching,
  search: SpoolSearch,
): Promise<{ readonly cursor: SpoolCursor | null; readonly left: number }> {
  let [remaining, count] = [left, 0];
  try {
    for (const { text, start } of readLinesBack(join(dir, file), end)) {
      remaining -= text.length + 1;
      const record = search.isLikely(text) ? parseRecord(text) : null;
      const goesOn = record === null || search.take(record);
      if (!goesOn || remaining <= 0) return { cursor: { file, offset: start }, left: remaining };
      count += 1;
      if (count % linesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    // The budget may take a file while it is searched.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { cursor: null, left: remaining };
}

function filesBack(
  dir: string,
  before: SpoolCursor | null,
): readonly { readonly file: string; readonly end: number | null }[] {
  const names = listNames(dir).toReversed();
  if (before === null) return names.map((file) => ({ file, end: null }));
  return names
    .filter((file) => file < before.file || (file === before.file && before.offset > 0))
    .map((file) => ({ file, end: file === before.file ? before.offset : null }));
}

// The whole file was read: what goes on is the one before it, if there is one.
function beforeFile(dir: string, file: string): SpoolCursor | null {
  return listNames(dir).some((name) => name < file) ? { file, offset: 0 } : null;
}

function listNames(dir: string): readonly string[] {
  try {
    return sortFileNames(readdirSync(dir)).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Where the newest record ends now: a follower that starts here sees only what comes. Null while there is none. */
export function endOfSpool(dir: string): SpoolCursor | null {
  const file = listNames(dir).at(-1);
  if (file === undefined) return null;
  return { file, offset: statSync(join(dir, file), { throwIfNoEntry: false })?.size ?? 0 };
}
