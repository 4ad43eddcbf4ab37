import { randomBytes } from 'node:crypto';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Puts `parts` in the place of a file: written beside it with mode 0600, forced to disk, renamed over it, and the rename forced to disk
 * too. A reader sees the old file or the new one, never half. Leftovers of a killed writer are removed. Rejects with the system's error.
 */
export async function replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const prefix = `.${basename(path)}.`;
  await removeLeftovers(dirname(path), prefix);
  const temporary = join(dirname(path), `${prefix}${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeForced(temporary, parts);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await forceFolder(dirname(path));
}

async function writeForced(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Forces a folder to disk, so that names made or renamed in it outlive a power cut. */
export async function forceFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** State has one writer, so whatever is left over belongs to a writer that is gone. */
async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(prefix) && name.endsWith('.tmp')) await unlink(join(folder, name)).catch(() => undefined);
  }
}
