import { applications, initiatorProofs, nameRanks, vantages } from '../../flowmap/index.ts';
import { attributed, type JoinedDay, joinedRows } from './joined-sql.ts';
import { mostListed } from './naming-sql.ts';
import { sqlText } from './open-database.ts';

// Edges without days: millions of edge-days are grouped once, by whole numbers where it can be, and nothing is listed that is one thing
// only. Where the sum of an edge is not that of its rows (several formats or vantages, replies beside forward records, rows whose words
// differ), the edge is `mixed`: mixed-edge-sql.ts works its figures out day by day, as edge-sql.ts does for all.

/** Makes `edge_parts`: sums by edge and by everything that must not differ within one. */
export const edgeParts: string = `CREATE OR REPLACE TEMP TABLE edge_parts AS
SELECT principal_no, destination, is_name, port, protocol, format, rank, how_no,
  (${numberOf('vantage', vantages)} * 8 + ${numberOf('initiator', initiatorProofs)}) * 2 + CAST(sampled AS INTEGER) AS words,
  ${numberOf('application', applications)} AS application,
  sum(connections) AS connections, sum(replies) AS replies, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down,
  sum(denied) AS denied, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
  min(client) FILTER (WHERE client <> '') AS client,
  bool_and(connections >= replies) AS is_forward, bool_and(replies >= connections) AS is_reply,
  any_value(address) AS address, min(hash(address)) AS least_address, max(hash(address)) AS most_address
FROM attributed WHERE role = 'principal' AND destination IS NOT NULL GROUP BY ALL`;

/** A word of a closed list as its number. */
export function numberOf(column: string, words: readonly string[]): string {
  return `CASE ${column} ${words.map((word, at) => `WHEN ${sqlText(word)} THEN ${at}`).join(' ')} ELSE ${words.length} END`;
}

const figures = ['connections', 'bytes_up', 'bytes_down', 'denied'] as const;

/** What tells edges apart. */
export const edgeColumns = 'principal_no, destination, is_name, port, protocol';

/**
 * How the figures of an edge come from its rows: `sum`, they are added; `both_ways`, but of forward and reply records the more counts, day by
 * day; `mixed`, several formats, vantages or the like saw it. Where no row has more of the other direction, no day has.
 */
export const edgeFolds = { sum: 0, bothWays: 1, mixed: 2 } as const;

const foldOf = `CASE WHEN min(format) <> max(format) OR min(words) <> max(words) THEN ${edgeFolds.mixed}
      WHEN (bool_and(is_forward) OR bool_and(is_reply)) THEN ${edgeFolds.sum}
      WHEN min(rank) <> max(rank) THEN ${edgeFolds.mixed} ELSE ${edgeFolds.bothWays} END`;

