// Whose an address is by the published tables of prefixes, for addresses of which a log has no more than the number. Addresses meet blocks by
// equality: a block is (family, length, leading bits), and an address has one block of each length that occurs in the tables, so that no range
// is compared with any other. Only the distinct addresses are spread, never flows.

/** Blocks of tables, and distinct addresses that have no name, as sources of rows. */
interface RangeSource {
  readonly ranges: string;
  readonly nameless: string;
}

/** Statements that make `address_providers`, in order. */
export function provideStatements(source: RangeSource): readonly string[] {
  return [rangeRows(source), rangeBlocks, namelessNumbers(source), addressProviders];
}

/** The column of {@link joinProvider} as a condition: whether a table knows the address. */
export const isProvided = 'ranged.whose IS NOT NULL';

/** Joins what tables say of a column of addresses. A name is no address and meets nothing. */
export function joinProvider(column: string): string {
  return `LEFT JOIN address_providers ranged ON ranged.address = ${column}`;
}

/** What an edge's provider is: the log's own word wins over a table, since it knew the day. */
export function providerOf(own: string): string {
  return `coalesce(${own}, ranged.whose)`;
}

/** Bits of an address of a column `family`. */
const bits = 'CASE family WHEN 4 THEN 32 ELSE 128 END';

// What several sources say alike counts once.
function rangeRows({ ranges }: RangeSource): string {
  return `CREATE OR REPLACE TEMP TABLE range_rows AS
SELECT family, length, number >> CAST(${bits} - length AS UHUGEINT) AS block, provider, service, region FROM (
  SELECT *, ${numberOf('first')} AS number FROM (
    SELECT DISTINCT family, length, first, provider, service, region FROM ${ranges}
  )
)`;
}

// Tables have the same block several times: as part of everything that is the provider's, and of the services that lie in that. The narrowest
// says most: the one that has the fewest addresses in all. Between equals the first word wins, so that nothing hangs on order.
const rangeBlocks = `CREATE OR REPLACE TEMP TABLE range_blocks AS
SELECT family, length, block, arg_min(text, (addresses, text)) AS provider FROM (
  SELECT family, length, block, concat_ws(' ', provider, nullif(service, ''), nullif(region, '')) AS text,
    sum(power(2, ${bits} - length)) OVER (PARTITION BY family, provider, service, region) AS addresses
  FROM range_rows
) GROUP BY family, length, block`;

function namelessNumbers({ nameless }: RangeSource): string {
  return `CREATE OR REPLACE TEMP TABLE nameless_numbers AS
SELECT address, family, ${numberOf('address')} AS number FROM (
  SELECT address, CASE WHEN contains(address, ':') THEN 6 ELSE 4 END AS family FROM ${nameless}
)`;
}

// Lengths come as a list to be unnested, and not as a table to be joined: a plan that met blocks by family first would pair all with all.
const addressProviders = `CREATE OR REPLACE TEMP TABLE address_providers AS
SELECT address, arg_max(provider, length) AS whose FROM (
  SELECT address, family, length, number >> CAST(${bits} - length AS UHUGEINT) AS block FROM (
    SELECT address, family, number, unnest(lengths) AS length
    FROM nameless_numbers JOIN (SELECT family, list(DISTINCT length) AS lengths FROM range_blocks GROUP BY family) USING (family)
  )
) JOIN range_blocks USING (family, length, block) GROUP BY address`;

/** A canonical address of a column as a number, nothing for what is none; `family` stands beside it. */
function numberOf(column: string): string {
  return `CASE family WHEN 4 THEN ${ipv4Number(column)} ELSE ${ipv6Number(column)} END`;
}

function ipv4Number(column: string): string {
  const parts = [1, 2, 3, 4].map((part) => `TRY_CAST(split_part(${column}, '.', ${part}) AS UHUGEINT)`);
  return parts.map((part, at) => `(${part} << ${24 - at * 8}::UHUGEINT)`).join(' + ');
}

// Groups to four digits each, on both sides of `::` (RFC 5952), and zeros between them; then two halves, since no cast reads more digits.
function ipv6Number(column: string): string {
  const [left, right] = [1, 2].map((side) => hexDigits(`split_part(${column}, '::', ${side})`));
  const digits = `(${left} || repeat('0', 32 - length(${left} || ${right})) || ${right})`;
  const half = (from: number): string =>
    `CAST(TRY_CAST('0x' || substr(${digits}, ${from}, 16) AS UBIGINT) AS UHUGEINT)`;
  return `(${half(1)} << 64::UHUGEINT) + ${half(17)}`;
}

function hexDigits(groups: string): string {
  return `array_to_string(list_transform(list_filter(string_split(${groups}, ':'), lambda g: g <> ''), lambda g: lpad(g, 4, '0')), '')`;
}
