import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EdgeQuery, WhoRow } from '../../flowmap/index.ts';
import { dayCuts, type JoinedDay, selectJoined } from './joined-sql.ts';
import {
  type DayFiles,
  type DayKey,
  digestOf,
  filesAround,
  filesByDay,
  inputsOf,
  type JoinedFile,
  keepDay,
  sweepKept,
  takeKept,
} from './kept-days.ts';
import type { LakeFolder } from './lake-folder.ts';
import { answerColumns, flowColumns, readParquet, windowCondition } from './lake-rows.ts';
import { namingStatements } from './naming-sql.ts';
import { sqlText } from './open-database.ts';
import { readRows } from './read-rows.ts';
import { writeWho } from './write-who.ts';

/** Days that are named at once share the evidence around them; more of them, or of their rows, would not stay in memory. */
const mostDaysAtOnce = 10;
const mostRowsAtOnce = 4_000_000;
const dayMs = 86_400_000;

/** A lake as days are joined from it. `tempDir` takes the files of this read. */
export interface JoinPlace {
  readonly folder: LakeFolder;
  readonly tempDir: string;
  /** With so many rows that told their names, a day is folded with them: below it, reading them as they are costs less. */
  readonly foldFromRows: number;
}

/** A day of a window before it is joined. */
interface PlainDay {
  readonly day: string;
  readonly files: readonly string[];
  /** `true` where the whole day counts. */
  readonly condition: string;
  readonly hasCuts: boolean;
  /** Null where only a part of the day counts: that is not kept. */
  readonly key: DayKey | null;
}

/** What the files of a day say of themselves. */
interface DaySize {
  readonly rows: number;
  /** Whether there are so many rows with names of their own that they are joined too. */
  readonly isWhole: boolean;
  readonly isJoined: boolean;
}

/**
 * Joins the days of a window: what was kept is taken as it is, what has nameless rows or very many is joined to files and kept, and the rest
 * is read as it stands. On a connection of its own, whose tables go with it.
 */
export async function joinDays(
  connection: DuckDBConnection,
  query: EdgeQuery,
  place: JoinPlace,
): Promise<readonly JoinedDay[]> {
  const { folder, tempDir, foldFromRows } = place;
  const files = filesByDay(folder.entries());
  const days = plainDays(folder, files, query);
  const found = new Map<string, JoinedFile>();
  for (const { day, key } of days) {
    const kept = key === null ? null : takeKept(folder, key, tempDir);
    if (kept !== null) found.set(day, kept);
  }
  const unknown = days.filter(({ day }) => !found.has(day));
  const sizes = await readSizes(connection, unknown, foldFromRows);
  const missing = days.filter(({ day }) => sizes.get(day)?.isJoined === true);
  if (missing.length > 0) await writeWho(connection, query);
  for (const batch of batchesOf(missing, sizes)) {
    await nameBatch(connection, folder, files, batch);
    for (const day of batch) {
      found.set(day.day, await writeDay(connection, day, sizes.get(day.day)?.isWhole === true, place));
    }
  }
  if (missing.some(({ key }) => key !== null)) sweepKept(folder);
  return days.map((day) => joinedDay(day, found.get(day.day) ?? null));
}

function plainDays(folder: LakeFolder, files: DayFiles, { sinceMs, untilMs, who }: EdgeQuery): readonly PlainDay[] {
  const cuts = cutsByDay(who);
  const [since, until] = [sinceMs ?? Number.NEGATIVE_INFINITY, untilMs ?? Number.POSITIVE_INFINITY];
  return [...files.flows]
    .map(([day, own]) => ({ day, own, startMs: Date.parse(day) }))
    .filter(({ startMs }) => startMs + dayMs > since && startMs < until)
    .map(({ day, own, startMs }) => {
      const isFull = startMs >= since && startMs + dayMs <= until;
      const inside = cuts.get(startMs) ?? [];
      return {
        day,
        files: own.map((file) => folder.pathOf(file)),
        condition: isFull ? 'true' : windowCondition(sinceMs, untilMs),
        hasCuts: inside.length > 0,
        key: isFull ? { day, inputs: inputsOf(folder, files, day), cuts: digestOf(inside).slice(0, 16) } : null,
      };
    });
}

