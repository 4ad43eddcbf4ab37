import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { childOf } from './kill-child.ts';
import { type RunningProduct, waitFor } from './product.ts';

/** Kills control and takes its lock before the next one does: until it is released every start of it fails. */
export async function holdControlDown(product: RunningProduct): Promise<{ release(): void }> {
  process.kill(childOf(product, 'control') ?? 0, 'SIGKILL');
  const database = new DatabaseSync(join(product.state, 'control', 'lock.db'));
  await waitFor(async () => isTaken(database), 'the lock of control');
  return { release: () => database.close() };
}

function isTaken(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch {
    // Held still by the one that was killed.
    return false;
  }
}
