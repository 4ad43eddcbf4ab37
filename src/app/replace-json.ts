import { readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Puts a value as JSON in the place of a file, for its owner only: beside it, renamed, and unless `isForced` is false forced to disk. One
 * writer at a time for a path. Rejects with the system's error.
 */
export async function replaceJson(
  path: string,
  value: unknown,
  { isForced = true }: { readonly isForced?: boolean } = {},
): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(value)}\n`);
      if (isForced) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** What a JSON file holds: `absent`, `damaged` (with why), or its value as JSON has it. */
export type JsonFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly why: string }
  | { readonly kind: 'read'; readonly value: unknown };

/** Reads a JSON file at a start. Never throws. */
export function readJsonFile(path: string): JsonFile {
  try {
    return { kind: 'read', value: JSON.parse(readFileSync(path, 'utf8')) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'damaged', why: code ?? 'it is not JSON' };
  }
}
