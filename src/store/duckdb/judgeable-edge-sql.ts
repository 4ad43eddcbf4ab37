import { applications, initiatorProofs, nameRanks, vantages } from '../../flowmap/index.ts';
import { mostListed } from './edge-sql.ts';
import { sqlText } from './open-database.ts';

// Edges without days: millions of edge-days are grouped once, by whole numbers where it can be, and nothing is listed that is one thing
// only. Where sums over days are not the sums of days (several formats or vantages, replies beside forward records) or the words of rows
// differ, the edge is `mixed`, and the statements of edge-sql.ts fold its rows and no others.

/** Whether any row of a principal is without a name of its own. */
export const selectNameless: string =
  "SELECT EXISTS (SELECT 1 FROM attributed WHERE name IS NULL AND role = 'principal') AS found";

/** Makes `named` of a window in which every row has its name: nothing is looked up. */
export const allNamed: string = `CREATE OR REPLACE TEMP VIEW named AS
SELECT * EXCLUDE (name), name AS destination, true AS is_name, 0 AS rank, NULL::VARCHAR[] AS candidates
FROM attributed WHERE role = 'principal' AND name IS NOT NULL`;

/** Makes `edge_parts`: sums by edge and by everything that must not differ within one. */
export const edgeParts: string = `CREATE OR REPLACE TEMP TABLE edge_parts AS
SELECT principal_no, destination, is_name, port, protocol, format, rank, how_no,
  (${numberOf('vantage', vantages)} * 8 + ${numberOf('initiator', initiatorProofs)}) * 2 + CAST(sampled AS INTEGER) AS words,
  ${numberOf('application', applications)} AS application,
  sum(connections) AS connections, sum(replies) AS replies, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down,
  sum(denied) AS denied, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
  min(client) FILTER (WHERE client <> '') AS client,
  any_value(address) AS address, min(hash(address)) AS least_address, max(hash(address)) AS most_address
FROM named WHERE destination IS NOT NULL GROUP BY ALL`;

function numberOf(column: string, words: readonly string[]): string {
  return `CASE ${column} ${words.map((word, at) => `WHEN ${sqlText(word)} THEN ${at}`).join(' ')} ELSE ${words.length} END`;
}

const edgeColumns = 'principal_no, destination, is_name, port, protocol';

/** Makes `plain_edges`, which says of each edge whether it is mixed, and whether it has several addresses or candidates to list. */
export const plainEdges: string = `CREATE OR REPLACE TEMP TABLE plain_edges AS
SELECT *, NOT is_mixed AND ((is_name AND least_address <> most_address) OR is_candidate) AS is_listed
FROM (
  SELECT ${edgeColumns}, min(words) AS words, min(rank) AS rank, min(application) AS application, max(application) AS other_application,
    bool_or(rank IN (${rankNumber('candidates')}, ${rankNumber('other-client')})) AS is_candidate,
    bit_or(1 << how_no) AS hows,
    greatest(sum(connections), sum(replies)) AS connections, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down,
    sum(denied) AS denied, min(first_seen) AS first_seen, max(last_seen) AS last_seen, min(client) AS client,
    any_value(address) AS address, min(least_address) AS least_address, max(most_address) AS most_address,
    min(format) <> max(format) OR min(words) <> max(words) OR (sum(connections) > 0 AND sum(replies) > 0) AS is_mixed
  FROM edge_parts GROUP BY ALL
)`;

function rankNumber(rank: (typeof nameRanks)[number]): number {
  return nameRanks.indexOf(rank);
}

/** Makes `several_applications`: what most connections spoke, of the edges that spoke several; by the same order as in edge-sql.ts. */
export const severalApplications: string = `CREATE OR REPLACE TEMP TABLE several_applications AS
SELECT ${edgeColumns}, application FROM (
  SELECT ${edgeColumns}, application, row_number() OVER (PARTITION BY ${edgeColumns}
    ORDER BY application = ${applications.indexOf('unknown')}, sum(connections + replies) DESC, [${applications.map(sqlText).join(', ')}][1 + application]) AS place
  FROM edge_parts SEMI JOIN (SELECT ${edgeColumns} FROM plain_edges WHERE application <> other_application) USING (${edgeColumns})
  GROUP BY ${edgeColumns}, application
) WHERE place = 1`;

/** How many edges are mixed, and how many have lists. */
export const selectKinds: string =
  'SELECT CAST(count(*) FILTER (WHERE is_mixed) AS INTEGER) AS mixed, CAST(count(*) FILTER (WHERE is_listed) AS INTEGER) AS listed FROM plain_edges';

/** Makes `edge_lists`: addresses and candidate names of the edges that have several. */
export const edgeLists: string = `CREATE OR REPLACE TEMP TABLE edge_lists AS
SELECT ${edgeColumns},
  list_slice(list_sort(list(DISTINCT address) FILTER (WHERE is_name AND address IS NOT NULL)), 1, ${mostListed}) AS addresses,
  list_slice(list_sort(list_distinct(flatten(list(DISTINCT candidates) FILTER (WHERE candidates IS NOT NULL)))), 1, ${mostListed}) AS candidates
FROM ${rowsOf('is_listed')} GROUP BY ALL`;

/** Rows of `named` of the mixed edges. */
export const mixedRows: string = rowsOf('is_mixed');

function rowsOf(flag: 'is_listed' | 'is_mixed'): string {
  return `(SELECT * FROM named SEMI JOIN (SELECT ${edgeColumns} FROM plain_edges WHERE ${flag}) USING (${edgeColumns}))`;
}

/** Reads the edges that are not mixed; with their lists where there are any. Columns in the order of `plainColumns`. */
export function selectPlain(hasLists: boolean): string {
  const lists = hasLists ? 'l.addresses, l.candidates' : 'NULL::VARCHAR[] AS addresses, NULL::VARCHAR[] AS candidates';
  return `SELECT ${edgeColumns}, words, coalesce(s.application, e.application), rank, hows, CAST(connections AS DOUBLE), CAST(bytes_up AS DOUBLE), CAST(bytes_down AS DOUBLE),
  CAST(denied AS DOUBLE), CAST(epoch_ms(first_seen) AS DOUBLE), CAST(epoch_ms(last_seen) AS DOUBLE), client,
  CASE WHEN is_name AND NOT is_listed THEN address END AS address, ${lists}
FROM plain_edges e LEFT JOIN several_applications s USING (${edgeColumns})
${hasLists ? `LEFT JOIN edge_lists l USING (${edgeColumns})` : ''} WHERE NOT is_mixed`;
}

/** Reads the shares of name ranks of the edges that are not mixed. */
export const selectPlainShares: string = `SELECT format, CAST(rank AS INTEGER) AS rank, CAST(sum(greatest(connections, replies)) AS DOUBLE) AS connections,
  CAST(sum(coalesce(bytes_up, 0) + coalesce(bytes_down, 0)) AS DOUBLE) AS bytes
FROM edge_parts SEMI JOIN (SELECT ${edgeColumns} FROM plain_edges WHERE NOT is_mixed) USING (${edgeColumns})
GROUP BY format, rank ORDER BY format, rank`;
