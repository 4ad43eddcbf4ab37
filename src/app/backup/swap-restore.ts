import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Fault, fault } from '../../base/index.ts';
import type { Ledger } from '../../exceptions/index.ts';
import type { StatePaths } from '../state-folder.ts';
import { backupFolders, ledgerName } from './backup-manifest.ts';
import { forceFolder } from './force-folder.ts';
import { type StagedRestore, stagedName } from './stage-restore.ts';

/** The marker that a restore was swapped in and is not yet noted in the log. */
const markerOf = (paths: StatePaths): string => join(paths.control, 'restored.json');

/**
 * Swaps a staged restore in, where one is laid ready; what it replaces is put aside in `replaced/ID`. The caller holds the lock of control
 * and has no ledger open. Killed anywhere, the next call goes on: a part that is still staged is not yet in place. Gives what was
 * swapped in, or null for nothing. Rejects with the system's error.
 */
export async function swapRestore(paths: StatePaths): Promise<StagedRestore | null> {
  if (!existsSync(join(paths.restore, stagedName))) return null;
  const staged = JSON.parse(readFileSync(join(paths.restore, stagedName), 'utf8')) as StagedRestore;
  const aside = join(paths.replaced, staged.id);
  await mkdir(aside, { recursive: true, mode: 0o700 });
  await swapPart(join(paths.restore, ledgerName), paths.ledger, join(aside, ledgerName));
  for (const name of backupFolders) await swapPart(join(paths.restore, name), paths[name], join(aside, name));
  await rename(join(paths.restore, stagedName), markerOf(paths));
  await forceFolder(paths.control);
  await rm(paths.restore, { recursive: true, force: true });
  return staged;
}

async function swapPart(staged: string, live: string, aside: string): Promise<void> {
  if (!existsSync(staged)) return;
  // The log that a database writes ahead goes first: beside another database it would be played into that.
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(`${live}${suffix}`)) await rename(`${live}${suffix}`, freeName(`${aside}${suffix}`));
  }
  await forceFolder(dirname(aside));
  await rename(staged, live);
  await forceFolder(dirname(live));
}

// Killed between the two renames, the next start has made an empty folder in the place of the one that was put aside.
function freeName(path: string): string {
  let name = path;
  for (let at = 1; existsSync(name); at += 1) name = `${path}.${at}`;
  return name;
}

/**
 * Notes a restore that was swapped in as the act `store.restored` of subject `store`, once, before anything else is done with the log.
 * Fault: that of the ledger; the next start tries again.
 */
export async function noteRestored(paths: StatePaths, ledger: Ledger, nowMs: number): Promise<Fault | null> {
  const marker = markerOf(paths);
  if (!existsSync(marker)) return null;
  let restored: StagedRestore;
  try {
    restored = JSON.parse(readFileSync(marker, 'utf8')) as StagedRestore;
  } catch {
    return fault('restore_unreadable', `\`${marker}\` tells of a restore and cannot be read, remove it`);
  }
  const { id, createdAt, entries, withKeys, manifestSha256 } = restored;
  const earlier = await ledger.entriesOf('store');
  // Killed between the commit and the removal of the marker.
  if (!earlier.some((entry) => entry.details['restore'] === id)) {
    const committed = await ledger.commit({
      nowMs,
      entries: [
        {
          subject: 'store',
          action: 'store.restored',
          actor: { kind: 'system', part: 'control' },
          details: { restore: id, backupOf: createdAt, entries, withKeys, manifest: `sha256:${manifestSha256}` },
        },
      ],
      views: [],
      expected: [{ subject: 'store', seq: earlier.at(-1)?.seq ?? null }],
      answer: null,
    });
    if (!committed.ok) return committed.fault;
  }
  await rm(marker, { force: true });
  return null;
}
