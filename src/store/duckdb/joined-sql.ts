import { nameRanks } from '../../flowmap/index.ts';
import { bucketNumber, flowColumns, readParquet } from './lake-rows.ts';
import { namedRows, ownNamedRows } from './naming-sql.ts';
import { rangeColumns } from './provider-ranges.ts';
import { isProvided, joinProvider, provideStatements } from './provider-sql.ts';

// Rows with their names: joined ones, folded to one a day for everything that tells them apart, from files that were made for them; and rows
// that told their names themselves, as they are. Both have the columns of `joinedColumns`, and who asked is not in them yet.

/** What is read for one day of a window. */
export interface JoinedDay {
  /** `2026-11-01`, UTC. */
  readonly day: string;
  /** Files of flows of which the rows with names of their own are read as they are; none where they are among the joined ones. */
  readonly flows: readonly string[];
  /** Which rows of those count. */
  readonly condition: string;
  /** Files of joined rows. */
  readonly joined: readonly string[];
}

/** What is read for a window. */
export interface JoinedWindow {
  readonly days: readonly JoinedDay[];
  /** Files of tables of ranges. A table says whose an address is now; of whose it was nobody keeps a record. */
  readonly ranges: readonly string[];
}

/** Words of 60 bits each that hold the 288 buckets of a day, as masks. */
const bucketWords = [0, 1, 2, 3, 4] as const;
const bucketsPerWord = 60;
const wordNames = bucketWords.map((word) => `buckets_${word}`);

const keys = [
  'client, "user", service, destination, is_name, rank, candidates, address, port, protocol, format, vantage',
  'initiator, application, provider, sampled, source',
].join(', ');
const sums = 'connections, replies, bytes_up, bytes_down, denied, first_seen, last_seen, hours';
const joinedColumns = `who_at, ${keys}, ${sums}`;

// What the source refused is no use of an edge and has no hours; a record of a connection that is counted elsewhere is one. The fold never has
// both in a row.
const hoursOfBucket = 'CASE WHEN denied = 0 THEN 1 << CAST(hour(bucket) AS INTEGER) ELSE 0 END AS hours';

const noJoined = `NULL::TIMESTAMP AS who_at, ${flowColumns}, NULL::VARCHAR AS destination, NULL::BOOLEAN AS is_name, NULL::INTEGER AS rank,
  NULL::VARCHAR[] AS candidates, NULL::INTEGER AS hours, ${wordNames.map((name) => `NULL::BIGINT AS ${name}`).join(', ')}`;

/** Reads the rows of days, all of them with names or addresses for destinations. `who_at` tells when, as exactly as who asked hangs on it. */
export function joinedRows(days: readonly JoinedDay[]): string {
  const joined = readParquet(
    days.flatMap((day) => day.joined),
    noJoined,
  );
  const raw = rawRows(days).map(
    (rows) => `SELECT ${joinedColumns} FROM (SELECT *, bucket AS who_at, ${hoursOfBucket} FROM (${rows}))`,
  );
  return `(${[...raw, provided(joined)].join('\nUNION ALL\n')})`;
}

// Tables of ranges come and go apart from flows, and a new one is no reason to join days again: what is kept knows nothing of them.
function provided(joined: string): string {
  const rank = `CASE WHEN j.rank = ${ranks.address} AND ${isProvided} THEN ${ranks.provider} ELSE j.rank END`;
  return `SELECT ${joinedColumns} FROM (SELECT j.* REPLACE (${rank} AS rank) FROM ${joined} j ${joinProvider('j.address')})`;
}

const ranks = { provider: nameRanks.indexOf('provider'), address: nameRanks.indexOf('address') } as const;

/** Statements that make `address_providers` for the addresses of joined rows that have no name. {@link joinedRows} are read where it is. */
export function rangeStatements({ days, ranges }: JoinedWindow): readonly string[] {
  const joined = ranges.length === 0 ? [] : days.flatMap((day) => day.joined);
  return provideStatements({
    ranges: readParquet(ranges, rangeColumns),
    nameless: `(SELECT DISTINCT address FROM ${readParquet(joined, noJoined)} WHERE NOT is_name AND address IS NOT NULL)`,
  });
}

