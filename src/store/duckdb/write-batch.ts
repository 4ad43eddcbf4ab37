import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import {
  applications,
  type DeclaredEndpoint,
  type FoldedBatch,
  initiatorProofs,
  type LeaseObservation,
  nameKinds,
  vantages,
} from '../../flowmap/index.ts';
import { appendColumns, appendPacked } from './append-rows.ts';
import { sqlText } from './open-database.ts';

const tables = `
CREATE OR REPLACE TEMP TABLE texts(id INTEGER, text VARCHAR);
CREATE OR REPLACE TEMP TABLE folded_flows(bucket INTEGER, client INTEGER, "user" INTEGER, service INTEGER, address INTEGER,
  name INTEGER, facts INTEGER, port INTEGER, provider INTEGER, connections DOUBLE, replies DOUBLE, bytes_up DOUBLE, bytes_down DOUBLE,
  denied DOUBLE, first_ms DOUBLE, last_ms DOUBLE);
CREATE OR REPLACE TEMP TABLE folded_answers(bucket INTEGER, client INTEGER, name INTEGER, type INTEGER, code INTEGER,
  address INTEGER, alias INTEGER, resolver INTEGER, service INTEGER, facts INTEGER, count DOUBLE, first_ms DOUBLE, last_ms DOUBLE,
  ttl_seconds DOUBLE);
`;

/** Parquet for flows: one row for each folded row, texts in place of ids, nothing where a record told nothing. */
const selectFlows = `
SELECT CAST(epoch_ms(CAST(f.bucket AS BIGINT) * 300000) AS DATE) AS day,
  epoch_ms(CAST(f.bucket AS BIGINT) * 300000) AS bucket,
  c.text AS client, u.text AS "user", s.text AS service, a.text AS address, n.text AS name,
  ${wordOf('f.facts & 7', nameKinds)} AS name_kind,
  ${wordOf('(f.facts >> 3) & 7', applications)} AS application,
  ${wordOf('(f.facts >> 6) & 3', initiatorProofs)} AS initiator,
  ${wordOf('(f.facts >> 8) & 3', vantages)} AS vantage,
  CAST((f.facts >> 10) & 255 AS UTINYINT) AS protocol,
  (f.facts >> 18) & 1 = 1 AS sampled,
  f.port, p.text AS provider,
  CAST(f.connections AS BIGINT) AS connections, CAST(f.replies AS BIGINT) AS replies,
  CASE WHEN f.bytes_up < 0 THEN NULL ELSE CAST(f.bytes_up AS BIGINT) END AS bytes_up,
  CASE WHEN f.bytes_down < 0 THEN NULL ELSE CAST(f.bytes_down AS BIGINT) END AS bytes_down,
  CAST(f.denied AS BIGINT) AS denied,
  epoch_ms(CAST(f.first_ms AS BIGINT)) AS first_seen, epoch_ms(CAST(f.last_ms AS BIGINT)) AS last_seen
FROM folded_flows f
LEFT JOIN texts c ON c.id = f.client LEFT JOIN texts u ON u.id = f."user" LEFT JOIN texts s ON s.id = f.service
LEFT JOIN texts a ON a.id = f.address LEFT JOIN texts n ON n.id = f.name LEFT JOIN texts p ON p.id = f.provider`;

const selectAnswers = `
SELECT CAST(epoch_ms(CAST(f.bucket AS BIGINT) * 300000) AS DATE) AS day,
  epoch_ms(CAST(f.bucket AS BIGINT) * 300000) AS bucket,
  c.text AS client, s.text AS service, n.text AS name, t.text AS type, k.text AS code, a.text AS address, l.text AS alias,
  r.text AS resolver, f.facts & 1 = 1 AS denied, f.facts & 2 = 2 AS tells_answers,
  CAST(f.count AS BIGINT) AS questions,
  epoch_ms(CAST(f.first_ms AS BIGINT)) AS first_seen, epoch_ms(CAST(f.last_ms AS BIGINT)) AS last_seen,
  CASE WHEN f.ttl_seconds < 0 THEN NULL ELSE CAST(f.ttl_seconds AS BIGINT) END AS ttl_seconds
FROM folded_answers f
LEFT JOIN texts c ON c.id = f.client LEFT JOIN texts s ON s.id = f.service LEFT JOIN texts n ON n.id = f.name
LEFT JOIN texts t ON t.id = f.type LEFT JOIN texts k ON k.id = f.code LEFT JOIN texts a ON a.id = f.address
LEFT JOIN texts l ON l.id = f.alias LEFT JOIN texts r ON r.id = f.resolver`;

function wordOf(index: string, words: readonly string[]): string {
  return `[${words.map(sqlText).join(', ')}][1 + (${index})]`;
}

/** Where a part of a source goes: the folder of what is not published, the source's id, and the number of the part. */
export interface PartPlace {
  readonly folder: string;
  readonly id: string;
  readonly part: number;
}

/** Writes a batch as Parquet, by day. `format` is a word of our own. */
export async function writeBatch(
  connection: DuckDBConnection,
  place: PartPlace,
  format: string,
  batch: FoldedBatch,
): Promise<void> {
  await connection.run(tables);
  await appendColumns(
    connection,
    'texts',
    [
      { type: 'integer', at: (row) => row + 1 },
      { type: 'text', at: (row) => batch.texts[row] ?? '' },
    ],
    batch.texts.length,
  );
  const columns = `${sqlText(place.id)} AS source, ${sqlText(format)} AS format`;
  if (batch.flows.count > 0) {
    await appendPacked(connection, 'folded_flows', { ...batch.flows, keyWords: 9, valueWords: 7 });
    const days = daysOf(batch.flows.keys, 9);
    await copyDaily(connection, { select: `SELECT *, ${columns} FROM (${selectFlows}`, days, table: 'flows' }, place);
  }
  if (batch.answers.count > 0) {
    await appendPacked(connection, 'folded_answers', { ...batch.answers, keyWords: 10, valueWords: 4 });
    const days = daysOf(batch.answers.keys, 10);
    await copyDaily(
      connection,
      { select: `SELECT *, ${columns} FROM (${selectAnswers}`, days, table: 'answers' },
      place,
    );
  }
  if (batch.leases.length > 0) await writeLeases(connection, place, batch.leases);
}

