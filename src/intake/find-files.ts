import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { failed, fault, ok, type Result } from '../base/index.ts';

/** Files to read, and whether they were named one by one or found below a folder (where what is no log may lie about). */
export interface FoundFile {
  readonly path: string;
  readonly isNamed: boolean;
}

/** Folders that hold no logs and no configuration of the user's own. */
const passedOver: ReadonlySet<string> = new Set(['.git', 'node_modules', '.terraform', '.venv', 'vendor']);
const maxFiles = 200_000;

/** The files behind paths given by a user: files as they are, folders with all that is below them, in order of name. */
export function findFiles(paths: readonly string[]): Result<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    if (path === '-') {
      found.push({ path, isNamed: true });
      continue;
    }
    try {
      if (statSync(path).isDirectory()) walk(path, found);
      else found.push({ path, isNamed: true });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file or folder' : `it cannot be read (${code ?? message})`;
      return failed(fault('source_unreadable', `\`${path}\`: ${why}`));
    }
    if (found.length > maxFiles) {
      return failed(fault('source_too_many', `more than ${maxFiles} files below \`${path}\`, name a smaller folder`));
    }
  }
  return ok(found);
}

function walk(folder: string, found: FoundFile[]): void {
  const entries = entriesOf(folder);
  if (entries === null) {
    // Told when it is opened, as a file that cannot be read is: the folders beside it are read all the same.
    found.push({ path: folder, isNamed: true });
    return;
  }
  for (const entry of entries) {
    if (found.length > maxFiles) return;
    const path = join(folder, entry.name);
    // Links to folders are not followed: a loop of them has no end. Those to files are how nodes of Kubernetes show container logs.
    if (entry.isDirectory() && !passedOver.has(entry.name)) walk(path, found);
    else if (entry.isFile() || (entry.isSymbolicLink() && isFile(path))) found.push({ path, isNamed: false });
  }
}

function entriesOf(folder: string): readonly Dirent[] | null {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return null;
  }
}

function isFile(link: string): boolean {
  try {
    return statSync(link).isFile();
  } catch {
    // It leads nowhere, or round in a circle.
    return false;
  }
}
