import type { DuckDBConnection } from '@duckdb/node-api';
import { attributions, type EdgeQuery, type WhoRow } from '../../flowmap/index.ts';
import { appendColumns } from './append-rows.ts';

/**
 * Makes the tables `who`, who each client was and for how long, and `passed`, the addresses that flows only pass through. Gives the
 * principals by their numbers.
 */
export async function writeWho(
  connection: DuckDBConnection,
  { who, through = [] }: Pick<EdgeQuery, 'who' | 'through'>,
): Promise<readonly string[]> {
  await connection.run('CREATE OR REPLACE TEMP TABLE passed(address VARCHAR, role VARCHAR)');
  await appendColumns(
    connection,
    'passed',
    [
      { type: 'text', at: (row) => through[row]?.address ?? null },
      { type: 'text', at: (row) => through[row]?.role ?? null },
    ],
    through.length,
  );
  const numbers = new Map<string, number>();
  for (const { principal } of who) if (!numbers.has(principal)) numbers.set(principal, numbers.size);
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE who_rows(client VARCHAR, "user" VARCHAR, service VARCHAR, from_ms BIGINT, until_ms BIGINT, principal VARCHAR, principal_no INTEGER, how VARCHAR, how_no INTEGER, role VARCHAR)',
  );
  const at = (row: number): WhoRow => who[row] as WhoRow;
  await appendColumns(
    connection,
    'who_rows',
    [
      { type: 'text', at: (row) => at(row).client },
      { type: 'text', at: (row) => at(row).user },
      { type: 'text', at: (row) => at(row).service },
      { type: 'bigint', at: (row) => BigInt(at(row).fromMs) },
      { type: 'bigint', at: (row) => BigInt(at(row).untilMs) },
      { type: 'text', at: (row) => at(row).principal },
      { type: 'integer', at: (row) => numbers.get(at(row).principal) ?? -1 },
      { type: 'text', at: (row) => at(row).how },
      { type: 'integer', at: (row) => attributions.indexOf(at(row).how) },
      { type: 'text', at: (row) => at(row).role },
    ],
    who.length,
  );
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE who AS SELECT * EXCLUDE (from_ms, until_ms), epoch_ms(from_ms) AS from_at, epoch_ms(until_ms) AS until_at FROM who_rows',
  );
  return [...numbers.keys()];
}
