import { attributed, type JoinedDay, joinedBuckets, joinedRows } from './joined-sql.ts';
import { mostListed } from './naming-sql.ts';
import { joinProvider, providerOf } from './provider-sql.ts';

// Edges of the joined rows of a window and of who asked. Every step is a temporary table, so that what was worked out once serves edges, shares
// and days. Order of sources and of lines, and how lines are spread over sources and batches, cannot matter: sums, minima, maxima and sets
// only, and nothing is chosen among rows before they are summed over sources.

/** Days whose rows are summed at once: enough of them for all threads to have work, and few enough for memory. */
export const daysAtOnce = 4;

/** What tells edges apart. */
const edge = 'principal, destination, is_name, port, protocol';

/** Statements that make edges from joined rows and the table `who`, in order. Nothing that is kept between days has a row for each of them. */
export function edgeStatements(days: readonly JoinedDay[]): readonly string[] {
  const first = daysStatements(days.slice(0, daysAtOnce), (table) => `CREATE OR REPLACE TEMP TABLE ${table} AS`);
  const rest: string[] = [];
  for (let at = daysAtOnce; at < days.length; at += daysAtOnce) {
    rest.push(...daysStatements(days.slice(at, at + daysAtOnce), (table) => `INSERT INTO ${table}`));
  }
  const whole = `CREATE OR REPLACE TEMP VIEW attributed AS ${attributed(joinedRows(days))}`;
  return [...first, ...rest, whole, edgeSums, edgeApplications, edgeLists];
}

function daysStatements(days: readonly JoinedDay[], into: (table: string) => string): readonly string[] {
  const parts = [dayParts(days), byVantage, edgeDays];
  const kept = [
    ['edge_words', selectWords],
    ['rank_shares', selectDayShares],
    ['edge_stretches', selectStretches],
    ['seen_days', 'SELECT DISTINCT principal, day FROM edge_days'],
  ] as const;
  return [...parts, ...kept.map(([table, select]) => `${into(table)} ${select}`)];
}

// Plain sums over everything that tells rows apart: what follows makes lists, which is slow, of few rows.
function dayParts(days: readonly JoinedDay[]): string {
  return `CREATE OR REPLACE TEMP TABLE day_parts AS
SELECT day, principal, destination, is_name, port, protocol, format, vantage, client, address, how, source, rank, candidates,
  initiator, application, provider, sampled,
  sum(connections) AS connections, sum(replies) AS replies, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down,
  sum(denied) AS denied, min(first_seen) AS first_seen, max(last_seen) AS last_seen, bit_or(hours) AS hours
FROM (${attributed(joinedRows(days))}) WHERE role = 'principal' GROUP BY ALL`;
}

// One format may log a flow at both ends, and in both directions: within a format the vantage that saw most counts, and of forward and
// reply records the more.
const byVantage = `CREATE OR REPLACE TEMP TABLE by_vantage AS
SELECT day, principal, destination, is_name, port, protocol, format, vantage,
  greatest(sum(connections), sum(replies)) AS connections,
  sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down, sum(denied) AS denied,
  min(first_seen) AS first_seen, max(last_seen) AS last_seen,
  bit_or(hours) AS hours, min(rank) AS rank, max(CASE initiator WHEN 'stated' THEN 0 WHEN 'flags' THEN 1 ELSE 2 END) AS initiator,
  bool_or(sampled) AS sampled, min(provider) AS provider
FROM day_parts GROUP BY ALL`;

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

// What edges list, once for some days.
const selectWords = `SELECT ${edge}, how, source, format, client, address, candidates, application, sum(connections + replies) AS connections
FROM day_parts GROUP BY ALL`;

// By format, and of what it logged at both ends or in both directions the more, as with edges.
const selectDayShares = `SELECT format, rank, sum(connections) AS connections, sum(bytes) AS bytes FROM (
  SELECT format, rank, max(connections) AS connections, max(bytes) AS bytes FROM (
    SELECT day, principal, destination, port, protocol, format, rank, vantage, greatest(sum(connections), sum(replies)) AS connections,
      coalesce(sum(bytes_up), 0) + coalesce(sum(bytes_down), 0) AS bytes
    FROM day_parts GROUP BY ALL
  ) GROUP BY day, principal, destination, port, protocol, format, rank
) GROUP BY ALL`;

const sameFolds = [
  'sum(connections) AS connections, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down, sum(denied) AS denied',
  'min(first_seen) AS first_seen, max(last_seen) AS last_seen, bit_or(hours) AS hours, min(rank) AS rank, min(initiator) AS initiator',
  'bool_and(sampled) AS sampled, min(provider) AS provider',
].join(', ');

// A day is in one stretch only, so that days of stretches can be added.
const selectStretches = `SELECT ${edge}, ${sameFolds}, count(*) FILTER (WHERE hours > 0) AS days,
  bit_or(1 << CAST(dayofweek(day) AS INTEGER)) FILTER (WHERE hours > 0) AS weekdays, sum(bit_count(hours)) AS active_hours
FROM edge_days GROUP BY ${edge}`;

