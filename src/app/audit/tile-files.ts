import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The folder of a log as its writer sees it. Every call rejects with the error of the system. */
export interface TileFiles {
  /** A file whole; null where there is none. */
  read(path: string): Promise<Uint8Array | null>;
  /** Puts a file whole in its place, its bytes forced to disk before. Its name is forced by the next `force`. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Forces the names that were put since the last time, so that what is put next comes after them also when the power fails. */
  force(): Promise<void>;
  /** Removes a file if it is there, and its folder when that is left empty. */
  drop(path: string): Promise<void>;
  /** Every file, by its path inside the folder. */
  list(): Promise<readonly string[]>;
}

/**
 * Opens the folder of a log. Files are made in `temporaryDir` and renamed, for `dir` holds nothing that is not of the log, whenever the
 * writer is stopped: both must be on one file system. What an earlier writer left in `temporaryDir` is removed.
 */
export async function openTileFiles(dir: string, temporaryDir: string): Promise<TileFiles> {
  await rm(temporaryDir, { recursive: true, force: true });
  for (const folder of [dir, temporaryDir]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const unforced = new Set<string>();
  return {
    read: (path) => readIfThere(join(dir, path)),
    put: async (path, bytes) => {
      const temporary = join(temporaryDir, randomBytes(8).toString('hex'));
      const place = join(dir, path);
      await writeForced(temporary, bytes);
      await makeFolders(dir, dirname(place), unforced);
      await rename(temporary, place);
      unforced.add(dirname(place));
    },
    force: async () => {
      for (const folder of unforced) {
        await forceFolder(folder);
        unforced.delete(folder);
      }
    },
    drop: async (path) => {
      await unlink(join(dir, path)).catch(unlessAbsent);
      // A folder that still holds something stays, which is what the refusal says.
      await rmdir(join(dir, dirname(path))).catch(() => undefined);
    },
    list: () => listFiles(dir, ''),
  };
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    unlessAbsent(error);
    return null;
  }
}

async function writeForced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the folders down to `folder`; each one that is new has a name in the one above, which has to be forced as well. */
async function makeFolders(dir: string, folder: string, unforced: Set<string>): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let at = folder; at.length > dir.length; at = dirname(at)) unforced.add(dirname(at));
}

async function forceFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function listFiles(dir: string, inside: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(dir, inside), { withFileTypes: true })) {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...(await listFiles(dir, path)));
    else paths.push(path);
  }
  return paths;
}

function unlessAbsent(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
