import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ownerFile = 'owner';

/** Which folders are taken away before a new one is made. */
export interface TemporaryFolderOptions {
  /** What their names begin with: `exeat-run-`. */
  readonly prefix: string;
  /** How old one without the mark of its process must be to count as left behind, in milliseconds; null: it is somebody's, and stays. */
  readonly unmarkedMs: number | null;
}

/**
 * Makes a folder, 0700, that carries the mark of this process, after taking away those of this user whose process is gone: whoever is killed
 * takes nothing away. Throws what the file system throws.
 */
export function openTemporaryFolder(options: TemporaryFolderOptions): string {
  removeLeftovers(tmpdir(), options);
  const path = mkdtempSync(join(tmpdir(), options.prefix));
  writeFileSync(join(path, ownerFile), processMark(process.pid) ?? '', { mode: 0o600 });
  return path;
}

/** Takes a folder away; false where it could not be, and the next start tries again. */
export function removeTemporaryFolder(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } catch {
    // A build may leave folders that it may not write to itself.
    return false;
  }
}

/** Takes away what processes of this user left behind. Gives how many. */
export function removeLeftovers(root: string, options: TemporaryFolderOptions): number {
  const left = readdirSync(root).filter((name) => name.startsWith(options.prefix));
  return left.filter((name) => {
    const path = join(root, name);
    return isLeftover(path, options) && removeTemporaryFolder(path);
  }).length;
}

function isLeftover(path: string, { unmarkedMs }: TemporaryFolderOptions): boolean {
  try {
    const stats = lstatSync(path);
    if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return false;
    const mark = readMark(path);
    if (mark === null) return unmarkedMs !== null && Date.now() - stats.mtimeMs > unmarkedMs;
    return processMark(Number(mark.split(' ')[0])) !== mark;
  } catch {
    // Taken away by somebody else meanwhile.
    return false;
  }
}

const markText = /^[1-9]\d{0,9} \d{1,20}$/;

// A file that holds anything else is no mark of ours.
function readMark(path: string): string | null {
  try {
    const text = readFileSync(join(path, ownerFile), 'utf8');
    return markText.test(text) ? text : null;
  } catch {
    return null;
  }
}

/** A process by its number and the time that it began, so that a number that is used again is another process. Null where there is none. */
export function processMark(pid: number): string | null {
  try {
    statSync(`/proc/${pid}`);
    // proc(5): the 22nd field, counted behind the name, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, '').trim().split(' ');
    return `${pid} ${fields[19]}`;
  } catch {
    return null;
  }
}
