import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { DecisionRecord } from '../policy/index.ts';
import { listRecordFiles, ulidTimeMs } from './find-record.ts';
import { parseRecord } from './parse-record.ts';
import { readLines } from './read-lines.ts';

/** What a search may cost at most. Past either it ends as if nothing was there. */
export interface FindBounds {
  readonly mostBytes: number;
  readonly mostMs: number;
}

// A record is written when its id is made; what was counted together up to a minute later, and the clock may step.
const beforeMs = 5_000;
const afterMs = 120_000;
// Read at each step of the search by halves. Late records are few among so many, so the latest of them tells how far the file is here.
const probeBytes = 64 * 1024;
// Where the halves are this small, reading on is quicker.
const closeEnoughBytes = 256 * 1024;
const linesPerTurn = 300;

/**
 * The record with this id (a ULID), or null. Looks only where its time says that it was written, so that whoever asks for ids that nobody
 * made costs little. {@link findRecord} looks everywhere.
 */
export async function findRecordNear(dir: string, id: string, bounds: FindBounds): Promise<DecisionRecord | null> {
  const atMs = ulidTimeMs(id);
  if (atMs === null) return null;
  const deadline = performance.now() + bounds.mostMs;
  let left = bounds.mostBytes;
  const files = listRecordFiles(dir);
  for (const [index, { name, beganAtMs }] of files.entries()) {
    const endsAtMs = files[index + 1]?.beganAtMs ?? Number.POSITIVE_INFINITY;
    if (beganAtMs > atMs + afterMs || endsAtMs < atMs - beforeMs) continue;
    const found = await searchFile(join(dir, name), id, { atMs, mostBytes: left, deadline });
    if (found.record !== null) return found.record;
    left -= found.read;
    if (left <= 0 || performance.now() > deadline) return null;
  }
  return null;
}

interface Searching {
  readonly atMs: number;
  readonly mostBytes: number;
  readonly deadline: number;
}

interface Looked {
  readonly record: DecisionRecord | null;
  readonly read: number;
}

async function searchFile(path: string, id: string, searching: Searching): Promise<Looked> {
  try {
    return await readOn(path, id, { ...searching, from: offsetNear(path, searching.atMs - beforeMs) });
  } catch (error) {
    // The budget may take a file while it is searched.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { record: null, read: 0 };
  }
}

async function readOn(
  path: string,
  id: string,
  { atMs, mostBytes, deadline, from }: Searching & { readonly from: number },
): Promise<Looked> {
  let [count, read] = [0, 0];
  for (const { text, end } of readLines(path, from)) {
    read = end - from;
    const record = recordOf(text, id);
    if (record !== null) return { record, read };
    if (read > mostBytes || performance.now() > deadline) break;
    count += 1;
    const isTurn = count % linesPerTurn === 0;
    if (isTurn && isPast(text, atMs + afterMs)) break;
    if (isTurn) await new Promise((resolve) => setImmediate(resolve));
  }
  return { record: null, read };
}

// Looking for the bytes first saves parsing nearly every line.
function recordOf(text: string | null, id: string): DecisionRecord | null {
  const record = text?.includes(id) === true ? parseRecord(text) : null;
  return record?.id === id ? record : null;
}

function isPast(text: string | null, atMs: number): boolean {
  const latest = text === null ? null : lastTimeMs(text);
  return latest !== null && latest > atMs;
}

/** An offset in the file before which everything was written earlier than `atMs`; by halves. */
function offsetNear(path: string, atMs: number): number {
  const fd = openSync(path, 'r');
  try {
    const probe = Buffer.alloc(probeBytes);
    let [low, high] = [0, fstatSync(fd).size];
    while (high - low > closeEnoughBytes) {
      const middle = Math.floor((low + high) / 2);
      const read = readSync(fd, probe, 0, probeBytes, middle);
      const latest = lastTimeMs(probe.toString('latin1', 0, read));
      // Where nothing tells the time the search goes on earlier: reading more is never wrong.
      if (latest !== null && latest < atMs) low = middle;
      else high = middle;
    }
    return low === 0 ? 0 : startOfLine(fd, low, probe);
  } finally {
    closeSync(fd);
  }
}

// The first whole line after an offset that may lie within one.
function startOfLine(fd: number, offset: number, probe: Buffer): number {
  const read = readSync(fd, probe, 0, probe.length, offset);
  const at = probe.subarray(0, read).indexOf(0x0a);
  return at === -1 ? offset : offset + at + 1;
}

/** The latest time in a piece of a file, null where it has none. */
function lastTimeMs(text: string): number | null {
  let latest = '';
  for (const [, time = ''] of text.matchAll(/"time":"(\d{4}-\d\d-\d\dT[\d:.]{8,12}Z)"/g)) {
    if (time > latest) latest = time;
  }
  return latest === '' ? null : Date.parse(latest);
}
