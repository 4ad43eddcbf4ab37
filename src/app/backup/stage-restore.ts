import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { openLedger } from '../../store/index.ts';
import type { StatePaths } from '../state-folder.ts';
import { type BackupManifest, backupFolders, ledgerName, readManifest } from './backup-manifest.ts';
import { copyFile, digestFile } from './copy-files.ts';
import { forceFolder } from './force-folder.ts';

/** A restore that is laid ready: told by `restore/restore.json`, and by the act that is noted of it. */
export interface StagedRestore {
  /** Names the restore, and the folder that what it replaces is put in: `20261201T120000Z-1f3a…`. */
  readonly id: string;
  readonly createdAt: string;
  readonly entries: number;
  readonly withKeys: boolean;
  /** The digest of the backup's manifest, which holds the digests of all its files. */
  readonly manifestSha256: string;
}

/** How a restore is staged. */
export interface StageOptions {
  readonly nowMs: number;
  /** Whether a backup with keys is taken: not while a point runs by the ones that are there. */
  readonly mayHoldKeys: boolean;
}

/** The name of the file that tells of a staged restore. */
export const stagedName = 'restore.json';

/**
 * Copies a backup into `restore/` of the state and proves it there: every digest, and that its ledger opens with as many acts as it
 * says. Nothing of the state is touched; the swap does that. Faults: `backup_malformed`, `backup_altered`, `restore_needs_stop`,
 * `restore_failed`, those of the ledger.
 */
export async function stageRestore(
  from: string,
  paths: StatePaths,
  { nowMs, mayHoldKeys }: StageOptions,
): Promise<Result<StagedRestore>> {
  const manifest = await readManifest(from);
  if (!manifest.ok) return manifest;
  if (manifest.value.withKeys && !mayHoldKeys) {
    return failed(
      fault('restore_needs_stop', `\`${from}\` holds keys, which a running point cannot take: stop \`exeat up\` first`),
    );
  }
  const partial = `${paths.restore}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { mode: 0o700 });
    const proven = await copyProven(from, partial, manifest.value);
    if (!proven.ok) {
      await rm(partial, { recursive: true, force: true });
      return proven;
    }
    const staged = await describe(from, manifest.value, nowMs);
    await writeFile(join(partial, stagedName), JSON.stringify(staged), { mode: 0o600, flush: true });
    await forceFolder(partial);
    await rm(paths.restore, { recursive: true, force: true });
    await rename(partial, paths.restore);
    await forceFolder(paths.root);
    return ok(staged);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    const { code, message } = error as NodeJS.ErrnoException;
    return failed(
      fault('restore_failed', `backup \`${from}\` cannot be copied (${code ?? message}), nothing was replaced`),
    );
  }
}

async function describe(from: string, manifest: BackupManifest, nowMs: number): Promise<StagedRestore> {
  const { createdAt, entries, withKeys } = manifest;
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const { sha256 } = await digestFile(join(from, 'manifest.json'));
  return { id: `${stamp}-${randomBytes(4).toString('hex')}`, createdAt, entries, withKeys, manifestSha256: sha256 };
}

async function copyProven(from: string, to: string, manifest: BackupManifest): Promise<Result<null>> {
  // A folder that a backup has nothing of takes the place of the one that is there, too: they belong to one moment.
  for (const name of backupFolders) {
    if (name !== 'keys' || manifest.withKeys) await mkdir(join(to, name), { mode: 0o700 });
  }
  for (const { path, bytes, sha256 } of manifest.files) {
    const copied = await copyFile(join(from, path), join(to, path)).catch(nullIfGone);
    if (copied === null) return failed(fault('backup_altered', `\`${from}\` lacks \`${path}\`, nothing was replaced`));
    if (copied.bytes !== bytes || copied.sha256 !== sha256) {
      return failed(
        fault('backup_altered', `\`${path}\` in \`${from}\` is not what was backed up, nothing was replaced`),
      );
    }
  }
  return await checkLedger(join(to, ledgerName), manifest.entries);
}

async function checkLedger(path: string, entries: number): Promise<Result<null>> {
  const opened = openLedger({ path, encode: encodeNothing });
  if (!opened.ok) return opened;
  const size = await opened.value.size();
  await opened.value.close();
  if (size === entries) return ok(null);
  return failed(
    fault('backup_altered', `the ledger of the backup holds ${size} acts and not ${entries}, nothing was replaced`),
  );
}

/** For a ledger that is opened to be read or copied: nothing is committed to it. */
export function encodeNothing(): never {
  throw new TypeError('this ledger is open to be read');
}

function nullIfGone(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
