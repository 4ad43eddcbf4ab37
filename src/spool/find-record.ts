import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CloseRecord, DecisionRecord } from '../policy/index.ts';
import { type SpoolFileName, sortFileNames } from './file-names.ts';
import { parseRecord } from './parse-record.ts';
import { readLines } from './read-lines.ts';

/** A record may be written a little after its id was made, and the clock may step; files this close are looked at first. */
const slackMs = 60_000;

/** Crockford base32, the alphabet of ULIDs. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The record with this id (a ULID), or null. Its time tells which file to look at first; then every other one is, newest first. */
export async function findRecord(dir: string, id: string): Promise<DecisionRecord | null> {
  for (const file of likelyFirst(listRecordFiles(dir), ulidTimeMs(id))) {
    for (const record of matching(join(dir, file.name), id, (one) => one.id === id)) return record;
    await breathe();
  }
  return null;
}

/**
 * Every record of a flow (a ULID), in the order of writing: verdicts, progress and close. At most 10,000. A connection is over with its
 * close; what the kernel counts by name has one for each of its addresses.
 */
export async function findFlowRecords(dir: string, flow: string): Promise<readonly DecisionRecord[]> {
  const found: DecisionRecord[] = [];
  for (const file of filesSince(listRecordFiles(dir), ulidTimeMs(flow))) {
    for (const record of matching(join(dir, file.name), flow, (one) => one.flow === flow)) {
      found.push(record);
      if ((record.kind === 'close' && !isOneOfName(record)) || found.length >= maxFlowRecords) return found;
    }
    await breathe();
  }
  return found;
}

/** A span of time to look at, and a text that every line that is wanted has. */
export interface Stretch {
  /** Epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly needle: string;
}

/** The records of a span of time that are wanted, in the order of writing, at most 10,000 of them. */
export async function findRecordsBetween(
  dir: string,
  { fromMs, toMs, needle }: Stretch,
  isWanted: (record: DecisionRecord) => boolean,
): Promise<readonly DecisionRecord[]> {
  const found: DecisionRecord[] = [];
  const isWithin = ({ time }: DecisionRecord): boolean => Date.parse(time) >= fromMs && Date.parse(time) <= toMs;
  for (const file of filesSince(listRecordFiles(dir), fromMs)) {
    if (file.beganAtMs > toMs + slackMs) break;
    for (const record of matching(join(dir, file.name), needle, (one) => isWithin(one) && isWanted(one))) {
      found.push(record);
      if (found.length >= maxFlowRecords) return found;
    }
    await breathe();
  }
  return found;
}

/** Whether the oldest file of the spool began after this flow (a ULID) did: what it wrote first is gone. */
export function isRotatedAway(dir: string, flow: string): boolean {
  const [oldest] = listRecordFiles(dir);
  return oldest === undefined || oldest.beganAtMs > (ulidTimeMs(flow) ?? Number.POSITIVE_INFINITY);
}

function isOneOfName({ share }: CloseRecord): boolean {
  return share?.source.endsWith(':0') === true && share.destination.host !== share.destination.address;
}

function filesSince(files: readonly SpoolFileName[], atMs: number | null): readonly SpoolFileName[] {
  const endsAtMs = (index: number): number => files[index + 1]?.beganAtMs ?? Number.POSITIVE_INFINITY;
  return files.filter((_, index) => atMs === null || endsAtMs(index) >= atMs - slackMs);
}

const maxFlowRecords = 10_000;

/** The record files of a folder, oldest first; none where there is no folder. */
export function listRecordFiles(dir: string): readonly SpoolFileName[] {
  try {
    return sortFileNames(readdirSync(dir));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function likelyFirst(files: readonly SpoolFileName[], atMs: number | null): readonly SpoolFileName[] {
  const newestFirst = files.toReversed();
  if (atMs === null) return newestFirst;
  const isLikely = (file: SpoolFileName, index: number): boolean => {
    const endsAtMs = newestFirst[index - 1]?.beganAtMs ?? Number.POSITIVE_INFINITY;
    return file.beganAtMs <= atMs + slackMs && endsAtMs >= atMs - slackMs;
  };
  return [...newestFirst.filter(isLikely), ...newestFirst.filter((file, index) => !isLikely(file, index))];
}

function* matching(
  path: string,
  needle: string,
  isWanted: (record: DecisionRecord) => boolean,
): Generator<DecisionRecord> {
  try {
    for (const { text } of readLines(path, 0)) {
      // Looking for the bytes first saves parsing nearly every line.
      const record = text?.includes(needle) === true ? parseRecord(text) : null;
      if (record !== null && isWanted(record)) yield record;
    }
  } catch (error) {
    // The budget may take a file while it is searched.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The time in a ULID, epoch milliseconds; null where the text is none. */
export function ulidTimeMs(id: string): number | null {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id)) return null;
  return [...id.slice(0, 10)].reduce((time, char) => time * 32 + alphabet.indexOf(char), 0);
}

async function breathe(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