/** Makes `plain_edges`, which says of each edge how it is folded, and whether it has several addresses or candidates to list. */
export const plainEdges: string = `CREATE OR REPLACE TEMP TABLE plain_edges AS
SELECT *, CAST(row_number() OVER () AS INTEGER) AS edge_no FROM (
  SELECT ${edgeColumns}, min(words) AS words, min(rank) AS rank, min(application) AS application, max(application) AS other_application,
    bool_or(rank IN (${rankNumber('candidates')}, ${rankNumber('other-client')})) AS has_candidates,
    is_name AND min(least_address) <> max(most_address) AS has_addresses,
    bit_or(1 << how_no) AS hows,
    greatest(sum(connections), sum(replies)) AS connections, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down,
    sum(denied) AS denied, min(first_seen) AS first_seen, max(last_seen) AS last_seen, min(client) AS client, min(format) AS format,
    CASE WHEN is_name THEN any_value(address) END AS address,
    ${foldOf} AS fold
  FROM edge_parts GROUP BY ${edgeColumns}
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

/** Makes `texts`: every text of plain edges once, since reading one costs more than all numbers of an edge. */
export const edgeTexts: string = `CREATE OR REPLACE TEMP TABLE texts AS
SELECT text, CAST(row_number() OVER () - 1 AS INTEGER) AS no FROM (
  SELECT DISTINCT unnest([destination, address, client]) AS text FROM plain_edges
) WHERE text IS NOT NULL`;

/** Reads the texts in order of their numbers. */
export const selectTexts = 'SELECT text FROM texts ORDER BY no';

/** How many edges are folded otherwise than by adding, and how many have candidates to list. */
export const selectKinds: string = `SELECT CAST(count(*) FILTER (WHERE fold = ${edgeFolds.mixed}) AS INTEGER) AS mixed,
  CAST(count(*) FILTER (WHERE fold = ${edgeFolds.bothWays}) AS INTEGER) AS both_ways,
  CAST(count(*) FILTER (WHERE has_candidates) AS INTEGER) AS listed FROM plain_edges`;

/** Reads the candidate names of the edges that have several: only joined rows have any. */
export function selectCandidates(days: readonly JoinedDay[]): string {
  const rows = attributed(joinedRows(days.map((day) => ({ ...day, flows: [] }))));
  return `SELECT edge_no,
  list_slice(list_sort(list_distinct(flatten(list(DISTINCT candidates)))), 1, ${mostListed}) AS texts
FROM (${rows}) JOIN (SELECT ${edgeColumns}, edge_no FROM plain_edges WHERE has_candidates) USING (${edgeColumns})
WHERE role = 'principal' AND candidates IS NOT NULL GROUP BY edge_no`;
}

/** Reads the addresses of the edges whose numbers stand in `wanted_edges`. */
export const selectAddresses: string = `SELECT edge_no, list_slice(list_sort(list(DISTINCT address)), 1, ${mostListed}) AS texts
FROM attributed JOIN (SELECT ${edgeColumns}, edge_no FROM plain_edges SEMI JOIN wanted_edges USING (edge_no)) USING (${edgeColumns})
WHERE role = 'principal' AND address IS NOT NULL GROUP BY edge_no`;

/** Reads the edges; texts by their numbers. */
export const selectPlain: string = `SELECT edge_no, principal_no, d.no AS destination, CAST(is_name AS INTEGER) AS is_name, port, protocol,
  CASE WHEN fold = ${edgeFolds.mixed} THEN m.words ELSE e.words END AS words, coalesce(s.application, e.application) AS application, rank,
  CAST(hows AS INTEGER) AS hows, ${figures.map((name) => `CAST(CASE fold WHEN ${edgeFolds.mixed} THEN m.${name}${name === 'connections' ? ` WHEN ${edgeFolds.bothWays} THEN w.connections` : ''} ELSE e.${name} END AS DOUBLE) AS ${name}`).join(', ')},
  CAST(epoch_ms(first_seen) AS DOUBLE) AS first_ms, CAST(epoch_ms(last_seen) AS DOUBLE) AS last_ms,
  c.no AS client, a.no AS address, CAST(has_addresses AS INTEGER) AS has_addresses
FROM plain_edges e LEFT JOIN several_applications s USING (${edgeColumns}) LEFT JOIN mixed_edges m USING (edge_no)
LEFT JOIN both_ways w USING (edge_no)
LEFT JOIN texts d ON d.text = e.destination LEFT JOIN texts a ON a.text = e.address LEFT JOIN texts c ON c.text = e.client`;

/** Reads the shares of name ranks of the edges whose rows are added. */
export const selectPlainShares: string = `SELECT format, CAST(rank AS INTEGER) AS rank, CAST(sum(greatest(connections, replies)) AS DOUBLE) AS connections,
  CAST(sum(coalesce(bytes_up, 0) + coalesce(bytes_down, 0)) AS DOUBLE) AS bytes
FROM edge_parts SEMI JOIN (SELECT ${edgeColumns} FROM plain_edges WHERE fold = ${edgeFolds.sum}) USING (${edgeColumns})
GROUP BY format, rank ORDER BY format, rank`;
