import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type {
  AnswerView,
  ClientKey,
  DeclaredEndpoint,
  Edge,
  EdgeBasis,
  EdgeQuery,
  EdgeSet,
  FlowLake,
  JudgeableEdge,
  JudgeableSet,
  LakeWindow,
  LeaseObservation,
  NameAnswers,
  Regularity,
  SeenDays,
  SourceWriter,
} from '../../flowmap/index.ts';
import { appendColumns } from './append-rows.ts';
import {
  countEdgeRows,
  edgeStatements,
  selectAnswerViews,
  selectEdges,
  selectLeftOut,
  selectNameAnswers,
  selectRegularity,
  selectSeenDays,
  selectShares,
} from './edge-sql.ts';
import { explainFailure } from './explain-failure.ts';
import { type JoinPlace, joinDays } from './join-days.ts';
import { type JoinedWindow, rangeStatements } from './joined-sql.ts';
import { readJudgeableEdges } from './judgeable-edges.ts';
import { sweepKept } from './kept-days.ts';
import { LakeFolder } from './lake-folder.ts';
import { answerColumns, flowColumns, readParquet, windowCondition } from './lake-rows.ts';
import { openDatabase } from './open-database.ts';
import { writeRanges } from './provider-ranges.ts';
import {
  type Rows,
  readDeclared,
  readEdge,
  readLease,
  readLeftOut,
  readRegularity,
  readRowBatches,
  readRows,
  readShares,
} from './read-rows.ts';
import { type PartPlace, writeBatch, writeDeclared } from './write-batch.ts';
import { writeWho } from './write-who.ts';

/** How a lake is opened. */
export interface LakeOptions {
  /** The lake's folder; made where it is missing. */
  readonly dir: string;
  /** Whether to remove what stopped ingests left behind; only for the one that writes. Default: false. */
  readonly isWriter?: boolean;
  /** Memory of the database, in MiB; past it, it works on disk. Default: 256. */
  readonly memoryLimitMb?: number;
  /** Threads of the database. Default: 2. */
  readonly threads?: number;
  /** Rows of a day that told their names from which on they are kept folded, as those are that were given one. Default: 500,000. */
  readonly foldFromRows?: number;
}

/** Opens a lake of Parquet files read by DuckDB. One process at a time may write to it; the caller sees to that. */
export async function openDuckdbLake(options: LakeOptions): Promise<FlowLake> {
  const folder = new LakeFolder(options.dir);
  if (options.isWriter === true) folder.clean();
  // A reader that was stopped may have put back what was made of a source that is forgotten by now.
  sweepKept(folder);
  const tempDir = folder.makeTempDir();
  const instance = await openDatabase({
    tempDir,
    allowedDirs: [options.dir],
    memoryLimitMb: options.memoryLimitMb ?? 256,
    threads: options.threads ?? 2,
  });
  const place = { folder, tempDir, foldFromRows: options.foldFromRows ?? foldFromRows };
  return new DuckdbLake({ place, instance, connection: await instance.connect() });
}

/** A day of so many rows is read in some tenths of a second; one of ten times as many is worth folding once. */
const foldFromRows = 500_000;

interface LakeParts {
  readonly place: JoinPlace;
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
}

class DuckdbLake implements FlowLake {
  readonly #folder: LakeFolder;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  /** Who is asked again about the same window and the same clients gets what was worked out. */
  #joined: { readonly query: EdgeQuery; readonly window: JoinedWindow } | null = null;
  /** The question that the tables of the connection answer. */
  #folded: EdgeQuery | null = null;

  readonly #place: JoinPlace;

  constructor(parts: LakeParts) {
    this.#folder = parts.place.folder;
    this.#place = parts.place;
    this.#instance = parts.instance;
    this.#connection = parts.connection;
  }

