import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { failed, fault, ok, type Result } from '../../../base/index.ts';

/** A source file of a kept policy. */
export interface KeptSource {
  readonly path: string;
  readonly text: string;
}

/** The sources of a kept policy as a list; with their texts where they are small enough together. */
export interface ListedSources {
  readonly totalBytes: number;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly text: string | null }[];
  readonly filesLeftOut: number;
}

const mostListed = 5_000;

/** Reads every source of a kept version. */
export function readSources(folder: string): readonly KeptSource[] {
  return pathsIn(folder).map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
}

/** Lists the sources, with texts where they are at most `mostBytes` together. */
export function listSources(folder: string, mostBytes: number): ListedSources {
  const sized = pathsIn(folder).map((path) => ({ path, bytes: statSync(join(folder, path)).size }));
  const totalBytes = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  const files = sized.slice(0, mostListed).map(({ path, bytes }) => ({
    ...{ path, bytes },
    text: totalBytes <= mostBytes ? readFileSync(join(folder, path), 'utf8') : null,
  }));
  return { totalBytes, files, filesLeftOut: sized.length - files.length };
}

/**
 * Reads one source. INVARIANT: what is asked for is compared with what is there, and never looked for on the disk: no path leads out.
 * Faults: `not_found`, `proposal_too_large`.
 */
export function readSource(folder: string, asked: string, mostBytes: number): Result<string> {
  const path = pathsIn(folder).find((one) => one === asked);
  if (path === undefined) return failed(fault('not_found', 'the policy in force has no file of this path'));
  const { size } = statSync(join(folder, path));
  if (size > mostBytes) {
    return failed(fault('proposal_too_large', `\`${path}\` holds ${size} bytes, edit it where it is kept`));
  }
  return ok(readFileSync(join(folder, path), 'utf8'));
}

function pathsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .sort();
}
