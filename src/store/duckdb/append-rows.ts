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
      const items = itemsOf(vector);
      for (let i = 0; i < count; i++) items[i] = rows.keys[(at + i) * rows.keyWords + word] as number;
      vector.flush();
    }
    for (let word = 0; word < rows.valueWords; word++) {
      const vector = chunk.getColumnVector(rows.keyWords + word) as DuckDBDoubleVector;
      const items = itemsOf(vector);
      for (let i = 0; i < count; i++) items[i] = rows.values[(at + i) * rows.valueWords + word] as number;
      vector.flush();
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

// The vector's own array: set at once, not value by value, since a fold hands over hundreds of thousands of rows.
function itemsOf(vector: DuckDBIntegerVector | DuckDBDoubleVector): Int32Array | Float64Array {
  return (vector as unknown as { readonly items: Int32Array | Float64Array }).items;
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
