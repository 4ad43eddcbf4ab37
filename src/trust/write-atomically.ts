import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that readers see the old text or the new one, also after a power cut: temporary file, fsync, rename,
 * fsync of the folder. Mode 0600; written by root over another user's file it stays that user's, or the service could no
 * longer read it. A symbolic link is followed, not replaced. Rejects with Node's error.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeTemporary(temporary, target, text);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync();
}

async function writeTemporary(temporary: string, target: string, text: string): Promise<void> {
  const old = await stat(target).catch(() => null);
  await using file = await open(temporary, 'wx', 0o600);
  await file.writeFile(text, 'utf8');
  if (old !== null && process.getuid?.() === 0) await file.chown(old.uid, old.gid);
  await file.sync();
}
