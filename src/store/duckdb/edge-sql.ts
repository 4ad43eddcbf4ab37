import { sqlText } from './open-database.ts';
import { isProvided, joinProvider, providerOf, provideStatements } from './provider-sql.ts';

// The join of who, where and which way, as it is done when a window is read. Every step is a temporary table, so that what was worked out
// once serves edges, shares and regularity. Order of sources and of lines, and how lines are spread over sources and batches, cannot matter:
// sums, minima, maxima and sets only, and nothing is chosen among rows before they are summed over sources.

/** A DNS answer counts from this much before it was seen: clocks differ. */
const skewSeconds = 2;
/** And at least an hour, whatever its TTL: clients keep connections and pin answers. */
const leastLifeSeconds = 3600;
/** And no longer than a day, so that what is spread over buckets stays bounded. */
const mostLifeSeconds = 86_400;
const bucketSeconds = 300;
/** Lists of names and addresses are cut here, smallest first. */
export const mostListed = 20;

/** Reads Parquet files of ours; an empty list of them is an empty table of the same columns. */
export function readParquet(files: readonly string[], columns: string): string {
  if (files.length === 0) return `(SELECT * FROM (SELECT ${columns}) WHERE false)`;
  return `read_parquet([${files.map(sqlText).join(', ')}], union_by_name = true, hive_partitioning = false)`;
}

/** Reads a file with all of its columns, to see whether it can be. */
export function readWhole(file: string): string {
  return `SELECT count(*) FROM (SELECT hash(t) AS h FROM ${readParquet([file], '')} t) WHERE h = 0`;
}

/** Columns of flows with their types, for a lake without any. */
export const flowColumns: string = [
  'NULL::TIMESTAMP AS bucket, NULL::VARCHAR AS client, NULL::VARCHAR AS "user", NULL::VARCHAR AS service',
  'NULL::VARCHAR AS address, NULL::VARCHAR AS name, NULL::VARCHAR AS name_kind, NULL::VARCHAR AS application',
  'NULL::VARCHAR AS initiator, NULL::VARCHAR AS vantage, NULL::UTINYINT AS protocol, NULL::BOOLEAN AS sampled, NULL::INTEGER AS port',
  'NULL::VARCHAR AS provider, NULL::BIGINT AS connections, NULL::BIGINT AS replies, NULL::BIGINT AS bytes_up',
  'NULL::BIGINT AS bytes_down, NULL::BIGINT AS denied, NULL::TIMESTAMP AS first_seen, NULL::TIMESTAMP AS last_seen',
  'NULL::VARCHAR AS source, NULL::VARCHAR AS format',
].join(', ');

/** Columns of answers with their types. */
export const answerColumns: string = [
  'NULL::TIMESTAMP AS bucket, NULL::VARCHAR AS client, NULL::VARCHAR AS service, NULL::VARCHAR AS name',
  'NULL::VARCHAR AS type, NULL::VARCHAR AS code, NULL::VARCHAR AS address, NULL::VARCHAR AS alias, NULL::VARCHAR AS resolver',
  'NULL::BOOLEAN AS denied, NULL::BOOLEAN AS tells_answers, NULL::BIGINT AS questions, NULL::TIMESTAMP AS first_seen',
  'NULL::TIMESTAMP AS last_seen, NULL::BIGINT AS ttl_seconds, NULL::VARCHAR AS source, NULL::VARCHAR AS format',
].join(', ');

/** Files and bounds of a window. `since` and `until` are SQL timestamps or null. */
export interface WindowSql {
  readonly flows: string;
  readonly answers: string;
  readonly ranges: string;
  readonly condition: string;
}

