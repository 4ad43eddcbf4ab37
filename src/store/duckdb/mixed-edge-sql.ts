import { initiatorProofs } from '../../flowmap/index.ts';
import { attributed, type JoinedDay, joinedRows } from './joined-sql.ts';
import { edgeColumns, edgeFolds, numberOf } from './judgeable-edge-sql.ts';

// Figures of mixed edges by the rules of edge-sql.ts: within a day and a format the vantage that saw most counts, and of forward and reply
// records the more; of several formats the one that saw most. Some days at a time, so that memory holds their rows only.

const figureColumns = 'connections BIGINT, bytes_up BIGINT, bytes_down BIGINT, denied BIGINT';

/** Makes the tables that {@link addMixed} fills. */
export const mixedTables: readonly string[] = [
  `CREATE OR REPLACE TEMP TABLE mixed_sums(edge_no INTEGER, ${figureColumns}, initiator INTEGER, sampled BOOLEAN)`,
  'CREATE OR REPLACE TEMP TABLE both_ways_sums(edge_no INTEGER, connections BIGINT)',
  'CREATE OR REPLACE TEMP TABLE mixed_shares(format VARCHAR, rank INTEGER, connections DOUBLE, bytes DOUBLE)',
];

/** Adds the mixed edges of some days to the tables. */
export function addMixed(days: readonly JoinedDay[]): readonly string[] {
  return [mixedParts(days), mixedSums, mixedShares];
}

/** Adds the edges of some days that were logged in both directions, and by nothing else than one format at one vantage. */
export function addBothWays(days: readonly JoinedDay[]): string {
  return `INSERT INTO both_ways_sums SELECT edge_no, sum(connections) FROM (
  SELECT edge_no, day, greatest(sum(connections), sum(replies)) AS connections
  FROM (${attributed(joinedRows(days))}) JOIN (SELECT ${edgeColumns}, edge_no FROM plain_edges WHERE fold = ${edgeFolds.bothWays}) USING (${edgeColumns})
  WHERE role = 'principal' GROUP BY edge_no, day
) GROUP BY edge_no`;
}

function mixedParts(days: readonly JoinedDay[]): string {
  return `CREATE OR REPLACE TEMP TABLE mixed_parts AS
SELECT day, edge_no, format, vantage, rank, max(${numberOf('initiator', initiatorProofs)}) AS initiator, bool_or(sampled) AS sampled,
  sum(connections) AS connections, sum(replies) AS replies, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down, sum(denied) AS denied
FROM (${attributed(joinedRows(days))}) JOIN (SELECT ${edgeColumns}, edge_no FROM plain_edges WHERE fold = ${edgeFolds.mixed}) USING (${edgeColumns})
WHERE role = 'principal' GROUP BY ALL`;
}

const mixedSums = `INSERT INTO mixed_sums
SELECT edge_no, sum(connections), sum(bytes_up), sum(bytes_down), sum(denied), min(initiator), bool_and(sampled) FROM (
  SELECT day, edge_no, max(connections) AS connections, max(bytes_up) AS bytes_up, max(bytes_down) AS bytes_down, max(denied) AS denied,
    min(initiator) AS initiator, bool_and(sampled) AS sampled
  FROM (
    SELECT day, edge_no, format, max(connections) AS connections, max(bytes_up) AS bytes_up, max(bytes_down) AS bytes_down, max(denied) AS denied,
      min(initiator) AS initiator, bool_or(sampled) AS sampled
    FROM (
      SELECT day, edge_no, format, vantage, greatest(sum(connections), sum(replies)) AS connections, sum(bytes_up) AS bytes_up,
        sum(bytes_down) AS bytes_down, sum(denied) AS denied, max(initiator) AS initiator, bool_or(sampled) AS sampled
      FROM mixed_parts GROUP BY day, edge_no, format, vantage
    ) GROUP BY day, edge_no, format
  ) GROUP BY day, edge_no
) GROUP BY edge_no`;

const mixedShares = `INSERT INTO mixed_shares
SELECT format, rank, sum(connections), sum(bytes) FROM (
  SELECT format, rank, max(greatest(connections, replies)) AS connections, max(coalesce(bytes_up, 0) + coalesce(bytes_down, 0)) AS bytes
  FROM mixed_parts GROUP BY day, edge_no, format, rank
) GROUP BY format, rank`;

/** Makes `mixed_edges` and `both_ways` of what was added. */
export const foldedEdges: readonly string[] = [
  `CREATE OR REPLACE TEMP TABLE mixed_edges AS
SELECT edge_no, CAST(min(initiator) * 2 + CAST(bool_and(sampled) AS INTEGER) AS INTEGER) AS words, sum(connections) AS connections,
  sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down, sum(denied) AS denied
FROM mixed_sums GROUP BY edge_no`,
  'CREATE OR REPLACE TEMP TABLE both_ways AS SELECT edge_no, sum(connections) AS connections FROM both_ways_sums GROUP BY edge_no',
];

/** Reads the shares of name ranks of the edges that are not simply added. */
export const selectMixedShares: string = `SELECT format, rank, sum(connections) AS connections, sum(bytes) AS bytes FROM (
  SELECT * FROM mixed_shares
  UNION ALL
  SELECT format, rank, CAST(w.connections AS DOUBLE), CAST(coalesce(bytes_up, 0) + coalesce(bytes_down, 0) AS DOUBLE)
  FROM plain_edges JOIN both_ways w USING (edge_no)
) GROUP BY format, rank ORDER BY format, rank`;
