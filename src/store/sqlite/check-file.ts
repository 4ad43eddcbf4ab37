import { chmodSync, closeSync, fstatSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { applicationId, migrations, schemaVersion } from './migrations.ts';
import { openingFault, type StoreFaultCode } from './store-fault.ts';

/** Up to this size every page is looked at when the file is opened (a few seconds at most); a larger one is looked at where it is read. */
const maxCheckedBytes = 2 * 1024 ** 3;

/** Makes the file when there is none, 0600, and tightens what was wider. Gives its size in bytes. Faults: `store_unavailable`. */
export function makeFile(path: string): Result<number, Fault<StoreFaultCode>> {
  try {
    const file = openSync(path, 'a', 0o600);
    try {
      const { mode, size } = fstatSync(file);
      if ((mode & 0o777) !== 0o600) chmodSync(path, 0o600);
      if (size === 0) forceFolder(dirname(path));
      return ok(size);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return failed(openingFault(path, error));
  }
}

/**
 * Says what keeps a database from being used as the ledger; null for nothing. Reads only. Throws what SQLite throws on a file that is
 * no database.
 */
export function checkFile(database: DatabaseSync, path: string, sizeBytes: number): Fault<StoreFaultCode> | null {
  if (isEmpty(database)) return null;
  if (numberOf(database, 'PRAGMA application_id') !== applicationId) {
    return fault('store_not_ledger', `\`${path}\` is the database of another program, move it away`);
  }
  const version = schemaVersion(database);
  if (version > migrations.length) {
    return fault(
      'store_too_new',
      `ledger \`${path}\` was written by a newer version (schema ${version}, this one knows ${migrations.length}), use that one`,
    );
  }
  return findDamage(database, path, sizeBytes <= maxCheckedBytes);
}

/** Looks for damage: pages, when asked, and gaps in the log. */
export function findDamage(database: DatabaseSync, path: string, isWhole: boolean): Fault<StoreFaultCode> | null {
  const says = isWhole ? textOf(database, 'PRAGMA quick_check(1)') : 'ok';
  if (says !== 'ok') {
    return fault('store_corrupt', `ledger \`${path}\` is damaged (${says}), stop and restore a backup`);
  }
  const { entries, next } = database
    .prepare('SELECT count(*) AS entries, coalesce(max(seq) + 1, 0) AS next FROM entry')
    .get() as { entries: number; next: number };
  if (entries === next) return null;
  return fault(
    'store_corrupt',
    `ledger \`${path}\` lacks ${next - entries} of its ${next} entries, stop and restore a backup`,
  );
}

// A file that was made and killed before anything was written in it is as good as none.
function isEmpty(database: DatabaseSync): boolean {
  return numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0 && schemaVersion(database) === 0;
}

function numberOf(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0);
}

function textOf(database: DatabaseSync, sql: string): string {
  return String(Object.values(database.prepare(sql).get() ?? {})[0] ?? '');
}

function forceFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
