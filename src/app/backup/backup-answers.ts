import { z } from 'zod';
import { ExeatError, type Fault, failed, fault, type Result } from '../../base/index.ts';
import type { SqliteLedger } from '../../store/index.ts';
import type { Answerers } from '../local-socket.ts';
import type { StatePaths } from '../state-folder.ts';
import { type StagedRestore, stageRestore } from './stage-restore.ts';
import { writeBackup } from './write-backup.ts';

/** What `backup` asks of a running control. `to` is absolute. */
export interface BackupAsk {
  readonly to: string;
  readonly withKeys: boolean;
}

/** What `restore` asks of a running control. `from` is absolute. */
export interface RestoreAsk {
  readonly from: string;
  readonly force: boolean;
}

/** What the answers work with. `restart` ends control so that the supervisor starts it again. */
export interface BackupParts {
  readonly paths: StatePaths;
  readonly ledger: SqliteLedger;
  readonly restart: () => void;
}

const absolutePath = z.string().max(4_096).startsWith('/');
const backupShape: z.ZodType<BackupAsk> = z.strictObject({ to: absolutePath, withKeys: z.boolean() });
const restoreShape: z.ZodType<RestoreAsk> = z.strictObject({ from: absolutePath, force: z.boolean() });

// The answer is on its way before the process that gives it ends.
const restartAfterMs = 200;

/** Answers `backup` and `restore` of the command line, one at a time. */
export function backupAnswers({ paths, ledger, restart }: BackupParts): Answerers {
  const alone = createAlone();
  return {
    backup: (body) =>
      alone(async () => {
        const { to, withKeys } = backupShape.parse(body);
        const copyLedger = (path: string): Promise<Result<number>> => ledger.copyTo(path);
        return await writeBackup({ paths, to, withKeys, nowMs: Date.now(), copyLedger });
      }),
    restore: (body) =>
      alone(async () => {
        const staged = await restoreRunning(paths, ledger, restoreShape.parse(body));
        if (staged.ok) setTimeout(restart, restartAfterMs);
        return staged;
      }),
  };
}

async function restoreRunning(
  paths: StatePaths,
  ledger: SqliteLedger,
  { from, force }: RestoreAsk,
): Promise<Result<StagedRestore>> {
  const trouble = force ? null : notEmptyFault(paths.root, await ledger.size());
  if (trouble !== null) return failed(trouble);
  return await stageRestore(from, paths, { nowMs: Date.now(), mayHoldKeys: false });
}

/** The fault of a restore over a log that holds acts; null for an empty one. */
export function notEmptyFault(root: string, entries: number): Fault | null {
  if (entries === 0) return null;
  return fault(
    'state_not_empty',
    `state \`${root}\` holds ${entries} acts, which a restore replaces: ask with \`--force\`, what is there is put aside`,
  );
}

function createAlone(): <T>(work: () => Promise<Result<T>>) => Promise<T> {
  let isBusy = false;
  return async (work) => {
    if (isBusy) throw new ExeatError('backup_busy', 'another backup or restore is under way, wait for its end');
    isBusy = true;
    try {
      const done = await work();
      if (!done.ok) throw new ExeatError(done.fault.code, done.fault.message);
      return done.value;
    } finally {
      isBusy = false;
    }
  };
}
