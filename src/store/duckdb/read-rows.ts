import type { DuckDBConnection } from '@duckdb/node-api';
import {
  type Application,
  type Attribution,
  type DeclaredEndpoint,
  type Edge,
  initiatorProofs,
  type LeaseObservation,
  type LeftOut,
  nameRanks,
  type RankShare,
  type Regularity,
} from '../../flowmap/index.ts';

/** One row of an answer of the database, read by name. A column that is not there, or not of the kind, is a defect of ours. */
export interface RowReader {
  text(column: string): string;
  textOrNull(column: string): string | null;
  number(column: string): number;
  numberOrNull(column: string): number | null;
  flag(column: string): boolean;
  list(column: string): readonly unknown[];
}

/** Rows of an answer. */
export type Rows = readonly RowReader[];

/** Runs a query and reads all of its rows. */
export async function readRows(connection: DuckDBConnection, sql: string): Promise<Rows> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowObjectsJS().map((row) => readerOf(row as Readonly<Record<string, unknown>>));
}

/** Runs a query and reads its rows in batches as the database has them ready. */
export async function* readRowBatches(connection: DuckDBConnection, sql: string): AsyncGenerator<Rows> {
  const result = await connection.stream(sql);
  for await (const rows of result.yieldRowObjectJs()) {
    yield rows.map((row) => readerOf(row as Readonly<Record<string, unknown>>));
  }
}

function readerOf(row: Readonly<Record<string, unknown>>): RowReader {
  const numberOrNull = (column: string): number | null => {
    const value = row[column];
    return value === null || value === undefined ? null : Number(value);
  };
  return {
    text: (column) => String(row[column] ?? ''),
    textOrNull: (column) => (row[column] === null || row[column] === undefined ? null : String(row[column])),
    number: (column) => numberOrNull(column) ?? 0,
    numberOrNull,
    flag: (column) => row[column] === true,
    list: (column) => (Array.isArray(row[column]) ? (row[column] as readonly unknown[]) : []),
  };
}

/** A row of `selectEdges`. */
export function readEdge(row: RowReader): Edge {
  const texts = (column: string): readonly string[] => row.list(column).map(String);
  return {
    principal: row.text('principal'),
    how: texts('how') as readonly Attribution[],
    destination: row.text('destination'),
    isName: row.flag('is_name'),
    port: row.number('port'),
    protocol: row.number('protocol'),
    application: row.text('application') as Application,
    rank: nameRanks[row.number('rank')] ?? 'address',
    candidates: texts('candidates'),
    clients: texts('clients'),
    addresses: texts('addresses'),
    provider: row.textOrNull('provider'),
    connections: row.number('connections'),
    bytesUp: row.numberOrNull('bytes_up'),
    bytesDown: row.numberOrNull('bytes_down'),
    denied: row.number('denied'),
    firstMs: row.number('first_ms'),
    lastMs: row.number('last_ms'),
    days: row.number('days'),
    weekdays: row.number('weekdays'),
    hours: row.number('hours'),
    activeHours: row.number('active_hours'),
    formats: texts('formats'),
    sources: texts('sources'),
    initiator: initiatorProofs[row.number('initiator')] ?? 'ports',
    isSampled: row.flag('sampled'),
  };
}

/** Rows of `selectShares`. */
export function readShares(rows: Rows): readonly RankShare[] {
  return rows.map((row) => ({
    format: row.text('format'),
    rank: nameRanks[row.number('rank')] ?? 'address',
    connections: row.number('connections'),
    bytes: row.number('bytes'),
  }));
}

/** Rows of `selectLeftOut`. */
export function readLeftOut(rows: Rows): readonly LeftOut[] {
  return rows.map((row) => ({
    role: row.text('role') as LeftOut['role'],
    connections: row.number('connections'),
    bytes: row.number('bytes'),
  }));
}

/** A row of `selectRegularity`. */
export function readRegularity(row: RowReader): Regularity {
  return {
    principal: row.text('principal'),
    destination: row.text('destination'),
    port: row.number('port'),
    protocol: row.number('protocol'),
    gaps: row.number('gaps'),
    meanMinutes: row.number('mean'),
    deviationMinutes: row.number('deviation'),
  };
}

/** A row of leases. */
export function readLease(row: RowReader): LeaseObservation {
  return {
    address: row.text('address'),
    holder: row.text('holder'),
    kind: row.text('kind') as LeaseObservation['kind'],
    origin: row.text('origin') as LeaseObservation['origin'],
    fromMs: row.numberOrNull('from_ms'),
    untilMs: row.numberOrNull('until_ms'),
  };
}

/** A row of declared endpoints. */
export function readDeclared(row: RowReader): DeclaredEndpoint {
  return {
    service: row.textOrNull('service'),
    host: row.text('host'),
    port: row.numberOrNull('port'),
    scheme: row.textOrNull('scheme'),
    file: row.text('file'),
    line: row.number('line'),
    confidence: row.text('confidence') as DeclaredEndpoint['confidence'],
    key: row.textOrNull('key'),
    schedule: row.textOrNull('schedule'),
  };
}
