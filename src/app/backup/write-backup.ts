import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { StatePaths } from '../state-folder.ts';
import { type BackupFile, type BackupManifest, backupFolders, ledgerName, manifestName } from './backup-manifest.ts';
import { copyFolder, digestFile } from './copy-files.ts';
import { forceFolder } from './force-folder.ts';

/** What to back up, and where to. */
export interface BackupTask {
  readonly paths: StatePaths;
  /** The folder to make; it is not there yet. Absolute. */
  readonly to: string;
  readonly withKeys: boolean;
  readonly nowMs: number;
  /** Copies the ledger as it stands into a new file; gives the number of its acts. */
  readonly copyLedger: (path: string) => Promise<Result<number>>;
}

/** What a backup came to. */
export interface BackupReport {
  readonly folder: string;
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  readonly withKeys: boolean;
}

/**
 * Writes a backup of a state that may be at work. Audit files are copied before the ledger: then the ledger holds every act that a
 * checkpoint speaks of. Made beside and renamed at the end, so a folder of that name is a whole backup.
 * Faults: `backup_exists`, `backup_inside`, `backup_failed`, those of the ledger.
 */
export async function writeBackup(task: BackupTask): Promise<Result<BackupReport>> {
  if (existsSync(task.to)) {
    return failed(fault('backup_exists', `\`${task.to}\` is there already, name a folder that is not`));
  }
  if (task.to.startsWith(`${task.paths.root}${sep}`)) {
    return failed(
      fault('backup_inside', `\`${task.to}\` lies in the state that it would be a copy of, name a folder elsewhere`),
    );
  }
  const partial = `${task.to}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { mode: 0o700 });
    const made = await fill(partial, task);
    if (!made.ok) {
      await rm(partial, { recursive: true, force: true });
      return made;
    }
    await rename(partial, task.to);
    await forceFolder(dirname(task.to));
    const { files, entries, withKeys } = made.value;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return ok({ folder: task.to, entries, files: files.length, bytes, withKeys });
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    return failed(backupFault(task.to, error));
  }
}

async function fill(folder: string, task: BackupTask): Promise<Result<BackupManifest>> {
  const files: BackupFile[] = [];
  for (const name of backupFolders) {
    if (name === 'keys' && !task.withKeys) continue;
    files.push(...(await copyFolder(task.paths[name], join(folder, name), name)));
  }
  const copied = await task.copyLedger(join(folder, ledgerName));
  if (!copied.ok) return copied;
  files.push({ path: ledgerName, ...(await digestFile(join(folder, ledgerName))) });
  const manifest: BackupManifest = {
    format: 'exeat-backup',
    v: 1,
    createdAt: new Date(task.nowMs).toISOString(),
    entries: copied.value,
    withKeys: task.withKeys,
    files,
  };
  await writeFile(join(folder, manifestName), `${JSON.stringify(manifest, null, 1)}\n`, { mode: 0o600, flush: true });
  await forceFolder(folder);
  return ok(manifest);
}

function backupFault(to: string, error: unknown): Fault {
  const { code, message, path } = error as NodeJS.ErrnoException;
  return fault(
    'backup_failed',
    `backup \`${to}\` cannot be made (${code ?? message}: \`${path ?? to}\`), nothing is left of it`,
  );
}
