import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { openLedger } from '../../store/index.ts';
import { askLocal } from '../local-socket.ts';
import { openStateFolder, type StatePaths, statePaths } from '../state-folder.ts';
import { acquireStateLock } from '../state-lock.ts';
import { type BackupAsk, notEmptyFault, type RestoreAsk } from './backup-answers.ts';
import { encodeNothing, type StagedRestore, stagedName, stageRestore } from './stage-restore.ts';
import { swapRestore } from './swap-restore.ts';
import { type BackupReport, writeBackup } from './write-backup.ts';

/** What a restore came to: where what it replaced is, and whether it was done by a control that was running. */
export interface RestoreReport extends StagedRestore {
  readonly aside: string;
  readonly answeredBy: 'control' | 'state-folder';
}

// A log of many gigabytes and a policy history of years are copied at the speed of a disk.
const copyTimeoutMs = 30 * 60_000;
const swapTimeoutMs = 30_000;

/**
 * Backs up the state: by the running control, or from the files where nothing runs. Faults: `backup_exists`, `backup_failed`,
 * `state_locked`, `ask_failed`, those of the ledger.
 */
export async function backupState(config: Config, ask: BackupAsk): Promise<Result<BackupReport>> {
  const paths = statePaths(config.state);
  const online = await askLocal<BackupReport>(paths.controlSocket, 'backup', ask, copyTimeoutMs);
  if (online.ok || online.fault.code !== 'not_running') return online;
  if (!existsSync(paths.ledger)) {
    return failed(fault('state_empty', `state \`${paths.root}\` holds no log of acts, is \`state:\` the right one?`));
  }
  return await withLocks(paths, async () => {
    const opened = openLedger({ path: paths.ledger, encode: encodeNothing });
    if (!opened.ok) return opened;
    const copyLedger = (path: string): Promise<Result<number>> => opened.value.copyTo(path);
    const made = await writeBackup({ paths, ...ask, nowMs: Date.now(), copyLedger });
    await opened.value.close();
    return made;
  });
}

/**
 * Restores a backup: a running control lays it ready and is started again, while the point decides on; where nothing runs, the files are
 * swapped here. Faults: `state_not_empty`, `backup_malformed`, `backup_altered`, `restore_needs_stop`, `restore_failed`,
 * `state_locked`, `ask_failed`, those of the ledger.
 */
export async function restoreState(config: Config, ask: RestoreAsk): Promise<Result<RestoreReport>> {
  const paths = statePaths(config.state);
  const online = await askLocal<StagedRestore>(paths.controlSocket, 'restore', ask, copyTimeoutMs);
  if (online.ok) return await whenSwapped(paths, online.value);
  if (online.fault.code !== 'not_running') return online;
  const folder = openStateFolder(config.state);
  if (!folder.ok) return folder;
  return await withLocks(paths, async () => {
    const empty = ask.force ? ok(null) : await checkEmpty(paths);
    if (!empty.ok) return empty;
    const staged = await stageRestore(ask.from, paths, { nowMs: Date.now(), mayHoldKeys: true });
    if (!staged.ok) return staged;
    await swapRestore(paths);
    return ok({ ...staged.value, aside: join(paths.replaced, staged.value.id), answeredBy: 'state-folder' as const });
  });
}

async function whenSwapped(paths: StatePaths, staged: StagedRestore): Promise<Result<RestoreReport>> {
  const deadline = performance.now() + swapTimeoutMs;
  while (performance.now() < deadline) {
    await sleep(100);
    if (existsSync(join(paths.restore, stagedName))) continue;
    const status = await askLocal(paths.controlSocket, 'status');
    if (status.ok) return ok({ ...staged, aside: join(paths.replaced, staged.id), answeredBy: 'control' });
  }
  return failed(
    fault('restore_failed', 'control was not back in time with what was restored, see the log of `exeat up`'),
  );
}

async function checkEmpty(paths: StatePaths): Promise<Result<null>> {
  if (!existsSync(paths.ledger)) return ok(null);
  const opened = openLedger({ path: paths.ledger, encode: encodeNothing });
  if (!opened.ok) return opened;
  const trouble = notEmptyFault(paths.root, await opened.value.size());
  await opened.value.close();
  return trouble === null ? ok(null) : failed(trouble);
}

/** Keeps `exeat up` from starting meanwhile; one that runs without an answering control holds the first lock. */
async function withLocks<T>(paths: StatePaths, work: () => Promise<Result<T>>): Promise<Result<T>> {
  const outer = acquireStateLock(paths.lock);
  if (!outer.ok) return outer;
  const inner = acquireStateLock(join(paths.control, 'lock.db'));
  try {
    return inner.ok ? await work() : inner;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failed(
      fault('restore_failed', `state \`${paths.root}\` cannot be changed (${code ?? message}), mend it and ask again`),
    );
  } finally {
    if (inner.ok) inner.value.release();
    outer.value.release();
  }
}
