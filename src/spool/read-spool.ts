import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DecisionRecord } from '../policy/index.ts';
import { sortFileNames } from './file-names.ts';
import { parseRecord } from './parse-record.ts';
import { readLines } from './read-lines.ts';

/** Where a reader stands: the next byte to read of a file. Plain data, so that a reader can keep it. */
export interface SpoolCursor {
  readonly file: string;
  readonly offset: number;
}

/** A record and the cursor just after it. */
export interface SpoolEntry {
  readonly record: DecisionRecord;
  readonly cursor: SpoolCursor;
}

/**
 * Something that a reader did not get. `file_removed`: the file of the cursor is gone (the budget, or somebody); how much of it was
 * unread is not known. `line_unreadable`: a line that is no record. `tail_cut`: a closed file ends in half a line.
 */
export interface SpoolGap {
  readonly kind: 'file_removed' | 'line_unreadable' | 'tail_cut';
  readonly file: string;
  readonly offset: number;
}

/** How to read. */
export interface ReadSpoolOptions {
  /** Keep waiting for more at the end, until `signal` says stop. Default: false, end at the end. */
  readonly follow?: boolean;
  /** Ends a follower. Default: none. */
  readonly signal?: AbortSignal;
  /** How often a follower looks for more, in milliseconds. Default: 250. */
  readonly pollMs?: number;
  /** Told of everything that could not be read. Default: nobody. */
  readonly onGap?: (gap: SpoolGap) => void;
}

/** Records between two breaths of the event loop: reading history must not hold up the process that reads. */
const recordsPerTurn = 500;

/**
 * Reads records in the order of writing, from `cursor` on (null: from the oldest). Rotation and removal on the way are tolerated and
 * reported. A folder that does not exist yet is empty.
 */
export async function* readSpool(
  dir: string,
  cursor: SpoolCursor | null,
  options: ReadSpoolOptions = {},
): AsyncGenerator<SpoolEntry> {
  let at = cursor;
  while (!isStopped(options)) {
    const round = yield* readRound(dir, at, options);
    at = round.at;
    if (round.isMore) continue;
    if (options.follow !== true) return;
    await pause(options);
  }
}

/** Reads one file to its end, and says whether another follows. */
async function* readRound(
  dir: string,
  from: SpoolCursor | null,
  options: ReadSpoolOptions,
): AsyncGenerator<SpoolEntry, { readonly at: SpoolCursor | null; readonly isMore: boolean }> {
  const names = listNames(dir);
  const name = pickFile(names, from, options);
  if (name === null) return { at: from, isMore: false };
  const at = yield* readOn(dir, from?.file === name ? from : { file: name, offset: 0 }, options);
  // The listing is older than the reading: a file that had a successor then was complete, so its end was really the end.
  const next = names.find((one) => one > name);
  if (next === undefined || isStopped(options)) return { at, isMore: false };
  reportCutTail(dir, at, options);
  return { at: { file: next, offset: 0 }, isMore: true };
}

function isStopped(options: ReadSpoolOptions): boolean {
  return options.signal?.aborted === true;
}

/** Yields what one file holds from the cursor on, and returns the cursor after it. */
async function* readOn(
  dir: string,
  from: SpoolCursor,
  options: ReadSpoolOptions,
): AsyncGenerator<SpoolEntry, SpoolCursor> {
  let at = from;
  let count = 0;
  for (const { record, cursor } of readFile(dir, from, options)) {
    at = cursor;
    if (record !== null) yield { record, cursor };
    count += 1;
    if (count % recordsPerTurn === 0) await sleep(0);
    if (isStopped(options)) return at;
  }
  return at;
}

async function pause(options: ReadSpoolOptions): Promise<void> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  // An abort ends the wait by rejecting; the loop sees the signal and ends.
  await sleep(options.pollMs ?? 250, undefined, signal).catch(() => undefined);
}

/** The file names in the folder, oldest first. */
function listNames(dir: string): readonly string[] {
  try {
    return sortFileNames(readdirSync(dir)).map((one) => one.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function pickFile(names: readonly string[], at: SpoolCursor | null, options: ReadSpoolOptions): string | null {
  if (at === null) return names[0] ?? null;
  if (names.includes(at.file)) return at.file;
  const next = names.find((one) => one > at.file);
  if (next === undefined) return null;
  options.onGap?.({ kind: 'file_removed', file: at.file, offset: at.offset });
  return next;
}

function* readFile(
  dir: string,
  from: SpoolCursor,
  options: ReadSpoolOptions,
): Generator<{ readonly record: DecisionRecord | null; readonly cursor: SpoolCursor }> {
  const { file } = from;
  try {
    for (const line of readLines(join(dir, file), from.offset)) {
      const record = line.text === null ? null : parseRecord(line.text);
      const cursor = { file, offset: line.end };
      if (record === null) options.onGap?.({ kind: 'line_unreadable', file, offset: line.start });
      yield { record, cursor };
    }
  } catch (error) {
    // The budget may take the file between the listing and the opening; the next look at the folder reports the gap.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function reportCutTail(dir: string, at: SpoolCursor, options: ReadSpoolOptions): void {
  const size = statSync(join(dir, at.file), { throwIfNoEntry: false })?.size ?? at.offset;
  if (size > at.offset) options.onGap?.({ kind: 'tail_cut', file: at.file, offset: at.offset });
}
