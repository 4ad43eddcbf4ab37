import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';

// What is looked at: a home of an ordinary size in a tenth of a second.
const mostSockets = 2_000;
const mostFolders = 5_000;
const homeDepth = 3;

/**
 * Sockets by path that somebody listens on or is bound to, as this process sees them: the kernel lists those of one network namespace, so
 * each namespace of a process that we may look into is read. Daemons that are not bound yet, or hide in a namespace of another user, are not
 * found; folders where such sockets usually are, are hidden whole.
 */
export function listBoundSockets(procFolder = '/proc'): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const pid of ['self', ...readFolder(procFolder).filter((name) => /^\d+$/.test(name))]) {
    const namespace = readLink(join(procFolder, pid, 'ns/net'));
    if (namespace === null || seen.has(namespace)) continue;
    seen.add(namespace);
    for (const line of readText(join(procFolder, pid, 'net/unix'))
      .split('\n')
      .slice(1)) {
      // Num RefCount Protocol Flags Type St Inode Path; a path may hold spaces, an abstract name begins with @.
      const path = /^(?:\S+\s+){6}\S+ (\/.*)$/.exec(line)?.[1];
      if (path !== undefined && found.size < mostSockets) found.add(path);
    }
  }
  return [...found];
}

/** Sockets in the folders of a home that begin with a dot, three levels deep: engines and agents keep theirs there. */
export function listHomeSockets(home: string): readonly string[] {
  if (!isAbsolute(home)) return [];
  const found: string[] = [];
  let folders = pathsIn(home).filter((path) => basename(path).startsWith('.') && kindOf(path) === 'folder');
  let looked = 0;
  for (let depth = 1; depth < homeDepth && looked < mostFolders; depth++) {
    const inside = folders.slice(0, mostFolders - looked).flatMap(pathsIn);
    looked += folders.length;
    found.push(...inside.filter((path) => kindOf(path) === 'socket'));
    folders = inside.filter((path) => kindOf(path) === 'folder');
  }
  return found.slice(0, mostSockets);
}

function pathsIn(folder: string): readonly string[] {
  return readFolder(folder).map((name) => join(folder, name));
}

/** What is at a path, without following a link. */
export function kindOf(path: string): 'socket' | 'folder' | 'file' | 'link' | 'other' | null {
  try {
    const stats = lstatSync(path);
    if (stats.isSocket()) return 'socket';
    if (stats.isDirectory()) return 'folder';
    if (stats.isFile()) return 'file';
    return stats.isSymbolicLink() ? 'link' : 'other';
  } catch {
    return null;
  }
}

function readFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