/** Reads the same rows with each of their five-minute buckets `b`, and without sums. */
export function joinedBuckets(days: readonly JoinedDay[]): string {
  const joined = readParquet(
    days.flatMap((day) => day.joined),
    noJoined,
  );
  const raw = rawRows(days).map(
    (rows) => `SELECT who_at, ${keys}, ${bucketNumber} AS b FROM (SELECT *, bucket AS who_at FROM (${rows}))`,
  );
  const spread = bucketWords.map(
    (
      word,
    ) => `SELECT who_at, ${keys}, CAST(epoch(who_at) // 86400 * 288 AS INTEGER) + ${word * bucketsPerWord} + bit AS b FROM (
  SELECT *, CAST(unnest(range(0, ${bucketsPerWord})) AS INTEGER) AS bit FROM ${joined} WHERE buckets_${word} <> 0
) WHERE (buckets_${word} >> bit) & 1 = 1`,
  );
  return `(${[...raw, ...spread].join('\nUNION ALL\n')})`;
}

/** Days of which the same rows count are read together. */
function rawRows(days: readonly JoinedDay[]): readonly string[] {
  const conditions = [...new Set(days.filter(({ flows }) => flows.length > 0).map(({ condition }) => condition))];
  return conditions.map((condition) => {
    const files = days.filter((day) => day.condition === condition).flatMap(({ flows }) => flows);
    return ownNamedRows(`(SELECT * FROM ${readParquet(files, flowColumns)} WHERE ${condition})`);
  });
}

/** What a file of joined rows is made of. */
export interface JoinedFileSql {
  readonly flows: string;
  /** First millisecond of the day. */
  readonly dayMs: number;
  /** Whether the rows with names of their own are in it, beside those that were given one. */
  readonly isWhole: boolean;
  /** Whether somebody changed hands in the day: then rows are kept apart by the times in `cuts`. */
  readonly hasCuts: boolean;
}

/** Reads the joined rows of a day; `resolved` has their names. */
export function selectJoined({ flows, dayMs, isWhole, hasCuts }: JoinedFileSql): string {
  const start = `epoch_ms(${dayMs}::BIGINT)`;
  const named = namedRows(flows, dayMs / 86_400_000);
  const rows = isWhole ? `${named} UNION ALL BY NAME ${ownNamedRows(flows)}` : named;
  const cut = `SELECT r.*, greatest(coalesce(c.from_at, ${start}), ${start}) AS who_at FROM (${rows}) r
LEFT JOIN cuts c ON c.client = r.client AND c."user" = coalesce(r."user", '') AND c.service = coalesce(r.service, '')
  AND r.bucket >= c.from_at AND r.bucket < c.until_at`;
  const words = bucketWords.map((word) => {
    const bit = `${bucketNumber} % 288 - ${word * bucketsPerWord}`;
    return `bit_or(CASE WHEN ${bit} BETWEEN 0 AND ${bucketsPerWord - 1} THEN 1::BIGINT << (${bit}) ELSE 0 END) AS buckets_${word}`;
  });
  return `SELECT ${hasCuts ? 'who_at' : `${start} AS who_at`}, ${keys},
  CAST(sum(connections) AS BIGINT) AS connections, CAST(sum(replies) AS BIGINT) AS replies, CAST(sum(bytes_up) AS BIGINT) AS bytes_up,
  CAST(sum(bytes_down) AS BIGINT) AS bytes_down, CAST(sum(denied) AS BIGINT) AS denied,
  min(first_seen) AS first_seen, max(last_seen) AS last_seen, bit_or(hours) AS hours, ${words.join(', ')}
FROM (SELECT *, ${hoursOfBucket} FROM (${hasCuts ? cut : rows})) GROUP BY ALL`;
}

/** Makes `cuts` of `who`: who was whom for a part of a day only. */
export function dayCuts(dayMs: number): string {
  const [start, end] = [dayMs, dayMs + 86_400_000].map((ms) => `epoch_ms(${ms}::BIGINT)`);
  return `CREATE OR REPLACE TEMP TABLE cuts AS SELECT DISTINCT client, "user", service, from_at, until_at FROM who
WHERE from_at < ${end} AND until_at > ${start} AND (from_at > ${start} OR until_at < ${end})`;
}

/** Gives joined rows who asked. What goes to a proxy or a resolver by address is left out as theirs. */
export function attributed(joined: string): string {
  return `SELECT f.*, CAST(f.who_at AS DATE) AS day, w.principal, w.principal_no, w.how, w.how_no,
  CASE WHEN w.role = 'principal' AND f.rank > 0 THEN coalesce(p.role, w.role) ELSE w.role END AS role
FROM ${joined} f
JOIN who w ON w.client = f.client AND w."user" = coalesce(f."user", '') AND w.service = coalesce(f.service, '')
  AND f.who_at >= w.from_at AND f.who_at < w.until_at
LEFT JOIN passed p ON p.address = f.address`;
}
