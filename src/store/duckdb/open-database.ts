import { DuckDBInstance } from '@duckdb/node-api';

/** Bounds of the database. */
export interface DatabaseOptions {
  /** Folder of what does not fit into memory; emptied by the database itself. */
  readonly tempDir: string;
  /** Folders whose files may be read and written. */
  readonly allowedDirs: readonly string[];
  /** Single files that may be read. Default: none. */
  readonly allowedFiles?: readonly string[];
  readonly memoryLimitMb: number;
  readonly threads: number;
}

/**
 * Opens a database in memory: all that lasts is Parquet. It may touch the allowed folders and nothing else, loads no extension, and its
 * settings are locked, so that no text of a log could ever make it do more.
 */
export async function openDatabase(options: DatabaseOptions): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitMb}MB`,
    threads: String(options.threads),
    temp_directory: options.tempDir,
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const dirs = options.allowedDirs.map(sqlText).join(', ');
  await connection.run(`SET TimeZone = 'UTC'`);
  await connection.run(`SET allowed_directories = [${dirs}]`);
  const files = (options.allowedFiles ?? []).map(sqlText).join(', ');
  await connection.run(`SET allowed_paths = [${files}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  connection.closeSync();
  return instance;
}

/** A text as SQL. Only for paths and words of our own: what comes from logs is appended as data and never becomes SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
