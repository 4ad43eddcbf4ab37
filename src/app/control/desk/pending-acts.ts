import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { NewEntry } from '../../../audit/index.ts';
import { ExeatError } from '../../../base/index.ts';
import type { NewView } from '../../../exceptions/index.ts';

/** An act that is in force and not in the log yet: it narrowed, and the log could not be written. */
export interface PendingAct {
  /** Names the act in the log once it is there, so that it is never written twice. */
  readonly id: string;
  readonly atMs: number;
  readonly entries: readonly NewEntry[];
  readonly views: readonly NewView[];
}

/** Acts that wait for the log, kept on disk so that a kill loses none. */
export interface PendingActs {
  readonly acts: readonly PendingAct[];
  /** Keeps one more; gives whether it is on disk. It counts either way. */
  add(act: Omit<PendingAct, 'id'>): boolean;
  /** The acts of these ids are in the log now. */
  drop(ids: ReadonlySet<string>): void;
}

// Written over in place: a full disk takes no new blocks, and that is when this file is needed.
const reservedBytes = 1024 * 1024;

/**
 * Opens the file, making it with its space reserved. Throws what the file system throws, and an ExeatError where the file is damaged: a
 * revocation that was answered may stand in it, so it is neither taken for empty nor written over.
 */
export function openPendingActs(path: string): PendingActs {
  const fd = openSync(path, 'a+', 0o600);
  closeSync(fd);
  const text = readFileSync(path, 'utf8');
  let acts = readActs(text, path);
  if (text.length < reservedBytes) reserve(path, text.length);

  const write = (): boolean => {
    const bytes = Buffer.from(`${JSON.stringify(acts)}\n`);
    if (bytes.length > reservedBytes) return false;
    try {
      overwrite(path, bytes);
      return true;
    } catch {
      return false;
    }
  };
  return {
    get acts() {
      return acts;
    },
    add: (act) => {
      acts = [...acts, { id: randomUUID(), ...act }];
      return write();
    },
    drop: (ids) => {
      acts = acts.filter(({ id }) => !ids.has(id));
      write();
    },
  };
}

function reserve(path: string, from: number): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, Buffer.alloc(reservedBytes - from, 0x20), 0, reservedBytes - from, from);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

// The line first, then spaces over what an older and longer one left: whatever is after the first line is not read.
function overwrite(path: string, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function readActs(text: string, path: string): readonly PendingAct[] {
  const [line = ''] = text.split('\n', 1);
  // Space that was reserved and never written to.
  if (line.trim() === '') return [];
  try {
    const acts = JSON.parse(line) as unknown;
    if (Array.isArray(acts) && acts.every(isAct)) return acts.map((act) => ({ ...act, id: act.id ?? digestOf(act) }));
  } catch {
    // Told below, like everything else that is no list of acts.
  }
  throw new ExeatError(
    'pending_acts_damaged',
    `\`${path}\` is damaged: it holds what was revoked while the log of acts could not be written, restore it, or remove it and revoke anew`,
  );
}

// Files of before acts had ids: the same act has the same one however often the file is read.
type ReadAct = Omit<PendingAct, 'id'> & { readonly id?: string };

function digestOf(act: ReadAct): string {
  return createHash('sha256').update(JSON.stringify(act)).digest('hex');
}

function isAct(act: unknown): act is ReadAct {
  const { id = '', atMs, entries, views } = (act ?? {}) as Partial<Record<keyof PendingAct, unknown>>;
  return typeof id === 'string' && typeof atMs === 'number' && Array.isArray(entries) && Array.isArray(views);
}
