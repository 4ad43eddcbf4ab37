import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sortFileNames } from './file-names.ts';

/** What making room did. `bytes` and `files` are what is left; `fits` is false when the budget cannot be met. */
export interface RoomMade {
  readonly files: number;
  readonly bytes: number;
  readonly removedFiles: number;
  readonly removedBytes: number;
  readonly fits: boolean;
}

/**
 * Removes the oldest closed record files until what is left and `neededBytes` fit the budget. The file named `current` stays.
 * Throws what the file system throws while listing; a file that cannot be removed is left and makes `fits` false.
 */
export function makeRoom(dir: string, current: string | null, budgetBytes: number, neededBytes: number): RoomMade {
  const files = sortFileNames(readdirSync(dir)).map(({ name }) => ({ name, bytes: sizeOf(join(dir, name)) }));
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let [removedFiles, removedBytes] = [0, 0];
  for (const file of files) {
    if (bytes + neededBytes <= budgetBytes) break;
    if (file.name === current || !remove(join(dir, file.name))) continue;
    bytes -= file.bytes;
    removedFiles += 1;
    removedBytes += file.bytes;
  }
  const fits = bytes + neededBytes <= budgetBytes;
  return { files: files.length - removedFiles, bytes, removedFiles, removedBytes, fits };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function remove(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    // Already gone is what was wanted. Anything else keeps the file, and with it the budget unmet, which the caller reports.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
