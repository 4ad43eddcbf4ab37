import type { DuckDBConnection } from '@duckdb/node-api';
import type { LakeFolder, LedgerEntry } from './lake-folder.ts';
import { readWhole } from './lake-rows.ts';

/** A lake of which a statement failed, and a connection to look at its files. */
export interface FailedLake {
  readonly folder: LakeFolder;
  readonly connection: DuckDBConnection;
}

/** What to do about a failure of the database, which names a file at best; the failure itself where nothing is known about it. */
export async function explainFailure(error: Error, { folder, connection }: FailedLake): Promise<Error> {
  if (isWithoutRoom(error.message)) {
    const why = error.message.split('\n', 1)[0] ?? '';
    const text = `there is no room below \`${folder.dir}/tmp\` to work out what was asked (${why}): make some, or narrow the window with \`--since\` or \`--until\``;
    return new Error(text, { cause: error });
  }
  if (error.message.startsWith('Out of Memory')) return error;
  const damaged = await findDamaged(folder, connection);
  if (damaged === null) return error;
  const { file, entry } = damaged;
  return new Error(
    `\`${file}\` in the flow lake is damaged: take its source out with \`exeat flows forget ${entry.id}\` and ingest \`${entry.path}\` again`,
    { cause: error },
  );
}

// The database says in its own words that it cannot write; what it may not spill any more it calls a lack of memory.
function isWithoutRoom(message: string): boolean {
  return /^IO Error: (?:Could not write|Failed to write)|No space left on device|max_temp_directory_size/.test(message);
}

/** The first file that is missing or cannot be read to its end; null where all can. */
async function findDamaged(
  folder: LakeFolder,
  connection: DuckDBConnection,
): Promise<{ readonly entry: LedgerEntry; readonly file: string } | null> {
  for (const entry of folder.entries()) {
    for (const file of entry.files) {
      const isSound = await connection.run(readWhole(folder.pathOf(file))).then(
        () => true,
        () => false,
      );
      if (!isSound) return { entry, file };
    }
  }
  return null;
}