  async begin(): Promise<SourceWriter> {
    const id = randomBytes(4).toString('hex');
    const connection = await this.#instance.connect();
    const incoming = this.#folder.incoming(id);
    let part = 0;
    let isOpen = true;
    let last: Promise<void> = Promise.resolve();
    // One after another: each write fills the same temporary tables. After one that failed there is no other.
    const inTurn = (write: (place: PartPlace) => Promise<void>): Promise<void> => {
      last = last.then(() => write({ folder: incoming, id, part: part++ }));
      return last;
    };
    const close = async (): Promise<void> => {
      await last.catch(() => undefined);
      if (isOpen) connection.closeSync();
      isOpen = false;
    };
    const discard = async (): Promise<void> => {
      await close();
      this.#folder.discard(id);
    };
    return {
      id,
      append: (format, batch) => inTurn((place) => writeBatch(connection, place, format, batch)),
      declare: (endpoints) => inTurn((place) => writeDeclared(connection, place, endpoints)),
      keepRanges: (ranges, publishedMs) => inTurn((place) => writeRanges(connection, place, { ranges, publishedMs })),
      publish: async (entry, replaced = []) => {
        await last;
        await close();
        const isKnown = this.#folder.entries().some(({ digest }) => digest === entry.digest);
        if (!isKnown) this.#folder.publish({ ...entry, id }, replaced);
        this.#letGo();
        this.#folder.discard(id);
        return !isKnown;
      },
      discard,
    };
  }

  sources(): ReturnType<FlowLake['sources']> {
    return this.#folder.entries();
  }

  async forget(id: string): Promise<boolean> {
    const entry = this.#folder.entries().find((one) => one.id === id);
    if (entry === undefined) return false;
    this.#folder.remove(entry);
    this.#letGo();
    return true;
  }

