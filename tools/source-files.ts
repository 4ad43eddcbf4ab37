import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root of the repository. */
export const repositoryRoot: string = join(import.meta.dirname, '..');

/** One file of the repository: its path from the root with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Reads every file below the given folders whose name ends in `ending`; a folder that is not there gives nothing. */
export function readSourceFiles(folders: readonly string[], ending: string): readonly SourceFile[] {
  const paths = folders.flatMap((folder) => filesBelow(folder, ending));
  return paths.sort().map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), 'utf8') }));
}

/** Reads one file; `null` when it is not there. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(join(repositoryRoot, path), 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** True for files that only tests load: `x.test.ts`, `x.playbook.ts` and everything below `test/`. */
export function isTestFile(path: string): boolean {
  return /\.(?:test|playbook)\.tsx?$/.test(path) || path.startsWith('test/');
}

/** The line, from 1, on which the character at `offset` stands. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The paths, from the root, of every file below a folder whose name ends in `ending`. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  try {
    const entries = readdirSync(join(repositoryRoot, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => join(entry.parentPath, entry.name).slice(repositoryRoot.length + 1))
      .filter((path) => !/(?:^|\/)(?:node_modules|\.exeat|\.git|dist)\//.test(path));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
