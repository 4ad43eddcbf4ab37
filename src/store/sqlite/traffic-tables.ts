import { rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { makeFile } from './check-file.ts';
import { openDatabase } from './connection.ts';
import { resultCodeOf } from './store-fault.ts';

/** `EXTR`: tells the file of traffic from the databases of other programs. */
const applicationId = 0x45585452;
// A file of another version is made again from the records: sums are no original.
const schemaVersion = 1;

const schema = [
  `CREATE TABLE edge (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, last_ms INTEGER NOT NULL) STRICT`,
  // By time first: a question reads what lies between two instants, and nothing else.
  `CREATE TABLE bucket (
    width_ms INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    edge INTEGER NOT NULL,
    connections INTEGER NOT NULL,
    bytes_up INTEGER NOT NULL,
    bytes_down INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (width_ms, from_ms, edge)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE flow (flow TEXT PRIMARY KEY, key TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE position (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    file TEXT NOT NULL,
    offset INTEGER NOT NULL,
    since_ms INTEGER NOT NULL
  ) STRICT`,
  `PRAGMA application_id = ${applicationId}`,
  `PRAGMA user_version = ${schemaVersion}`,
];

/**
 * Opens the file of traffic at `path`, 0600, and makes it anew where it is damaged, of another program or of another version: what it holds
 * is counted again from the records. Throws what SQLite and the file system throw.
 */
export function openTrafficFile(path: string): DatabaseSync {
  try {
    const opened = openOnce(path);
    if (opened !== null) return opened;
  } catch (error) {
    if (!isDamaged(error)) throw error;
  }
  removeTrafficFile(path);
  const made = openOnce(path);
  if (made === null) throw new TypeError(`\`${path}\` was made and is of another version`);
  return made;
}

/** Removes the file and what SQLite keeps beside it. */
export function removeTrafficFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

// SQLITE_CORRUPT and SQLITE_NOTADB.
const damageCodes: ReadonlySet<number | null> = new Set([11, 26]);

/** Whether an error says that the file is no good any more. */
export function isDamaged(error: unknown): boolean {
  return damageCodes.has(resultCodeOf(error));
}

function openOnce(path: string): DatabaseSync | null {
  const made = makeFile(path);
  if (!made.ok) throw new Error(made.fault.message);
  const database = openDatabase(path, false);
  try {
    // Sums and the place in the records are one transaction: what a power cut takes is counted again, so nothing is forced to disk.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    if (made.value === 0) create(database);
    if (
      numberOf(database, 'application_id') === applicationId &&
      numberOf(database, 'user_version') === schemaVersion
    ) {
      return database;
    }
  } catch (error) {
    database.close();
    throw error;
  }
  database.close();
  return null;
}

function create(database: DatabaseSync): void {
  database.exec(`BEGIN IMMEDIATE; ${schema.join(';\n')}; COMMIT`);
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0);
}
