import { initiatorProofs } from '../../flowmap/index.ts';
import { edgeColumns, numberOf } from './judgeable-edge-sql.ts';
import { sqlText } from './open-database.ts';

// Figures of mixed edges by the rules of edge-sql.ts: within a day and a format the vantage that saw most counts, and of forward and reply
// records the more; of several formats the one that saw most. One day at a time, so that memory holds one day's rows only.

const figureColumns = 'connections BIGINT, bytes_up BIGINT, bytes_down BIGINT, denied BIGINT';

/** Makes the tables that {@link mixedDay} fills. */
export const mixedTables: readonly string[] = [
  `CREATE OR REPLACE TEMP TABLE mixed_days(edge_no INTEGER, ${figureColumns}, initiator INTEGER, sampled BOOLEAN)`,
  'CREATE OR REPLACE TEMP TABLE mixed_shares(format VARCHAR, rank INTEGER, connections DOUBLE, bytes DOUBLE)',
];

/** Reads the days of a window on which anything was seen. */
export function selectDays(flows: string, condition: string): string {
  return `SELECT DISTINCT CAST(CAST(bucket AS DATE) AS VARCHAR) AS day FROM ${flows} WHERE ${condition} ORDER BY day`;
}

/** Adds a day (`2026-11-01`) to the tables. */
export function mixedDay(day: string): readonly string[] {
  return [mixedParts(day), mixedDays, mixedShares];
}

// Bounds on the bucket itself: by them the files of other days are left out unread.
function mixedParts(day: string): string {
  const from = `CAST(${sqlText(day)} AS TIMESTAMP)`;
  return `CREATE OR REPLACE TEMP TABLE mixed_parts AS
SELECT edge_no, format, vantage, rank, max(${numberOf('initiator', initiatorProofs)}) AS initiator, bool_or(sampled) AS sampled,
  sum(connections) AS connections, sum(replies) AS replies, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down, sum(denied) AS denied
FROM named JOIN (SELECT ${edgeColumns}, edge_no FROM plain_edges WHERE is_mixed) USING (${edgeColumns})
WHERE bucket >= ${from} AND bucket < ${from} + INTERVAL 1 DAY GROUP BY ALL`;
}

const mixedDays = `INSERT INTO mixed_days
SELECT edge_no, max(connections), max(bytes_up), max(bytes_down), max(denied), min(initiator), bool_and(sampled) FROM (
  SELECT edge_no, format, max(connections) AS connections, max(bytes_up) AS bytes_up, max(bytes_down) AS bytes_down, max(denied) AS denied,
    min(initiator) AS initiator, bool_or(sampled) AS sampled
  FROM (
    SELECT edge_no, format, vantage, greatest(sum(connections), sum(replies)) AS connections, sum(bytes_up) AS bytes_up,
      sum(bytes_down) AS bytes_down, sum(denied) AS denied, max(initiator) AS initiator, bool_or(sampled) AS sampled
    FROM mixed_parts GROUP BY edge_no, format, vantage
  ) GROUP BY edge_no, format
) GROUP BY edge_no`;

const mixedShares = `INSERT INTO mixed_shares
SELECT format, rank, sum(connections), sum(bytes) FROM (
  SELECT format, rank, max(greatest(connections, replies)) AS connections, max(coalesce(bytes_up, 0) + coalesce(bytes_down, 0)) AS bytes
  FROM mixed_parts GROUP BY edge_no, format, rank
) GROUP BY format, rank`;

/** Makes `mixed_edges` of the days. */
export const mixedEdges: string = `CREATE OR REPLACE TEMP TABLE mixed_edges AS
SELECT edge_no, CAST(min(initiator) * 2 + CAST(bool_and(sampled) AS INTEGER) AS INTEGER) AS words, sum(connections) AS connections,
  sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down, sum(denied) AS denied
FROM mixed_days GROUP BY edge_no`;

/** Reads the shares of name ranks of mixed edges. */
export const selectMixedShares =
  'SELECT format, rank, sum(connections) AS connections, sum(bytes) AS bytes FROM mixed_shares GROUP BY format, rank ORDER BY format, rank';