/** Who was whom for a part of a day only, by the first millisecond of the day. */
function cutsByDay(who: readonly WhoRow[]): ReadonlyMap<number, readonly string[]> {
  const cuts = new Map<number, Set<string>>();
  for (const { client, user, service, fromMs, untilMs } of who) {
    for (const ms of [fromMs, untilMs].filter((one) => one % dayMs !== 0)) {
      const startMs = Math.floor(ms / dayMs) * dayMs;
      const known = cuts.get(startMs) ?? new Set();
      cuts.set(startMs, known.add(JSON.stringify([client, user, service, ms])));
    }
  }
  return new Map([...cuts].map(([startMs, set]) => [startMs, [...set].sort()]));
}

/** Reads from the ends of files what is in them: their rows are not read for it. */
async function readSizes(
  connection: DuckDBConnection,
  days: readonly PlainDay[],
  foldFromRows: number,
): Promise<ReadonlyMap<string, DaySize>> {
  const files = days.flatMap((day) => day.files);
  if (files.length === 0) return new Map();
  const rows = await readRows(connection, selectSizes(files));
  const byFile = new Map(rows.map((row) => [row.text('file_name'), row]));
  return new Map(
    days.map(({ day, files: own, condition }) => {
      const found = own.flatMap((file) => byFile.get(file) ?? []);
      const sum = (column: string): number => found.reduce((all, row) => all + row.number(column), 0);
      const isWhole = sum('rows') - sum('unnamed') >= foldFromRows && condition === 'true';
      return [day, { rows: sum('rows'), isWhole, isJoined: isWhole || sum('unnamed') + sum('reverse') > 0 }];
    }),
  );
}

function selectSizes(files: readonly string[]): string {
  return `SELECT file_name, CAST(sum(num_values) FILTER (WHERE path_in_schema = 'name') AS DOUBLE) AS rows,
  CAST(sum(coalesce(stats_null_count, num_values)) FILTER (WHERE path_in_schema = 'name') AS DOUBLE) AS unnamed,
  CAST(count(*) FILTER (WHERE path_in_schema = 'name_kind' AND coalesce(stats_min_value <= 'reverse' AND stats_max_value >= 'reverse', true)) AS DOUBLE) AS reverse
FROM parquet_metadata([${files.map(sqlText).join(', ')}]) GROUP BY file_name`;
}

/** Days side by side in batches that stay within bounds; one day alone may pass them. */
function batchesOf(days: readonly PlainDay[], sizes: ReadonlyMap<string, DaySize>): readonly (readonly PlainDay[])[] {
  const batches: { readonly days: PlainDay[]; firstMs: number; rows: number }[] = [];
  for (const day of days) {
    const rows = sizes.get(day.day)?.rows ?? 0;
    const startMs = Date.parse(day.day);
    const last = batches.at(-1);
    const fits =
      last !== undefined && startMs < last.firstMs + mostDaysAtOnce * dayMs && last.rows + rows <= mostRowsAtOnce;
    if (fits) {
      last.days.push(day);
      last.rows += rows;
    } else batches.push({ days: [day], firstMs: startMs, rows });
  }
  return batches.map((batch) => batch.days);
}

async function nameBatch(
  connection: DuckDBConnection,
  folder: LakeFolder,
  files: DayFiles,
  batch: readonly PlainDay[],
): Promise<void> {
  const around = filesAround(files, batch[0]?.day ?? '', batch.at(-1)?.day ?? '');
  const paths = (relative: readonly string[]): readonly string[] => relative.map((file) => folder.pathOf(file));
  const statements = namingStatements({
    flows: batch.map(flowsOf),
    flowsAround: readParquet(paths(around.flows), flowColumns),
    answersAround: readParquet(paths(around.answers), answerColumns),
  });
  for (const statement of statements) await connection.run(statement);
}

function flowsOf({ files, condition }: PlainDay): string {
  return `(SELECT * FROM ${readParquet(files, flowColumns)} WHERE ${condition})`;
}

async function writeDay(
  connection: DuckDBConnection,
  day: PlainDay,
  isWhole: boolean,
  { folder, tempDir }: JoinPlace,
): Promise<JoinedFile> {
  const startMs = Date.parse(day.day);
  const path = join(tempDir, `${day.day}-${randomBytes(4).toString('hex')}.parquet`);
  if (day.hasCuts) await connection.run(dayCuts(startMs));
  const select = selectJoined({ flows: flowsOf(day), dayMs: startMs, isWhole, hasCuts: day.hasCuts });
  await connection.run(`COPY (${select}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const file = { path, isWhole };
  if (day.key !== null) keepDay(folder, day.key, file);
  return file;
}

function joinedDay(day: PlainDay, joined: JoinedFile | null): JoinedDay {
  return {
    day: day.day,
    flows: joined?.isWhole === true ? [] : day.files,
    condition: day.condition,
    joined: joined === null ? [] : [joined.path],
  };
}
