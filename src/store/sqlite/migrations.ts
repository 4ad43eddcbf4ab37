import type { DatabaseSync } from 'node:sqlite';
import { clockResetAction } from '../../audit/index.ts';

/** `EXLG`: tells a ledger from the databases of other programs (sqlite.org/fileformat2.html, application id). */
export const applicationId = 0x45584c47;

/** One step of the schema, applied whole or not at all. Steps are only ever added at the end. */
export type Migration = readonly string[];

// `STRICT` keeps a text from becoming a number. Views are found by id within their kind, so the keys that lists narrow by
// come before the id; `view_by_id` and `view_by_span` hold all that choosing by time needs, so that rows are read of a page only.
const first: Migration = [
  `PRAGMA application_id = ${applicationId}`,
  'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT',
  // Names this log: made once with the file.
  `INSERT INTO meta (key, value) VALUES ('origin', lower(hex(randomblob(16))))`,
  `CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    subject TEXT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    body BLOB NOT NULL
  ) STRICT`,
  `CREATE INDEX entry_by_subject ON entry (subject, seq, action)`,
  `CREATE INDEX entry_by_action ON entry (action, seq)`,
  `CREATE INDEX entry_by_actor ON entry (actor, seq, action)`,
  `CREATE INDEX entry_by_time ON entry (time_ms)`,
  `CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END`,
  `CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END`,
  // Also keeps INSERT OR REPLACE from putting an entry in the place of another: its place is not the next one.
  `CREATE TRIGGER entry_has_the_next_place BEFORE INSERT ON entry
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM entry)
      OR (NEW.action <> '${clockResetAction}'
        AND NEW.time_ms < (SELECT time_ms FROM entry ORDER BY seq DESC LIMIT 1))
    BEGIN SELECT RAISE(ABORT, 'an entry takes the next place and no earlier time'); END`,
  `CREATE TABLE view (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES entry (seq),
    owner TEXT,
    service TEXT,
    domain TEXT,
    person TEXT,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
  ) STRICT`,
  'CREATE INDEX view_by_id ON view (kind, id, from_ms, until_ms)',
  `CREATE INDEX view_by_owner ON view (kind, owner, id)`,
  `CREATE INDEX view_by_service ON view (kind, service, id)`,
  `CREATE INDEX view_by_domain ON view (kind, domain, id)`,
  `CREATE INDEX view_by_person ON view (kind, person, id)`,
  `CREATE INDEX view_by_span ON view (kind, until_ms, from_ms, id)`,
  `CREATE TABLE kept_answer (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
  ) STRICT`,
  `CREATE INDEX kept_answer_by_end ON kept_answer (until_ms)`,
];

// From here on a decision may take a passkey. A program that knows none would let a token do: it must not open the file any more.
const passkeys: Migration = [
  `CREATE UNIQUE INDEX view_by_credential ON view (json_extract(body, '$.credentialId')) WHERE kind = 'passkey'`,
];

/** Every step from an empty file to what this program works with; a file's schema version is how many it has had. */
export const migrations: readonly Migration[] = [first, passkeys];

/** Brings a database from its schema version to the newest, each step in a transaction of its own. Throws what SQLite throws. */
export function migrate(database: DatabaseSync, steps: readonly Migration[] = migrations): void {
  for (let version = schemaVersion(database); version < steps.length; version += 1) {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const statement of steps[version] ?? []) database.exec(statement);
      // Part of the transaction, as is everything in the header of the file.
      database.exec(`PRAGMA user_version = ${version + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** How many steps a database has had; 0 for an empty one. */
export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}
