import type { DuckDBConnection } from '@duckdb/node-api';
import type { ProviderRange } from '../../flowmap/index.ts';
import { appendColumns } from './append-rows.ts';
import { sqlText } from './open-database.ts';
import { copyUndated, type PartPlace } from './write-batch.ts';

/** Columns of ranges with their types, for a lake without any. */
export const rangeColumns: string = [
  'NULL::VARCHAR AS prefix, NULL::UTINYINT AS family, NULL::UTINYINT AS length, NULL::VARCHAR AS first',
  'NULL::VARCHAR AS provider, NULL::VARCHAR AS service, NULL::VARCHAR AS region, NULL::TIMESTAMP AS published, NULL::VARCHAR AS source',
].join(', ');

/** Blocks of one table, and when it was published: epoch milliseconds, null where it does not say. */
interface RangeTable {
  readonly ranges: readonly ProviderRange[];
  readonly publishedMs: number | null;
}

/** Writes ranges; they have no day. Beside the block's text stand its parts, so that no reader has to take it apart. */
export async function writeRanges(
  connection: DuckDBConnection,
  place: PartPlace,
  { ranges, publishedMs }: RangeTable,
): Promise<void> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE range_texts(prefix VARCHAR, family INTEGER, length INTEGER, first VARCHAR, provider VARCHAR, service VARCHAR, region VARCHAR)',
  );
  const at = (row: number): ProviderRange => ranges[row] as ProviderRange;
  const parts = ranges.map(({ prefix }) => partsOf(prefix));
  await appendColumns(
    connection,
    'range_texts',
    [
      { type: 'text', at: (row) => at(row).prefix },
      { type: 'integer', at: (row) => parts[row]?.family ?? 0 },
      { type: 'integer', at: (row) => parts[row]?.length ?? 0 },
      { type: 'text', at: (row) => parts[row]?.first ?? '' },
      { type: 'text', at: (row) => at(row).provider },
      { type: 'text', at: (row) => at(row).service },
      { type: 'text', at: (row) => at(row).region },
    ],
    ranges.length,
  );
  const published = publishedMs === null ? 'NULL::TIMESTAMP' : `epoch_ms(${Math.floor(publishedMs)}::BIGINT)`;
  const select = `SELECT prefix, CAST(family AS UTINYINT) AS family, CAST(length AS UTINYINT) AS length, first, provider, service, region,
  ${published} AS published, ${sqlText(place.id)} AS source FROM range_texts`;
  await copyUndated(connection, select, place, 'ranges');
}

/** The parts of a canonical block. */
function partsOf(prefix: string): { readonly family: 4 | 6; readonly length: number; readonly first: string } {
  const [first = '', length] = prefix.split('/');
  const family = first.includes(':') ? 6 : 4;
  return { family, length: length === undefined ? (family === 4 ? 32 : 128) : Number(length), first };
}