/** The condition of a window on a column of buckets. */
export function windowCondition(sinceMs: number | null, untilMs: number | null): string {
  const parts = [
    ...(sinceMs === null ? [] : [`bucket >= epoch_ms(${Math.floor(sinceMs)}::BIGINT)`]),
    ...(untilMs === null ? [] : [`bucket < epoch_ms(${Math.ceil(untilMs)}::BIGINT)`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' AND ');
}

/** Statements that make `edge_days` from flows, answers and the table `who`, in order. */
export function edgeDayStatements(window: WindowSql): readonly string[] {
  return [
    attributed(window, 'TABLE'),
    ...namingStatements(window),
    byParts,
    byVantage,
    edgeDays,
    edgeApplications,
    edgeLists,
  ];
}

/** Statements that name the rows of `attributed`: they make `named`. */
export function namingStatements(window: WindowSql): readonly string[] {
  return [
    namelessRows,
    evidence(window),
    evidenceBuckets,
    ownNames,
    otherNames,
    resolved,
    ...provideStatements(window),
    named,
  ];
}

/**
 * Gives rows of flows who asked. A reverse look-up by the logger proves nothing: such a row is nameless. `b` is the number of the
 * five-minute bucket. What goes to a proxy or a resolver by address is left out as theirs. A table serves many questions; a view reads no column that the one question
 * does not need.
 */
export function attributed({ flows, condition }: WindowSql, kind: 'TABLE' | 'VIEW'): string {
  return `CREATE OR REPLACE TEMP ${kind} attributed AS
SELECT f.* EXCLUDE (client, "user", service, name, name_kind), coalesce(f.client, '') AS client,
  CASE WHEN f.name_kind = 'reverse' THEN NULL ELSE f.name END AS name,
  CAST(f.bucket AS DATE) AS day, CAST(epoch(f.bucket) / ${bucketSeconds} AS INTEGER) AS b, w.principal, w.principal_no, w.how, w.how_no,
  CASE WHEN w.role = 'principal' AND (f.name IS NULL OR f.name_kind = 'reverse') THEN coalesce(p.role, w.role) ELSE w.role END AS role
FROM (SELECT * FROM ${flows} WHERE ${condition}) f
JOIN who w ON w.client = coalesce(f.client, '') AND w."user" = coalesce(f."user", '') AND w.service = coalesce(f.service, '')
  AND f.bucket >= w.from_at AND f.bucket < w.until_at
LEFT JOIN passed p ON p.address = f.address`;
}

const namelessRows = `CREATE OR REPLACE TEMP TABLE nameless AS
SELECT DISTINCT client, address, b, day FROM attributed WHERE name IS NULL AND address IS NOT NULL AND role = 'principal'`;

// What a client was told, and what it was seen to use (a TLS record, a proxied request with its address), which is evidence as good:
// from a little before it was seen until its TTL is over, at least an hour and at most a day later. Ends are reckoned from the bucket and not
// from the last answer in it: which answers share a row hangs on how lines fell into batches. A connection of weeks is evidence for a day.
function evidence({ answers }: WindowSql): string {
  return `CREATE OR REPLACE TEMP TABLE evidence AS
SELECT client, address, name, min(from_b) AS from_b, max(to_b) AS to_b FROM (
  SELECT coalesce(client, '') AS client, address, name, CAST(floor((epoch(first_seen) - ${skewSeconds}) / ${bucketSeconds}) AS INTEGER) AS from_b,
    CAST(epoch(bucket) / ${bucketSeconds} AS INTEGER)
      + CAST(ceil(least(greatest(coalesce(ttl_seconds, 0), ${leastLifeSeconds}), ${mostLifeSeconds}) / ${bucketSeconds}) AS INTEGER) AS to_b
  FROM ${answers} WHERE address IN (SELECT address FROM nameless)
  UNION ALL
  SELECT client, address, name, CAST(floor((epoch(first_seen) - ${skewSeconds}) / ${bucketSeconds}) AS INTEGER),
    least(CAST(floor(epoch(last_seen) / ${bucketSeconds}) AS INTEGER), b + ${mostLifeSeconds / bucketSeconds}) + ${leastLifeSeconds / bucketSeconds}
  FROM attributed WHERE name IS NOT NULL AND address IN (SELECT address FROM nameless)
) GROUP BY client, address, name, from_b // 12`;
}

// Spread over its buckets, evidence meets flows by equality: no range is compared with any other.
const evidenceBuckets = `CREATE OR REPLACE TEMP TABLE evidence_buckets AS
SELECT DISTINCT client, address, name, unnest(range(from_b, to_b + 1)) AS b FROM evidence WHERE client <> ''`;

const ownNames = `CREATE OR REPLACE TEMP TABLE own_names AS
SELECT n.client, n.address, n.b, list_slice(list_sort(list(e.name)), 1, ${mostListed}) AS names
FROM nameless n JOIN evidence_buckets e ON e.client = n.client AND e.address = n.address AND e.b = n.b
GROUP BY n.client, n.address, n.b`;

// Evidence of another client counts for a day around its time; what is a day wide needs no five minutes.
const otherNames = `CREATE OR REPLACE TEMP TABLE other_names AS
SELECT address, day, list_slice(list_sort(list(DISTINCT name)), 1, ${mostListed}) AS names FROM (
  SELECT DISTINCT address, name, CAST(epoch_ms(CAST(unnest(range(from_b // 288 - 1, to_b // 288 + 2)) AS BIGINT) * 86400000) AS DATE) AS day FROM evidence
) GROUP BY address, day`;

const resolved = `CREATE OR REPLACE TEMP TABLE resolved AS
SELECT n.client, n.address, n.b, coalesce(o.names, x.names) AS names,
  CASE WHEN o.names IS NOT NULL AND len(o.names) = 1 THEN 1 WHEN o.names IS NOT NULL THEN 2 ELSE 3 END AS rank
FROM nameless n
LEFT JOIN own_names o ON o.client = n.client AND o.address = n.address AND o.b = n.b
LEFT JOIN other_names x ON x.address = n.address AND x.day = n.day AND o.names IS NULL
WHERE o.names IS NOT NULL OR x.names IS NOT NULL`;

// Ranks are indexes of nameRanks in flowmap/edge.ts: record, answer, candidates, other-client, provider, address. Two halves, because a join
// with a condition on one side alone would compare every row with every other.
const named = `CREATE OR REPLACE TEMP VIEW named AS
SELECT * EXCLUDE (name), name AS destination, true AS is_name, 0 AS rank, NULL::VARCHAR[] AS candidates
FROM attributed WHERE role = 'principal' AND name IS NOT NULL
UNION ALL
SELECT a.* EXCLUDE (name),
  CASE WHEN r.rank = 1 OR (r.rank = 3 AND len(r.names) = 1) THEN r.names[1] ELSE a.address END AS destination,
  coalesce(r.rank = 1 OR (r.rank = 3 AND len(r.names) = 1), false) AS is_name,
  CASE WHEN r.rank IS NOT NULL THEN r.rank WHEN a.provider IS NOT NULL OR ${isProvided} THEN 4 ELSE 5 END AS rank,
  CASE WHEN len(r.names) > 1 OR r.rank = 3 THEN r.names ELSE NULL END AS candidates
FROM attributed a LEFT JOIN resolved r ON r.client = a.client AND r.address = a.address AND r.b = a.b
${joinProvider('a.address')}
WHERE a.role = 'principal' AND a.name IS NULL`;

// Plain sums over everything that tells rows apart: what follows makes lists, which is slow, of few rows. What the source refused is no use
// of an edge and has no hours; a record of a connection that is counted elsewhere is one. The fold never has both in a row.
const byParts = `CREATE OR REPLACE TEMP TABLE by_parts AS
SELECT day, principal, destination, is_name, port, protocol, format, vantage, client, address, how, source, rank, candidates,
  initiator, application, provider, sampled,
  sum(connections) AS connections, sum(replies) AS replies, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down,
  sum(denied) AS denied, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
  coalesce(bit_or(1 << CAST(b % 288 // 12 AS INTEGER)) FILTER (WHERE denied = 0), 0) AS hours
FROM named GROUP BY ALL`;

// One format may log a flow at both ends, and in both directions: within a format the vantage that saw most counts, and of forward and
// reply records the more.
const byVantage = `CREATE OR REPLACE TEMP TABLE by_vantage AS
SELECT day, principal, destination, is_name, port, protocol, format, vantage,
  greatest(sum(connections), sum(replies)) AS connections,
  sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down, sum(denied) AS denied,
  min(first_seen) AS first_seen, max(last_seen) AS last_seen,
  bit_or(hours) AS hours, min(rank) AS rank, max(CASE initiator WHEN 'stated' THEN 0 WHEN 'flags' THEN 1 ELSE 2 END) AS initiator,
  bool_or(sampled) AS sampled, min(provider) AS provider
FROM by_parts GROUP BY ALL`;

// What several kinds of logs saw of an edge in a day is not added: the one that saw most counts.
const edgeDays = `CREATE OR REPLACE TEMP TABLE edge_days AS
SELECT day, principal, destination, is_name, port, protocol,
  max(connections) AS connections, max(bytes_up) AS bytes_up, max(bytes_down) AS bytes_down, max(denied) AS denied,
  min(first_seen) AS first_seen, max(last_seen) AS last_seen, bit_or(hours) AS hours, min(rank) AS rank,
  min(initiator) AS initiator, bool_and(sampled) AS sampled,
  min(provider) AS provider
FROM (
  SELECT day, principal, destination, is_name, port, protocol, format,
    max(connections) AS connections, max(bytes_up) AS bytes_up, max(bytes_down) AS bytes_down, max(denied) AS denied,
    min(first_seen) AS first_seen, max(last_seen) AS last_seen, bit_or(hours) AS hours, min(rank) AS rank,
    min(initiator) AS initiator, bool_or(sampled) AS sampled,
    min(provider) AS provider
  FROM by_vantage GROUP BY ALL
) GROUP BY ALL`;

// Lists are made once for each edge and never for its days, of which there may be millions: the database holds lists in memory.
const edgeLists = `CREATE OR REPLACE TEMP TABLE edge_lists AS
SELECT principal, destination, is_name, port, protocol,
  list_sort(list(DISTINCT how)) AS how, list_sort(list(DISTINCT source)) AS sources, list_sort(list(DISTINCT format)) AS formats,
  list_slice(list_sort(list(DISTINCT client) FILTER (WHERE client <> '')), 1, ${mostListed}) AS clients,
  list_slice(list_sort(list(DISTINCT address) FILTER (WHERE is_name AND address IS NOT NULL)), 1, ${mostListed}) AS addresses,
  list_slice(list_sort(list_distinct(flatten(list(DISTINCT candidates) FILTER (WHERE candidates IS NOT NULL)))), 1, ${mostListed}) AS candidates
FROM by_parts GROUP BY principal, destination, is_name, port, protocol`;

// What most connections of an edge spoke. A log that cannot tell says nothing against one that can, however much more it saw.
const edgeApplications = `CREATE OR REPLACE TEMP TABLE edge_applications AS
SELECT principal, destination, is_name, port, protocol, application FROM (
  SELECT principal, destination, is_name, port, protocol, application,
    row_number() OVER (PARTITION BY principal, destination, is_name, port, protocol
      ORDER BY application = 'unknown', sum(connections + replies) DESC, application) AS place
  FROM by_parts GROUP BY principal, destination, is_name, port, protocol, application
) WHERE place = 1`;

/** Counts the edges. */
export const countEdgeRows: string = 'SELECT CAST(count(*) AS DOUBLE) AS edges FROM edge_lists';

/** Reads edges from `edge_days`. */
export const selectEdges: string = `SELECT principal, destination, is_name, port, protocol,
  CAST(sum(connections) AS DOUBLE) AS connections, CAST(sum(bytes_up) AS DOUBLE) AS bytes_up, CAST(sum(bytes_down) AS DOUBLE) AS bytes_down,
  CAST(sum(denied) AS DOUBLE) AS denied, CAST(epoch_ms(min(first_seen)) AS DOUBLE) AS first_ms, CAST(epoch_ms(max(last_seen)) AS DOUBLE) AS last_ms,
  CAST(count(DISTINCT day) FILTER (WHERE hours > 0) AS INTEGER) AS days, CAST(bit_or(1 << CAST(dayofweek(day) AS INTEGER)) FILTER (WHERE hours > 0) AS INTEGER) AS weekdays,
  CAST(bit_or(hours) AS INTEGER) AS hours, CAST(sum(bit_count(hours)) AS DOUBLE) AS active_hours, CAST(min(rank) AS INTEGER) AS rank, CAST(min(initiator) AS INTEGER) AS initiator,
  bool_and(sampled) AS sampled, any_value(application) AS application, ${providerOf('min(provider)')} AS provider,
  any_value(how) AS how, any_value(sources) AS sources, any_value(formats) AS formats, any_value(clients) AS clients,
  any_value(addresses) AS addresses, any_value(candidates) AS candidates
FROM edge_days ${joinProvider('destination')}
JOIN edge_applications USING (principal, destination, is_name, port, protocol)
JOIN edge_lists USING (principal, destination, is_name, port, protocol)
GROUP BY principal, destination, is_name, port, protocol
ORDER BY principal, destination, port, protocol, is_name`;

/** Reads the shares of name ranks: by format, and of what it logged at both ends or in both directions the more, as with edges. */
export const selectShares: string = `SELECT format, CAST(rank AS INTEGER) AS rank, CAST(sum(connections) AS DOUBLE) AS connections, CAST(sum(bytes) AS DOUBLE) AS bytes
FROM (
  SELECT format, rank, max(connections) AS connections, max(bytes) AS bytes FROM (
    SELECT day, principal, destination, port, protocol, format, rank, vantage, greatest(sum(connections), sum(replies)) AS connections,
      coalesce(sum(bytes_up), 0) + coalesce(sum(bytes_down), 0) AS bytes
    FROM by_parts GROUP BY ALL
  ) GROUP BY day, principal, destination, port, protocol, format, rank
) GROUP BY ALL ORDER BY format, rank`;

/** Reads what was left out, by role. */
export const selectLeftOut: string = `SELECT role, CAST(sum(connections) AS DOUBLE) AS connections, CAST(sum(bytes) AS DOUBLE) AS bytes
FROM (
  SELECT role, greatest(sum(connections), sum(replies)) AS connections, coalesce(sum(bytes_up), 0) + coalesce(sum(bytes_down), 0) AS bytes
  FROM attributed WHERE role <> 'principal'
  GROUP BY role, day, principal, client, address, name, port, protocol, format, vantage
) GROUP BY ALL ORDER BY role`;

/** Reads the days of each principal. */
export const selectSeenDays: string = `SELECT principal, list_sort(list(DISTINCT CAST(epoch_ms(CAST(day AS TIMESTAMP)) / 86400000 AS INTEGER))) AS days
FROM edge_days GROUP BY principal ORDER BY principal`;

/** Reads how regular edges are, of those with at least two hours of buckets between first and last. */
export const selectRegularity: string = `SELECT principal, destination, port, protocol, CAST(count(gap) AS DOUBLE) AS gaps,
  avg(gap) AS mean, coalesce(stddev_pop(gap), 0) AS deviation
FROM (
  SELECT principal, destination, port, protocol,
    (b - lag(b) OVER (PARTITION BY principal, destination, port, protocol ORDER BY b)) * 5 AS gap
  FROM (SELECT DISTINCT principal, destination, port, protocol, b FROM named)
) GROUP BY ALL HAVING count(gap) >= 24 ORDER BY ALL`;

/** Reads what names were answered with. */
export function selectNameAnswers(answers: string, condition: string): string {
  return `SELECT name, coalesce(resolver, '') AS resolver,
  list_slice(list_sort(list(DISTINCT address)), 1, ${mostListed}) AS addresses,
  CAST(count(DISTINCT client) AS INTEGER) AS clients, CAST(sum(questions) AS DOUBLE) AS questions
FROM (SELECT * FROM ${answers} WHERE ${condition}) WHERE address IS NOT NULL GROUP BY ALL ORDER BY ALL`;
}

/** Reads what clients were told of the names in `wanted_names`: those that were told the same by the same resolver together. */
export function selectAnswerViews(answers: string, condition: string): string {
  return `SELECT name, resolver, addresses, CAST(count(*) AS INTEGER) AS client_count, CAST(sum(questions) AS DOUBLE) AS questions,
  list_slice(list_sort(list(client) FILTER (WHERE client <> '')), 1, ${mostListed}) AS clients
FROM (
  SELECT name, coalesce(resolver, '') AS resolver, coalesce(client, '') AS client, sum(questions) AS questions,
    list_slice(list_sort(list(DISTINCT address) FILTER (WHERE address IS NOT NULL)), 1, ${mostListed}) AS addresses
  FROM (SELECT * FROM ${answers} WHERE ${condition}) JOIN wanted_names USING (name)
  WHERE address IS NOT NULL OR code = 'NXDOMAIN' GROUP BY ALL
) GROUP BY ALL ORDER BY ALL`;
}
