import { bucketNumber, hasOwnName } from './lake-rows.ts';

// Names for rows that tell none, worked out for some days at once from what clients were told and seen to use in the days around. Nothing here
// hangs on who the clients are, nor on the window that is read: what was found for a day holds until files come or go.

/** A DNS answer counts from this much before it was seen: clocks differ. */
const skewSeconds = 2;
/** And at least an hour, whatever its TTL: clients keep connections and pin answers. */
const leastLifeSeconds = 3600;
/** And no longer than a day, so that what is spread over hours stays bounded. */
const mostLifeSeconds = 86_400;
const bucketSeconds = 300;
const bucketsPerHour = 12;
const bucketsPerDay = 288;
/** Lists of names and addresses are cut here, smallest first. */
export const mostListed = 20;

/**
 * Days whose evidence may name a flow of a day, relative to it. What was seen on day 0 at 23:55 for a day and an hour ends on day 2, and names
 * flows of other clients until day 3; what was seen in the first seconds of day 2 counts from day 1, and for others from day 0.
 */
export const evidenceReach = { before: 3, after: 2 } as const;

/** Flows to be named, and the flows and answers of all days that may name them, as sources of rows. */
export interface NamingSql {
  readonly flows: readonly string[];
  readonly flowsAround: string;
  readonly answersAround: string;
}

/** Statements that make `resolved`: names, and their rank, for the nameless rows by client, address and bucket `b`. */
export function namingStatements(sql: NamingSql): readonly string[] {
  return [
    toldAddresses(sql),
    nameless(sql),
    ownEvidence(sql),
    ownNames,
    unresolved,
    toldDays(sql),
    otherNames,
    resolved,
  ];
}

// Where nothing was ever told of an address, no row has to be looked at twice.
function toldAddresses({ flowsAround, answersAround }: NamingSql): string {
  return `CREATE OR REPLACE TEMP TABLE told_addresses AS
SELECT DISTINCT address FROM ${answersAround} WHERE address IS NOT NULL
UNION SELECT DISTINCT address FROM ${flowsAround} WHERE ${hasOwnName} AND address IS NOT NULL`;
}

function nameless({ flows }: NamingSql): string {
  return `CREATE OR REPLACE TEMP TABLE nameless AS
SELECT DISTINCT coalesce(client, '') AS client, address, ${bucketNumber} AS b FROM (
  ${flows.map((rows) => `SELECT client, address, bucket FROM ${rows} WHERE NOT ${hasOwnName}`).join(' UNION ALL\n  ')}
) WHERE address IN (SELECT address FROM told_addresses)`;
}

// What a client was told, and what it was seen to use (a TLS record, a proxied request with its address), which is evidence as good:
// from a little before it was seen until its TTL is over, at least an hour and at most a day later. Ends are reckoned from the bucket and not
// from the last answer in it: which answers share a row hangs on how lines fell into batches. A connection of weeks is evidence for a day.
function evidence({ flowsAround, answersAround }: NamingSql, asked: string): string {
  const from = `CAST(floor((epoch(first_seen) - ${skewSeconds}) / ${bucketSeconds}) AS INTEGER) AS from_b`;
  const life = `least(greatest(coalesce(ttl_seconds, 0), ${leastLifeSeconds}), ${mostLifeSeconds})`;
  const seen = `least(CAST(floor(epoch(last_seen) / ${bucketSeconds}) AS INTEGER), ${bucketNumber} + ${bucketsPerDay})`;
  return `SELECT coalesce(client, '') AS client, address, name, ${from},
  ${bucketNumber} + CAST(ceil(${life} / ${bucketSeconds}) AS INTEGER) AS to_b
FROM ${answersAround} e ${asked}
UNION ALL
SELECT coalesce(client, ''), address, name, ${from}, ${seen} + ${leastLifeSeconds / bucketSeconds}
FROM (SELECT * FROM ${flowsAround} WHERE ${hasOwnName}) e ${asked}`;
}

// Evidence that begins in one hour overlaps, since all of it lasts one: it is one stretch.
function ownEvidence(sql: NamingSql): string {
  const asked = `SEMI JOIN (SELECT DISTINCT client, address FROM nameless WHERE client <> '') n ON n.client = coalesce(e.client, '') AND n.address = e.address`;
  return `CREATE OR REPLACE TEMP TABLE own_evidence AS
SELECT client, address, name, min(from_b) AS from_b, max(to_b) AS to_b FROM (${evidence(sql, asked)})
GROUP BY client, address, name, from_b // ${bucketsPerHour}`;
}

