import { resolve } from 'node:path';
import { openDatabase, sqlText } from './open-database.ts';

/** Rows of somebody else's Parquet file as lines that a log format reads. */
export interface ParquetLines {
  /** Column names in order, for files that are a flow log of AWS; null where lines are JSON objects. */
  readonly columns: readonly string[] | null;
  /** Pieces of text that end at line ends, as bytes. */
  readonly pieces: AsyncGenerator<Buffer>;
  close(): void;
}

const rowsPerPiece = 2048;
const memoryLimitMb = 256;
/** Columns that only AWS flow logs have together. */
const flowLogColumns = ['srcaddr', 'dstaddr', 'srcport', 'dstport'];

/**
 * Opens a Parquet file: flow logs of AWS as rows of blank-separated values, anything else (Security Lake's OCSF) as JSON lines. The database
 * that reads it may touch this one file. Rejects where the file cannot be read.
 */
export async function openParquetLines(path: string, tempDir: string): Promise<ParquetLines> {
  const file = resolve(path);
  const instance = await openDatabase({ tempDir, allowedDirs: [], allowedFiles: [file], memoryLimitMb, threads: 1 });
  const connection = await instance.connect();
  const source = `read_parquet(${sqlText(file)}, hive_partitioning = false)`;
  const described = await connection.runAndReadAll(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${source})`);
  const columns = described.getRows().map(([name]) => String(name));
  const isFlowLog = flowLogColumns.every((name) => columns.includes(name));
  const select = isFlowLog
    ? `SELECT concat_ws(' ', ${columns.map(columnText).join(', ')}) FROM ${source}`
    : `SELECT CAST(to_json(rows) AS VARCHAR) FROM ${source} AS rows`;
  const result = await connection.stream(select);
  return {
    columns: isFlowLog ? columns.map((name) => name.replaceAll('_', '-')) : null,
    pieces: piecesOf(result),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

// What is absent is `-` in the text form; values of AWS hold no blanks.
function columnText(name: string): string {
  return `coalesce(CAST("${name.replaceAll('"', '""')}" AS VARCHAR), '-')`;
}

async function* piecesOf(result: {
  fetchChunk(): Promise<{ readonly rowCount: number; getColumnValues(column: number): readonly unknown[] } | null>;
}): AsyncGenerator<Buffer> {
  let lines: string[] = [];
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    lines.push(...chunk.getColumnValues(0).map(String));
    if (lines.length < rowsPerPiece) continue;
    yield Buffer.from(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
}
