import { constants, createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogFiles, ReadFile, SpoolFolder } from '../../audit/index.ts';
import { listSpool } from '../../spool/index.ts';
import { readSpoolFile } from './spool-seals.ts';

/** Deeper than any path of a log. */
const maxDepth = 12;

/** A folder of a log or of evidence on disk, as verification reads it. Links are not followed: what is linked in is no file of the log. */
export function openLogFolder(dir: string): LogFiles {
  return {
    list: () => listFolder(dir, '', 0),
    read: (path, maxBytes) => readRegular(join(dir, path), maxBytes),
    lines: (path, maxLineBytes) => readLines(join(dir, path), maxLineBytes),
  };
}

/** A spool folder on disk, as verification reads it. Throws what the file system says of the folder. */
export function openSpoolFolder(dir: string): SpoolFolder {
  const isTaken = (name: string): boolean => {
    const { closed, open: newest } = listSpool(dir);
    const oldest = closed[0] ?? newest;
    return oldest !== null && oldest > name;
  };
  const state: SpoolFolder['state'] = async (name) =>
    (await readSpoolFile(dir, name)) ?? (isTaken(name) ? 'gone' : null);
  return { ...listSpool(dir), state };
}

async function* listFolder(dir: string, inside: string, depth: number): AsyncGenerator<string> {
  for (const entry of await readdir(join(dir, inside), { withFileTypes: true })) {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory() && depth < maxDepth) yield* listFolder(dir, path, depth + 1);
    else yield path;
  }
}

async function readRegular(path: string, maxBytes: number): Promise<ReadFile> {
  try {
    // Without blocking, so that a pipe in the place of a file holds nothing up.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return { kind: 'unreadable', why: 'it is no regular file' };
      if (stats.size > maxBytes)
        return { kind: 'unreadable', why: `it takes ${stats.size} bytes, at most ${maxBytes} are meant` };
      return { kind: 'bytes', bytes: await file.readFile() };
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    return { kind: 'unreadable', why: code === 'ELOOP' ? 'it is a link' : `it cannot be read (${code})` };
  }
}

async function* readLines(path: string, maxLineBytes: number): AsyncGenerator<Uint8Array | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let held: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path, { flags: flags as unknown as string })) {
      let rest: Buffer = Buffer.concat([held, chunk as Buffer]);
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
        yield end > maxLineBytes ? null : rest.subarray(0, end);
        rest = rest.subarray(end + 1);
      }
      if (rest.length > maxLineBytes) {
        yield null;
        return;
      }
      held = rest;
    }
  } catch {
    yield null;
    return;
  }
  if (held.length > 0) yield null;
}