// Spread over its hours, evidence meets flows by equality, and only what met is compared: within an hour there are at most twelve buckets of a
// flow and a day's stretches of a name. A range join of both grew with their product.
const ownNames = `CREATE OR REPLACE TEMP TABLE own_names AS
SELECT n.client, n.address, n.b, list_slice(list_sort(list(DISTINCT e.name)), 1, ${mostListed}) AS names
FROM nameless n JOIN (
  SELECT *, unnest(range(from_b // ${bucketsPerHour}, to_b // ${bucketsPerHour} + 1)) AS h FROM own_evidence
) e ON e.client = n.client AND e.address = n.address AND e.h = n.b // ${bucketsPerHour}
WHERE n.b BETWEEN e.from_b AND e.to_b GROUP BY n.client, n.address, n.b`;

const unresolved = `CREATE OR REPLACE TEMP TABLE unresolved AS
SELECT DISTINCT address, b // ${bucketsPerDay} AS d FROM nameless ANTI JOIN own_names USING (client, address, b)`;

// Evidence of another client counts for a day around its time; what is a day wide needs no five minutes.
function toldDays(sql: NamingSql): string {
  return `CREATE OR REPLACE TEMP TABLE told_days AS
SELECT DISTINCT address, name, from_b // ${bucketsPerDay} - 1 AS from_d, to_b // ${bucketsPerDay} + 1 AS to_d
FROM (${evidence(sql, 'SEMI JOIN unresolved u ON u.address = e.address')})`;
}

const otherNames = `CREATE OR REPLACE TEMP TABLE other_names AS
SELECT address, d, list_slice(list_sort(list(DISTINCT name)), 1, ${mostListed}) AS names
FROM (SELECT address, name, unnest(range(from_d, to_d + 1)) AS d FROM told_days) SEMI JOIN unresolved USING (address, d)
GROUP BY address, d`;

// Ranks are indexes of nameRanks in flowmap/edge.ts: record, answer, candidates, other-client, provider, address.
const resolved = `CREATE OR REPLACE TEMP TABLE resolved AS
SELECT client, address, b, names, CASE WHEN len(names) = 1 THEN 1 ELSE 2 END AS rank FROM own_names
UNION ALL
SELECT n.client, n.address, n.b, x.names, 3 AS rank
FROM (SELECT *, b // ${bucketsPerDay} AS d FROM nameless ANTI JOIN own_names USING (client, address, b)) n
JOIN other_names x ON x.address = n.address AND x.d = n.d`;

/** Reads the nameless rows of a day's flows with the names that were found for them. `day` counts from the epoch. */
export function namedRows(flows: string, day: number): string {
  return `SELECT f.* EXCLUDE (client, name, name_kind),
  CASE WHEN r.rank = 1 OR (r.rank = 3 AND len(r.names) = 1) THEN r.names[1] ELSE f.address END AS destination,
  coalesce(r.rank = 1 OR (r.rank = 3 AND len(r.names) = 1), false) AS is_name,
  CASE WHEN r.rank IS NOT NULL THEN r.rank WHEN f.provider IS NOT NULL THEN 4 ELSE 5 END AS rank,
  CASE WHEN len(r.names) > 1 OR r.rank = 3 THEN r.names ELSE NULL END AS candidates, f.client
FROM (SELECT * REPLACE (coalesce(client, '') AS client), ${bucketNumber} AS b FROM ${flows} WHERE NOT ${hasOwnName}) f
LEFT JOIN (SELECT * FROM resolved WHERE b // ${bucketsPerDay} = ${day}) r ON r.client = f.client AND r.address = f.address AND r.b = f.b`;
}

/** Reads the rows of flows that tell their name. */
export function ownNamedRows(flows: string): string {
  return `SELECT * EXCLUDE (name, name_kind, client), name AS destination, true AS is_name, 0 AS rank, NULL::VARCHAR[] AS candidates,
  coalesce(client, '') AS client FROM ${flows} WHERE ${hasOwnName}`;
}
