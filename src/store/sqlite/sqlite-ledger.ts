import type { LeafSource } from '../../audit/index.ts';
import { ExeatError, type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { Ledger, LedgerFaultCode } from '../../exceptions/index.ts';
import { checkFile, makeFile } from './check-file.ts';
import { commitEntries } from './commit-entries.ts';
import { type Connection, openDatabase, queriesOn } from './connection.ts';
import { copyLedger } from './copy-ledger.ts';
import type { EncodeEntry } from './entry-rows.ts';
import type { LedgerQueries } from './ledger-tables.ts';
import { migrate } from './migrations.ts';
import { countEntries, readEntries, readEntriesOf, readLeaves } from './read-entries.ts';
import { readKeptAnswer, readView, readViewHeads, readViews, readViewsOf } from './read-views.ts';
import { type FoldViews, rebuildViews } from './rebuild-views.ts';
import { openingFault, type StoreFaultCode, troubleOf } from './store-fault.ts';

/** How to open a ledger. */
export interface LedgerOptions {
  /** The file; made when there is none. Its folder is there. The caller holds the lock of the state: one process at a time writes. */
  readonly path: string;
  /** Makes the audit leaf of an entry, which is what is stored of it. */
  readonly encode: EncodeEntry;
  /** To how many bytes the file may grow; past it nothing is committed. Default 64 GiB, a hundred million acts. */
  readonly maxBytes?: number;
}

/** The ledger in a file, which is the source of the audit leaves as well. */
export interface SqliteLedger extends Ledger, LeafSource {
  /** Names this log; made once with the file, 32 hexadecimal digits. */
  readonly origin: string;
  /** Makes every view anew from entries; commits wait for it, readers see the old ones meanwhile. Gives their number. */
  rebuildViews(fold: FoldViews): Promise<Result<number, Fault<LedgerFaultCode>>>;
  /** Copies the ledger as it stands now into a new file; nothing waits for it. Gives the number of entries in the copy. */
  copyTo(path: string): Promise<Result<number, Fault<StoreFaultCode>>>;
  /** Ends after what was asked before; commits after it are refused, reads reject. Closing twice is harmless. */
  close(): Promise<void>;
}

const defaultMaxBytes = 64 * 2 ** 30;
const pageBytes = 4_096;
// A log that is written ahead keeps this much of its file after a long copy has held it back.
const maxKeptWalBytes = 64 * 1024 * 1024;
// Commits take turns; a queue past this is a disk that hangs, and whoever asks is told so.
const maxWaiting = 1_000;

/**
 * Opens the ledger in a file: checks it, brings its schema to the newest version, and changes nothing where it cannot.
 * Faults: `store_unavailable`, `store_corrupt`, `store_not_ledger`, `store_too_new`, each with the file and the mend.
 */
export function openLedger(options: LedgerOptions): Result<SqliteLedger, Fault<StoreFaultCode>> {
  const made = makeFile(options.path);
  if (!made.ok) return made;
  const open: Connection[] = [];
  const close = (): void => {
    // The reader first: the last connection that closes folds the log that is written ahead into the file.
    for (const { database } of open.splice(0).reverse()) if (database.isOpen) database.close();
  };
  try {
    const writer = queriesOn(openDatabase(options.path, false));
    open.push(writer);
    const trouble = checkFile(writer.database, options.path, made.value);
    if (trouble !== null) {
      close();
      return failed(trouble);
    }
    const origin = prepare(writer, options.maxBytes ?? defaultMaxBytes);
    const reader = queriesOn(openDatabase(options.path, true));
    open.push(reader);
    return ok(createLedger({ ...options, writer, reader: reader.queries, origin, close }));
  } catch (error) {
    close();
    return failed(openingFault(options.path, error));
  }
}

/** Durable at every commit (`synchronous = FULL` forces the log that is written ahead), and the newest schema. Gives the origin. */
function prepare({ database }: Connection, maxBytes: number): string {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = ${maxKeptWalBytes};
    PRAGMA max_page_count = ${Math.floor(maxBytes / pageBytes)};
  `);
  migrate(database);
  return String(database.prepare("SELECT value FROM meta WHERE key = 'origin'").get()?.['value']);
}

interface LedgerParts extends LedgerOptions {
  readonly writer: Connection;
  readonly reader: LedgerQueries;
  readonly origin: string;
  readonly close: () => void;
}

function createLedger({ path, encode, writer, reader, origin, close }: LedgerParts): SqliteLedger {
  const turns = createTurns(path);
  const write = <T>(work: (tx: LedgerQueries) => Promise<T>): Promise<T> =>
    writer.queries.transaction().execute((tx) => work(tx));
  const read = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const says = troubleOf(path, error);
      throw says === null ? error : new ExeatError('ledger_unavailable', says, { cause: error });
    }
  };
  return {
    origin,
    commit: (commit) => turns.take(() => write((tx) => commitEntries(tx, commit, encode))),
    rebuildViews: (fold) => turns.take(async () => ok(await write((tx) => rebuildViews(tx, fold)))),
    size: () => read(() => countEntries(reader)),
    leaves: (from, until) => read(() => readLeaves(reader, from, until)),
    entriesOf: (subject) => read(() => readEntriesOf(reader, subject)),
    entries: (query) => read(() => readEntries(reader, query)),
    view: (kind, id) => read(() => readView(reader, kind, id)),
    views: (query) => read(() => readViews(reader, query)),
    viewHeads: (query) => read(() => readViewHeads(reader, query)),
    viewsOf: (kind, ids) => read(() => readViewsOf(reader, kind, ids)),
    keptAnswer: (actor, key, nowMs) => read(() => readKeptAnswer(reader, { actor, key }, nowMs)),
    copyTo: (to) => copyLedger(path, to),
    close: async () => {
      await turns.end();
      close();
    },
  };
}

type Turn<T> = Result<T, Fault<LedgerFaultCode>>;

/** One write after the other, as many as may wait. */
interface Turns {
  take<T>(work: () => Promise<Turn<T>>): Promise<Turn<T>>;
  end(): Promise<void>;
}

function createTurns(path: string): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let isEnded = false;
  const refuse = (says: string): Fault<LedgerFaultCode> => fault('ledger_unavailable', `ledger \`${path}\` ${says}`);
  return {
    take: async (work) => {
      if (isEnded) return failed(refuse('is closed, start again'));
      if (waiting >= maxWaiting) return failed(refuse(`has ${maxWaiting} acts waiting, check its disk`));
      waiting += 1;
      const mine = last.then(work).finally(() => {
        waiting -= 1;
      });
      // SQLite works while Node waits: without a pause a queue of commits would keep sockets and timers from their turn.
      last = mine.catch(() => undefined).then(() => new Promise((resolve) => setImmediate(resolve)));
      return await mine.catch((error: unknown) => {
        const says = troubleOf(path, error);
        if (says === null) throw error;
        return failed(fault('ledger_unavailable', says));
      });
    },
    end: async () => {
      isEnded = true;
      await last;
    },
  };
}
