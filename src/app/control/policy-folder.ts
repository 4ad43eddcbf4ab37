import { type Dirent, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';

/** A policy file as read. `stamp` changes when the file does; `path` is relative to the folder, with `/`. */
export interface PolicyFile {
  readonly path: string;
  readonly text: string;
  readonly stamp: string;
}

// A million rules are about 100 MB in many files; these bounds keep a wrong folder (`/`) from filling the memory.
const maxFiles = 50_000;
const maxFileBytes = 32 * 1024 * 1024;
const maxTotalBytes = 512 * 1024 * 1024;
const maxDepth = 32;
// A file changed within the resolution of its time stamps looks unchanged; young files are always read again.
const racyMs = 2_000;

/**
 * Reads every `*.yaml` and `*.yml` below a folder, in order of path, taking unchanged texts from `before`.
 * Hidden entries are left out. A symbolic link counts when it ends inside the folder (Kubernetes mounts look so).
 * Faults: `policy_unreadable`, naming the file and the mend.
 */
export function readPolicyFolder(
  folder: string,
  before: ReadonlyMap<string, PolicyFile>,
): Result<Map<string, PolicyFile>> {
  try {
    const root = realpathSync(folder);
    const paths = listPaths(folder, root, 0);
    if (paths.length > maxFiles) return unreadable(folder, `holds more than ${maxFiles} files`);
    return readAll(folder, paths.sort(), before);
  } catch (error) {
    if (error instanceof UnreadableError) return failed(error.fault);
    const { code, path } = error as NodeJS.ErrnoException;
    return unreadable(path ?? folder, unreadableTexts[code ?? ''] ?? `cannot be read (${code ?? 'unknown'}), ${mend}`);
  }
}

const mend = 'mend its permissions or the `policy:` key';

// What a wrong path looks like most often, by errno(3).
const unreadableTexts: Readonly<Record<string, string>> = {
  ENOENT: 'is not there, make the folder or mend the `policy:` key',
  ENOTDIR: 'is no folder, name the folder that holds the policy files',
};

/** Carries a fault up through the recursion; never leaves this file. */
class UnreadableError extends Error {
  readonly fault: Fault;
  constructor(path: string, message: string) {
    super(message);
    this.fault = fault('policy_unreadable', `\`${path}\` ${message}`);
  }
}

function unreadable(path: string, message: string): Result<never> {
  return failed(fault('policy_unreadable', `\`${path}\` ${message}`));
}

function listPaths(folder: string, root: string, depth: number): string[] {
  if (depth > maxDepth) throw new UnreadableError(folder, `is nested deeper than ${maxDepth} folders`);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    const kind = kindOf(entry, path, root);
    if (kind === 'folder') return listPaths(path, root, depth + 1);
    return kind === 'file' && /\.ya?ml$/.test(entry.name) ? [path] : [];
  });
}

function kindOf(entry: Dirent, path: string, root: string): 'file' | 'folder' | null {
  if (!entry.isSymbolicLink()) return entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : null;
  const target = realpathSync(path);
  if (!target.startsWith(`${root}${sep}`)) {
    throw new UnreadableError(path, 'is a link out of the policy folder, copy the file or link inside the folder');
  }
  // Only files: a linked folder could contain itself.
  return statSync(target).isFile() ? 'file' : null;
}

function readAll(
  folder: string,
  paths: readonly string[],
  before: ReadonlyMap<string, PolicyFile>,
): Result<Map<string, PolicyFile>> {
  const files = new Map<string, PolicyFile>();
  let totalBytes = 0;
  for (const absolute of paths) {
    const stats = statSync(absolute);
    totalBytes += stats.size;
    if (stats.size > maxFileBytes) return unreadable(absolute, `is larger than ${maxFileBytes} bytes, split it`);
    if (totalBytes > maxTotalBytes) return unreadable(folder, `holds more than ${maxTotalBytes} bytes of policy`);
    const path = relative(folder, absolute).split(sep).join('/');
    const known = before.get(path);
    const stamp = stampOf(stats);
    files.set(path, known?.stamp === stamp && !isYoung(stats) ? known : readOne(absolute, path, stamp, known));
  }
  return ok(files);
}

function readOne(absolute: string, path: string, stamp: string, known: PolicyFile | undefined): PolicyFile {
  try {
    // A byte order mark stays in the text: the version is a digest of the file's bytes.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(absolute));
    // The same object for the same text: what was parsed from it is looked up by it.
    return known?.text === text && known.stamp === stamp ? known : { path, text, stamp };
  } catch (error) {
    if (error instanceof TypeError) throw new UnreadableError(absolute, 'is not UTF-8 text');
    throw error;
  }
}

function stampOf(stats: Stats): string {
  return `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
}

function isYoung(stats: Stats): boolean {
  return Date.now() - stats.mtimeMs < racyMs;
}
