import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBDoubleVector,
  type DuckDBIntegerVector,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';

/** Rows of one chunk of the database; larger chunks cannot be made. */
const chunkRows = 2048;

/** Columns of whole numbers and sums, row by row, as a fold keeps them. */
export interface PackedRows {
  readonly count: number;
  readonly keys: Int32Array;
  readonly keyWords: number;
  readonly values: Float64Array;
  readonly valueWords: number;
}

/** Appends packed rows to a table of INTEGER columns (the keys) and DOUBLE columns (the values). */
export async function appendPacked(connection: DuckDBConnection, table: string, rows: PackedRows): Promise<void> {
  const types: DuckDBType[] = [
    ...Array.from({ length: rows.keyWords }, () => INTEGER),
    ...Array.from({ length: rows.valueWords }, () => DOUBLE),
  ];
  const appender = await connection.createAppender(table);
  for (let at = 0; at < rows.count; at += chunkRows) {
    const count = Math.min(chunkRows, rows.count - at);
    const chunk = DuckDBDataChunk.create(types, count);
    for (let word = 0; word < rows.keyWords; word++) {
      const vector = chunk.getColumnVector(word) as DuckDBIntegerVector;
      spreadKeys(rows, { at, count, word }, itemsOf<Int32Array>(vector));
      vector.flush();
    }
    for (let word = 0; word < rows.valueWords; word++) {
      const vector = chunk.getColumnVector(rows.keyWords + word) as DuckDBDoubleVector;
      spreadValues(rows, { at, count, word }, itemsOf<Float64Array>(vector));
      vector.flush();
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** One column of some rows. */
interface ColumnPart {
  readonly at: number;
  readonly count: number;
  readonly word: number;
}

// Two functions of one shape, so that each sees arrays of one kind only: a fold hands over hundreds of thousands of rows.
function spreadKeys({ keys, keyWords }: PackedRows, { at, count, word }: ColumnPart, items: Int32Array): void {
  for (let i = 0, from = at * keyWords + word; i < count; i++, from += keyWords) items[i] = keys[from] as number;
}

function spreadValues({ values, valueWords }: PackedRows, { at, count, word }: ColumnPart, items: Float64Array): void {
  for (let i = 0, from = at * valueWords + word; i < count; i++, from += valueWords) items[i] = values[from] as number;
}

/** The vector's own array, which its type does not show. */
function itemsOf<T>(vector: DuckDBIntegerVector | DuckDBDoubleVector): T {
  return (vector as unknown as { readonly items: T }).items;
}

/** The words for the types of columns. */
export type ColumnType = 'text' | 'integer' | 'bigint' | 'double' | 'boolean';

/** The types of columns that {@link appendColumns} takes. */
export const columnTypes: Readonly<Record<ColumnType, DuckDBType>> = {
  text: VARCHAR,
  integer: INTEGER,
  bigint: BIGINT,
  double: DOUBLE,
  boolean: BOOLEAN,
};

/** Appends columns of values to a table. Every column has `count` values. */
export async function appendColumns(
  connection: DuckDBConnection,
  table: string,
  columns: readonly { readonly type: ColumnType; readonly at: (row: number) => DuckDBValue }[],
  count: number,
): Promise<void> {
  const types = columns.map(({ type }) => columnTypes[type]);
  const appender = await connection.createAppender(table);
  for (let at = 0; at < count; at += chunkRows) {
    const rows = Math.min(chunkRows, count - at);
    const chunk = DuckDBDataChunk.create(types, rows);
    for (const [index, column] of columns.entries()) {
      chunk.setColumnValues(
        index,
        Array.from({ length: rows }, (_, row) => column.at(at + row)),
      );
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
