import { closeSync, fstatSync, fsync, ftruncateSync, openSync, readdirSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nextFileName, type SpoolFileName, sortFileNames } from './file-names.ts';
import { repairTail } from './repair-tail.ts';

const syncFile = promisify(fsync);
const writeSome = promisify(write) as unknown as (
  fd: number,
  bytes: Buffer,
  from: number,
) => Promise<{ bytesWritten: number }>;

/** The file being written. `bytes` is its length up to the last whole record. */
export interface SpoolFile {
  readonly name: SpoolFileName;
  readonly fd: number;
  bytes: number;
}

/** A file opened for writing, and how many bytes of a cut last line were removed on the way. */
export interface OpenedFile {
  readonly file: SpoolFile;
  readonly repairedBytes: number;
}

/**
 * Opens the newest file again when it is small and young enough, so that a restart loop does not litter the folder; else a new one.
 * Throws what the file system throws.
 */
export function openForWriting(dir: string, nowMs: number, limits: { maxBytes: number; maxAgeMs: number }): OpenedFile {
  const last = sortFileNames(readdirSync(dir)).at(-1) ?? null;
  if (last === null) return { file: openNew(dir, nowMs, null), repairedBytes: 0 };
  const repairedBytes = repairTail(join(dir, last.name));
  const fd = openSync(join(dir, last.name), 'a', 0o600);
  const bytes = fstatSync(fd).size;
  if (bytes < limits.maxBytes && nowMs - last.beganAtMs < limits.maxAgeMs) {
    return { file: { name: last, fd, bytes }, repairedBytes };
  }
  closeSync(fd);
  return { file: openNew(dir, nowMs, last), repairedBytes };
}

/** Begins a new file whose name sorts after `last`. Throws what the file system throws. */
export function openNew(dir: string, nowMs: number, last: SpoolFileName | null): SpoolFile {
  const name = nextFileName(nowMs, last);
  return { name, fd: openSync(join(dir, name.name), 'ax', 0o600), bytes: 0 };
}

/**
 * Appends whole lines, off the main thread: a slow disk must not hold up decisions. One caller at a time.
 * On a fault the file is cut back to its last whole record, and the error is thrown on.
 */
export async function appendLines(file: SpoolFile, lines: Buffer): Promise<void> {
  let done = 0;
  try {
    while (done < lines.length) done += (await writeSome(file.fd, lines, done)).bytesWritten;
  } catch (error) {
    if (done > 0) ftruncateSync(file.fd, file.bytes);
    throw error;
  }
  file.bytes += lines.length;
}

/** Whether the file still has a name. One that an operator removed swallows records without any fault. */
export function isLinked(file: SpoolFile): boolean {
  return fstatSync(file.fd).nlink > 0;
}

/** Forces the file to disk and closes it, off the main thread: forcing 64 MiB can take a second. */
export async function closeFile(file: SpoolFile): Promise<void> {
  try {
    await syncFile(file.fd);
  } finally {
    closeSync(file.fd);
  }
}
