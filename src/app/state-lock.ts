import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** Held while a process may write to the state. The kernel drops it when the process ends in whatever way. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the one-writer lock: `BEGIN EXCLUSIVE` on a lock database, waiting at most `waitMs`.
 * Faults: `state_locked` when another process holds it, `state_unwritable` when the file cannot be used.
 */
export function acquireStateLock(path: string, waitMs = 0): Result<StateLock> {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: waitMs });
    chmodSync(path, 0o600);
    database.exec('BEGIN EXCLUSIVE');
    const held = database;
    return ok({ release: () => held.close() });
  } catch (error) {
    database?.close();
    return failed(lockFault(path, error));
  }
}

function lockFault(path: string, error: unknown): Fault {
  const { errcode, message } = error as { errcode?: number; message?: string };
  // SQLITE_BUSY is 5; extended codes keep it in the low byte (sqlite.org/rescode.html).
  if (errcode !== undefined && (errcode & 0xff) === 5) {
    return fault('state_locked', `\`${path}\` is held by a running \`exeat up\`, stop it or name another \`state:\``);
  }
  return fault(
    'state_unwritable',
    `\`${path}\` cannot be used as the lock (${message ?? 'unknown'}), make it writable for this user`,
  );
}
