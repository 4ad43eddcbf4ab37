import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

const retryMs = 20;
const maxWaitMs = 5_000;

/**
 * Runs work under an exclusive lock kept in `<path>.lock`: an SQLite database, since its lock is the kernel's and falls
 * with its process, also on kill -9. Waits at most 5 s. Faults: `file_locked`, `file_unwritable`, and those of the work.
 */
export async function withFileLock<T, F extends Fault>(
  path: string,
  work: () => Promise<Result<T, F>>,
): Promise<Result<T, F | Fault<'file_locked' | 'file_unwritable'>>> {
  const lock = await takeLock(`${path}.lock`);
  if (!lock.ok) return lock;
  try {
    return await work();
  } finally {
    lock.value.close();
  }
}

async function takeLock(path: string): Promise<Result<DatabaseSync, Fault<'file_locked' | 'file_unwritable'>>> {
  for (let waitedMs = 0; waitedMs <= maxWaitMs; waitedMs += retryMs) {
    const taken = tryLock(path);
    if (taken !== 'busy') return taken;
    await sleep(retryMs);
  }
  return failed(fault('file_locked', `\`${path}\` is held by another process; try again when it has ended`));
}

/** SQLite's SQLITE_BUSY: https://sqlite.org/rescode.html#busy */
const sqliteBusy = 5;

function tryLock(path: string): Result<DatabaseSync, Fault<'file_unwritable'>> | 'busy' {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return ok(database);
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return 'busy';
    return failed(fault('file_unwritable', `\`${path}\` cannot be written; create its folder or mend its permissions`));
  }
}
