import { createHash } from 'node:crypto';
import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupFile } from './backup-manifest.ts';

const chunkBytes = 1024 * 1024;
// A folder that is written to is listed again until nothing new is in it; a writer that is faster than this is not waited for.
const maxListings = 20;

/** Copies one file, 0600, forced to disk; gives its length and digest as they were copied. Rejects with the system's error. */
export async function copyFile(from: string, to: string): Promise<Omit<BackupFile, 'path'>> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      const chunk = Buffer.allocUnsafe(chunkBytes);
      let bytes = 0;
      for (;;) {
        const { bytesRead } = await source.read(chunk, 0, chunkBytes, null);
        if (bytesRead === 0) break;
        hash.update(chunk.subarray(0, bytesRead));
        await target.writeFile(chunk.subarray(0, bytesRead));
        bytes += bytesRead;
      }
      await target.sync();
      return { bytes, sha256: hash.digest('hex') };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** The digest of a file as it lies. */
export async function digestFile(path: string): Promise<Omit<BackupFile, 'path'>> {
  const source = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of source.createReadStream({ autoClose: false })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await source.close();
  }
}

/**
 * Copies the folder `from` into `to` while it is written to; a folder that is not there has no files. What lies at its top is copied
 * first: the checkpoint of the audit and the history of the policy speak only of files that are there by then. Links and files
 * that are being written (`.name.tmp`) are left out. Paths are given below `name`.
 */
export async function copyFolder(from: string, to: string, name: string): Promise<readonly BackupFile[]> {
  const copied = new Map<string, BackupFile>();
  for (let listing = 0; listing < maxListings; listing += 1) {
    const fresh = (await listFiles(from, '')).filter((path) => !copied.has(path));
    if (fresh.length === 0) break;
    for (const path of fresh) {
      const facts = await copyFile(join(from, path), join(to, path)).catch(nullIfGone);
      if (facts !== null) copied.set(path, { path: `${name}/${path}`, ...facts });
    }
  }
  return [...copied.values()];
}

async function listFiles(root: string, below: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch(nullIfGone);
  const found: string[] = [];
  const nested: string[] = [];
  for (const entry of entries ?? []) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) nested.push(path);
    else if (entry.isFile() && !/^\..*\.tmp$/.test(entry.name)) found.push(path);
  }
  for (const path of nested) found.push(...(await listFiles(root, path)));
  return found;
}

function nullIfGone(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