/** Rows of a table by day: an unfinished query that a condition on `f.bucket` ends, and the days in it, ascending. */
interface DailyRows {
  readonly select: string;
  readonly days: readonly number[];
  readonly table: 'flows' | 'answers';
}

/** Up to this many days are written one by one, which is cheaper than sorting rows into partitions. */
const fewDays = 3;
/** The database holds a buffer for each column of each day that it writes at once; a log may name any day since 2000. */
const mostDaysAtOnce = 64;
const bucketsPerDay = 288;

async function copyDaily(
  connection: DuckDBConnection,
  { select, days, table }: DailyRows,
  place: PartPlace,
): Promise<void> {
  const name = `${place.id}-${place.part}`;
  const step = days.length <= fewDays ? 1 : mostDaysAtOnce;
  for (let at = 0; at < days.length; at += step) {
    const group = days.slice(at, at + step);
    const [from, to] = [group[0] ?? 0, group.at(-1) ?? 0];
    const rows = `${select} WHERE f.bucket >= ${from * bucketsPerDay} AND f.bucket < ${(to + 1) * bucketsPerDay})`;
    const folder = join(place.folder, table);
    if (step > 1) {
      const options = `PARTITION_BY (day), FILENAME_PATTERN '${name}-{i}', OVERWRITE_OR_IGNORE`;
      await copyTo(connection, rows, folder, `, ${options}`);
      continue;
    }
    const dayFolder = join(folder, `day=${new Date(from * dayMs).toISOString().slice(0, 10)}`);
    mkdirSync(dayFolder, { recursive: true, mode: 0o700 });
    await copyTo(connection, `SELECT * EXCLUDE (day) FROM (${rows})`, join(dayFolder, `${name}.parquet`), '');
  }
}

const dayMs = 86_400_000;

function daysOf(keys: Int32Array, keyWords: number): readonly number[] {
  const seen = new Set<number>();
  for (let at = 0; at < keys.length; at += keyWords) seen.add(Math.floor((keys[at] as number) / bucketsPerDay));
  return [...seen].sort((a, b) => a - b);
}

/** Writes leases; they have no day. */
async function writeLeases(
  connection: DuckDBConnection,
  place: PartPlace,
  leases: readonly LeaseObservation[],
): Promise<void> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE folded_leases(address VARCHAR, holder VARCHAR, kind VARCHAR, origin VARCHAR, from_ms BIGINT, until_ms BIGINT)',
  );
  const at = (row: number): LeaseObservation => leases[row] as LeaseObservation;
  await appendColumns(
    connection,
    'folded_leases',
    [
      { type: 'text', at: (row) => at(row).address },
      { type: 'text', at: (row) => at(row).holder },
      { type: 'text', at: (row) => at(row).kind },
      { type: 'text', at: (row) => at(row).origin },
      { type: 'bigint', at: (row) => instant(at(row).fromMs) },
      { type: 'bigint', at: (row) => instant(at(row).untilMs) },
    ],
    leases.length,
  );
  await copyUndated(
    connection,
    `SELECT DISTINCT *, ${sqlText(place.id)} AS source FROM folded_leases`,
    place,
    'leases',
  );
}

/** Writes declared endpoints; they have no day. */
export async function writeDeclared(
  connection: DuckDBConnection,
  place: PartPlace,
  endpoints: readonly DeclaredEndpoint[],
): Promise<void> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE declared_rows(service VARCHAR, host VARCHAR, port INTEGER, scheme VARCHAR, file VARCHAR, line INTEGER, confidence VARCHAR, key VARCHAR, schedule VARCHAR)',
  );
  const at = (row: number): DeclaredEndpoint => endpoints[row] as DeclaredEndpoint;
  await appendColumns(
    connection,
    'declared_rows',
    [
      { type: 'text', at: (row) => at(row).service },
      { type: 'text', at: (row) => at(row).host },
      { type: 'integer', at: (row) => at(row).port },
      { type: 'text', at: (row) => at(row).scheme },
      { type: 'text', at: (row) => at(row).file },
      { type: 'integer', at: (row) => at(row).line },
      { type: 'text', at: (row) => at(row).confidence },
      { type: 'text', at: (row) => at(row).key },
      { type: 'text', at: (row) => at(row).schedule },
    ],
    endpoints.length,
  );
  await copyUndated(
    connection,
    `SELECT DISTINCT *, ${sqlText(place.id)} AS source FROM declared_rows`,
    place,
    'declared',
  );
}

function instant(ms: number | null): bigint | null {
  return ms === null ? null : BigInt(Math.floor(ms));
}

/** Writes rows that have no day as one file. */
export async function copyUndated(
  connection: DuckDBConnection,
  select: string,
  place: PartPlace,
  table: string,
): Promise<void> {
  const folder = join(place.folder, table);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await copyTo(connection, select, join(folder, `${place.id}-${place.part}.parquet`), '');
}

async function copyTo(connection: DuckDBConnection, select: string, path: string, options: string): Promise<void> {
  await connection.run(`COPY (${select}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd${options})`);
}