const edgeSums = `CREATE OR REPLACE TEMP TABLE edge_sums AS
SELECT ${edge}, ${sameFolds}, sum(days) AS days, bit_or(weekdays) AS weekdays, sum(active_hours) AS active_hours
FROM edge_stretches GROUP BY ${edge}`;

// Lists are made once for each edge and never for its days, of which there may be millions: the database holds lists in memory.
const edgeLists = `CREATE OR REPLACE TEMP TABLE edge_lists AS
SELECT ${edge},
  list_sort(list(DISTINCT how)) AS how, list_sort(list(DISTINCT source)) AS sources, list_sort(list(DISTINCT format)) AS formats,
  list_slice(list_sort(list(DISTINCT client) FILTER (WHERE client <> '')), 1, ${mostListed}) AS clients,
  list_slice(list_sort(list(DISTINCT address) FILTER (WHERE is_name AND address IS NOT NULL)), 1, ${mostListed}) AS addresses,
  list_slice(list_sort(list_distinct(flatten(list(DISTINCT candidates) FILTER (WHERE candidates IS NOT NULL)))), 1, ${mostListed}) AS candidates
FROM edge_words GROUP BY ${edge}`;

// What most connections of an edge spoke. A log that cannot tell says nothing against one that can, however much more it saw.
const edgeApplications = `CREATE OR REPLACE TEMP TABLE edge_applications AS
SELECT ${edge}, application FROM (
  SELECT ${edge}, application,
    row_number() OVER (PARTITION BY ${edge} ORDER BY application = 'unknown', sum(connections) DESC, application) AS place
  FROM edge_words GROUP BY ${edge}, application
) WHERE place = 1`;

/** Counts the edges. */
export const countEdgeRows: string = 'SELECT CAST(count(*) AS DOUBLE) AS edges FROM edge_sums';

/** Reads edges. */
export const selectEdges: string = `SELECT ${edge},
  CAST(connections AS DOUBLE) AS connections, CAST(bytes_up AS DOUBLE) AS bytes_up, CAST(bytes_down AS DOUBLE) AS bytes_down,
  CAST(denied AS DOUBLE) AS denied, CAST(epoch_ms(first_seen) AS DOUBLE) AS first_ms, CAST(epoch_ms(last_seen) AS DOUBLE) AS last_ms,
  CAST(days AS INTEGER) AS days, CAST(weekdays AS INTEGER) AS weekdays, CAST(hours AS INTEGER) AS hours,
  CAST(active_hours AS DOUBLE) AS active_hours, CAST(rank AS INTEGER) AS rank, CAST(initiator AS INTEGER) AS initiator,
  sampled, application, ${providerOf('provider')} AS provider, how, sources, formats, clients, addresses, candidates
FROM edge_sums ${joinProvider('destination')}
JOIN edge_applications USING (${edge}) JOIN edge_lists USING (${edge})
ORDER BY principal, destination, port, protocol, is_name`;

/** Reads the shares of name ranks. */
export const selectShares: string = `SELECT format, CAST(rank AS INTEGER) AS rank, CAST(sum(connections) AS DOUBLE) AS connections, CAST(sum(bytes) AS DOUBLE) AS bytes
FROM rank_shares GROUP BY ALL ORDER BY format, rank`;

/** Reads what was left out, by role. */
export const selectLeftOut: string = `SELECT role, CAST(sum(connections) AS DOUBLE) AS connections, CAST(sum(bytes) AS DOUBLE) AS bytes
FROM (
  SELECT role, greatest(sum(connections), sum(replies)) AS connections, coalesce(sum(bytes_up), 0) + coalesce(sum(bytes_down), 0) AS bytes
  FROM attributed WHERE role <> 'principal'
  GROUP BY role, day, principal, client, address, CASE WHEN rank = 0 THEN destination END, port, protocol, format, vantage
) GROUP BY ALL ORDER BY role`;

/** Reads the days of each principal. */
export const selectSeenDays: string = `SELECT principal, list_sort(list(DISTINCT CAST(epoch_ms(CAST(day AS TIMESTAMP)) / 86400000 AS INTEGER))) AS days
FROM seen_days GROUP BY principal ORDER BY principal`;

/** Reads how regular edges are, of those with at least two hours of buckets between first and last. */
export function selectRegularity(days: readonly JoinedDay[]): string {
  return `SELECT principal, destination, port, protocol, CAST(count(gap) AS DOUBLE) AS gaps,
  avg(gap) AS mean, coalesce(stddev_pop(gap), 0) AS deviation
FROM (
  SELECT principal, destination, port, protocol,
    (b - lag(b) OVER (PARTITION BY principal, destination, port, protocol ORDER BY b)) * 5 AS gap
  FROM (SELECT DISTINCT principal, destination, port, protocol, b FROM (${attributed(joinedBuckets(days))}) WHERE role = 'principal')
) GROUP BY ALL HAVING count(gap) >= 24 ORDER BY ALL`;
}

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
