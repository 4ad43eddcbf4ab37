import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import type { LedgerTables } from './ledger-tables.ts';

/** A connection to a ledger file: the database, and typed queries on it. */
export interface Connection {
  readonly database: DatabaseSync;
  readonly queries: Kysely<LedgerTables>;
}

// How long a statement waits for another program that looks into the file (a shell, a copy).
const busyTimeoutMs = 2_000;
// Texts of queries are few; those with lists of places differ by the length of the list.
const maxStatements = 64;

/**
 * Opens a database file as it is, with everything off that a schema from elsewhere could use: functions in views and triggers of a
 * foreign schema, extensions, texts in double quotes. Throws what SQLite throws; reads nothing yet.
 */
export function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(path, {
    readOnly,
    timeout: busyTimeoutMs,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
    allowExtension: false,
    defensive: true,
  });
  database.exec('PRAGMA trusted_schema = OFF');
  return database;
}

/** Typed queries on an open database. Whoever opened the database closes it. */
export function queriesOn(database: DatabaseSync): Connection {
  return { database, queries: new Kysely<LedgerTables>({ dialect: new SqliteDialect({ database: adapt(database) }) }) };
}

/** What kysely's dialect asks of a driver, on `node:sqlite`. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const kept = statements.get(sql) ?? adaptStatement(database, sql);
      // The one asked for last goes to the end, so the first is the one asked for longest ago.
      statements.delete(sql);
      statements.set(sql, kept);
      if (statements.size > maxStatements) statements.delete(statements.keys().next().value ?? '');
      return kept;
    },
  };
}

function adaptStatement(database: DatabaseSync, sql: string): SqliteStatement {
  const statement: StatementSync = database.prepare(sql);
  const isRollback = sql === 'rollback';
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as readonly SQLInputValue[])),
    // A disk that is full ends the transaction by itself (sqlite.org/lang_transaction.html); the error that tells so must not be
    // hidden by one that says that there is nothing left to roll back.
    run: (parameters) =>
      isRollback && !database.isTransaction
        ? { changes: 0, lastInsertRowid: 0 }
        : statement.run(...(parameters as readonly SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as readonly SQLInputValue[])),
  };
}