  async clients(window: LakeWindow): Promise<readonly ClientKey[]> {
    const { flows, condition } = this.#window(window);
    const rows =
      await this.#read(`SELECT coalesce(client, '') AS client, coalesce("user", '') AS "user", coalesce(service, '') AS service,
      CAST(epoch_ms(min(bucket)) AS DOUBLE) AS first_ms, CAST(epoch_ms(max(last_seen)) AS DOUBLE) AS last_ms
      FROM ${flows} WHERE ${condition} GROUP BY ALL ORDER BY ALL`);
    return rows.map((row) => ({
      client: row.text('client'),
      user: row.text('user'),
      service: row.text('service'),
      firstMs: row.number('first_ms'),
      lastMs: row.number('last_ms'),
    }));
  }

  async leases(): Promise<readonly LeaseObservation[]> {
    const files = this.#folder.files('leases', { from: null, to: null });
    if (files.length === 0) return [];
    return (await this.#read(`SELECT DISTINCT * EXCLUDE (source) FROM ${readParquet(files, '')} ORDER BY ALL`)).map(
      readLease,
    );
  }

  async declared(): Promise<readonly DeclaredEndpoint[]> {
    const files = this.#folder.files('declared', { from: null, to: null });
    if (files.length === 0) return [];
    const rows = await this.#read(`SELECT DISTINCT * EXCLUDE (source) FROM ${readParquet(files, '')} ORDER BY ALL`);
    return rows.map(readDeclared);
  }

  async edges(query: EdgeQuery): Promise<EdgeSet> {
    await this.#fold(query);
    const [counted] = await this.#read(countEdgeRows);
    refuseTooMany(counted?.number('edges') ?? 0);
    const edges: Edge[] = [];
    for await (const batch of this.edgeBatches(query)) for (const edge of batch) edges.push(edge);
    return { edges, ...(await this.edgeBasis(query)) };
  }

  async *edgeBatches(query: EdgeQuery): AsyncGenerator<readonly Edge[]> {
    await this.#fold(query);
    for await (const rows of readRowBatches(this.#connection, selectEdges)) yield rows.map(readEdge);
  }

  async edgeBasis(query: EdgeQuery): Promise<EdgeBasis> {
    await this.#fold(query);
    return {
      shares: readShares(await this.#read(selectShares)),
      leftOut: readLeftOut(await this.#read(selectLeftOut)),
    };
  }

  // On a connection of its own, so that its tables are in nobody's way and go with it.
  async judgeableEdges(query: EdgeQuery, hangsOnAddresses: (edge: JudgeableEdge) => boolean): Promise<JudgeableSet> {
    const window = await this.#join(query);
    const connection = await this.#instance.connect();
    try {
      return await this.#explain(readJudgeableEdges(connection, { window, query, hangsOnAddresses }));
    } finally {
      connection.closeSync();
    }
  }

  async joinAhead(query: EdgeQuery): Promise<void> {
    await this.#join(query);
  }

  async seenDays(query: EdgeQuery): Promise<readonly SeenDays[]> {
    await this.#fold(query);
    return (await this.#read(selectSeenDays)).map((row) => ({
      principal: row.text('principal'),
      days: row.list('days').map(Number),
    }));
  }

  async regularity(query: EdgeQuery): Promise<readonly Regularity[]> {
    await this.#fold(query);
    return (await this.#read(selectRegularity((await this.#join(query)).days))).map(readRegularity);
  }

  async nameAnswers(window: LakeWindow): Promise<readonly NameAnswers[]> {
    const { answers, condition } = this.#window(window);
    return (await this.#read(selectNameAnswers(answers, condition))).map((row) => ({
      name: row.text('name'),
      resolver: row.text('resolver'),
      addresses: row.list('addresses').map(String),
      clients: row.number('clients'),
      questions: row.number('questions'),
    }));
  }

  async answerViews(window: LakeWindow, names: readonly string[]): Promise<readonly AnswerView[]> {
    await this.#connection.run('CREATE OR REPLACE TEMP TABLE wanted_names(name VARCHAR)');
    await appendColumns(
      this.#connection,
      'wanted_names',
      [{ type: 'text', at: (row) => names[row] ?? '' }],
      names.length,
    );
    const { answers, condition } = this.#window(window);
    return (await this.#read(selectAnswerViews(answers, condition))).map((row) => ({
      name: row.text('name'),
      resolver: row.text('resolver'),
      addresses: row.list('addresses').map(String),
      clients: row.list('clients').map(String),
      clientCount: row.number('client_count'),
      questions: row.number('questions'),
    }));
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
    rmSync(this.#place.tempDir, { recursive: true, force: true });
  }

  async #fold(query: EdgeQuery): Promise<void> {
    if (this.#folded === query) return;
    this.#folded = null;
    const { days, ranges } = await this.#join(query);
    await writeWho(this.#connection, query);
    const statements = [...rangeStatements({ days, ranges }), ...edgeStatements(days)];
    for (const statement of statements) await this.#explain(this.#connection.run(statement));
    this.#folded = query;
  }

  async #join(query: EdgeQuery): Promise<JoinedWindow> {
    if (this.#joined?.query === query) return this.#joined.window;
    const connection = await this.#instance.connect();
    try {
      const days = await this.#explain(joinDays(connection, query, this.#place));
      const window = { days, ranges: this.#folder.files('ranges', { from: null, to: null }) };
      this.#joined = { query, window };
      return window;
    } finally {
      connection.closeSync();
    }
  }

  // What was joined of a source that is gone must not outlive it, and of days that grew it is of no use.
  #letGo(): void {
    this.#joined = null;
    this.#folded = null;
    sweepKept(this.#folder);
  }

  #window({ sinceMs, untilMs }: LakeWindow): { flows: string; answers: string; condition: string } {
    const days = { from: dayOf(sinceMs), to: dayOf(untilMs) };
    return {
      flows: readParquet(this.#folder.files('flows', days), flowColumns),
      answers: readParquet(this.#folder.files('answers', days), answerColumns),
      condition: windowCondition(sinceMs, untilMs),
    };
  }

  async #read(sql: string): Promise<Rows> {
    return this.#explain(readRows(this.#connection, sql));
  }

  async #explain<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw await explainFailure(error as Error, { folder: this.#folder, connection: this.#connection });
    }
  }
}

/** With their judgements and what is made of them, so many fit into the heap of the lake process. */
const mostEdgesAtOnce = 250_000;

function refuseTooMany(edges: number): void {
  if (edges <= mostEdgesAtOnce) return;
  throw new Error(
    `there are ${edges} edges in this window, more than the ${mostEdgesAtOnce} that are compared at once: narrow it with \`--since\` or \`--until\`, or look at \`exeat flows map\``,
  );
}

function dayOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().slice(0, 10);
}
