import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of one run, 0700: what stands for temporary files and the resolver's file inside, and the state of a point of its own. */
export interface RunFolder {
  readonly path: string;
  readonly state: string;
  readonly log: string;
  /** Takes it away. What cannot be taken away now is, at the next run. */
  remove(): void;
}

const prefix = 'exeat-run-';
const ownerFile = 'owner';
// A folder without its owner's file is one that a run just makes, or one that was ended just then.
const ownerlessMs = 60_000;

/** Makes the folder, after taking away those of runs that were killed. Throws what the file system throws. */
export function openRunFolder(): RunFolder {
  removeLeftovers(tmpdir());
  const path = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(path, ownerFile), processMark(process.pid) ?? '', { mode: 0o600 });
  // The sticky bit and the modes are those of what they stand for.
  for (const name of ['tmp', 'var-tmp']) mkdirSync(join(path, name), { mode: 0o700 });
  writeFileSync(join(path, 'resolv.conf'), 'nameserver 127.0.0.1\noptions edns0\n', { mode: 0o444 });
  return {
    path,
    state: join(path, 'state'),
    log: join(path, 'log'),
    remove: () => removeFolder(path),
  };
}

/** Takes away the folders of runs of this user whose process is gone. Gives how many. */
export function removeLeftovers(root: string): number {
  const left = readdirSync(root).filter((name) => name.startsWith(prefix));
  return left.filter((name) => isLeftover(join(root, name)) && removeFolder(join(root, name))).length;
}

function isLeftover(path: string): boolean {
  try {
    const stats = lstatSync(path);
    if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return false;
    const mark = readMark(path);
    if (mark === null) return Date.now() - stats.mtimeMs > ownerlessMs;
    return processMark(Number(mark.split(' ')[0])) !== mark;
  } catch {
    // Taken away by another run meanwhile.
    return false;
  }
}

function readMark(path: string): string | null {
  try {
    return readFileSync(join(path, ownerFile), 'utf8');
  } catch {
    return null;
  }
}

/** A process by its number and the time that it began, so that a number that is used again is another process. Null where there is none. */
function processMark(pid: number): string | null {
  try {
    statSync(`/proc/${pid}`);
    // proc(5): the 22nd field, counted behind the name, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, '').trim().split(' ');
    return `${pid} ${fields[19]}`;
  } catch {
    return null;
  }
}

function removeFolder(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } catch {
    // A build may leave folders that it may not write to itself; the next run tries again.
    return false;
  }
}
