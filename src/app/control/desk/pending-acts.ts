import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { NewEntry } from '../../../audit/index.ts';
import { ExeatError } from '../../../base/index.ts';
import type { NewView } from '../../../exceptions/index.ts';

/** An act that is in force and not in the log yet: it narrowed, and the log could not be written. */
export interface PendingAct {
  readonly atMs: number;
  readonly entries: readonly NewEntry[];
  readonly views: readonly NewView[];
}

/** Acts that wait for the log, kept on disk so that a kill loses none. */
export interface PendingActs {
  readonly acts: readonly PendingAct[];
  /** Keeps one more; gives whether it is on disk. It counts either way. */
  add(act: PendingAct): boolean;
  /** The acts are in the log now. */
  clear(): void;
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
      acts = [...acts, act];
      return write();
    },
    clear: () => {
      acts = [];
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
    if (Array.isArray(acts) && acts.every(isAct)) return acts;
  } catch {
    // Told below, like everything else that is no list of acts.
  }
  throw new ExeatError(
    'pending_acts_damaged',
    `\`${path}\` is damaged: it holds what was revoked while the log of acts could not be written, restore it, or remove it and revoke anew`,
  );
}

function isAct(act: unknown): act is PendingAct {
  const { atMs, entries, views } = (act ?? {}) as Partial<Record<keyof PendingAct, unknown>>;
  return typeof atMs === 'number' && Array.isArray(entries) && Array.isArray(views);
}
