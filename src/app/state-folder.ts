import { accessSync, chmodSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';

/** Where everything under the state folder is. Absolute paths. */
export interface StatePaths {
  readonly root: string;
  readonly control: string;
  readonly point: string;
  readonly spool: string;
  readonly policy: string;
  readonly keys: string;
  /** The log of acts. */
  readonly ledger: string;
  /** The folder of the audit log. */
  readonly audit: string;
  /** What a restore has laid ready for the next start of control. */
  readonly restore: string;
  /** What restores have put aside, a folder each. */
  readonly replaced: string;
  readonly lock: string;
  /** Where files of the audit log are made: beside its folder, which holds nothing else. */
  readonly auditTemporary: string;
  readonly lake: string;
  readonly lakeLock: string;
  readonly snapshot: string;
  readonly grants: string;
  readonly pointSocket: string;
  readonly controlSocket: string;
}

/** The paths under a state folder; touches nothing. */
export function statePaths(root: string): StatePaths {
  return {
    root,
    control: join(root, 'control'),
    point: join(root, 'point'),
    spool: join(root, 'spool'),
    policy: join(root, 'policy'),
    keys: join(root, 'keys'),
    ledger: join(root, 'control', 'ledger.db'),
    audit: join(root, 'audit'),
    restore: join(root, 'restore'),
    replaced: join(root, 'replaced'),
    lock: join(root, 'lock.db'),
    auditTemporary: join(root, 'audit.tmp'),
    lake: join(root, 'lake'),
    lakeLock: join(root, 'lake.lock.db'),
    snapshot: join(root, 'control', 'snapshot.exeat'),
    grants: join(root, 'control', 'grants.exeat'),
    pointSocket: join(root, 'point', 'point.sock'),
    controlSocket: join(root, 'control', 'control.sock'),
  };
}

/** Where `exeat run` finds a running product. */
export function runSocket(config: Pick<Config, 'run'>, paths: Pick<StatePaths, 'point'>): string {
  return config.run.socket ?? join(paths.point, 'run.sock');
}

/** Makes the folders, 0700 each, tightening what was wider. Faults: `state_unwritable`, with the path and the mend. */
export function openStateFolder(root: string): Result<StatePaths> {
  const paths = statePaths(root);
  for (const folder of [root, paths.control, paths.point, paths.spool, paths.policy, paths.keys]) {
    const trouble = openFolder(folder);
    if (trouble !== null) return failed(trouble);
  }
  return ok(paths);
}

function openFolder(folder: string): Fault | null {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The umask and an older folder may both differ from what is wanted.
    if ((statSync(folder).mode & 0o777) !== 0o700) chmodSync(folder, 0o700);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return fault(
      'state_unwritable',
      `state folder \`${folder}\` cannot be used (${code}), ${mends[code] ?? mendOthers}`,
    );
  }
}

const mendOthers = 'make it writable for this user or name another with `state:`';

/** What to do, by errno. */
const mends: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of the path is a file, name another with `state:`',
  EEXIST: 'a file is in its place, name another with `state:`',
  EROFS: 'the file system is read-only, name another with `state:`',
  ENOSPC: 'the disk is full, free some space',
};
