import { open } from 'node:fs/promises';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** Trust files are small; a larger one is a mistake, or meant to exhaust the memory. */
export const maxTrustFileBytes: number = 16 * 1024 * 1024;

/** Reads a file as UTF-8, at most {@link maxTrustFileBytes}. Faults: `file_absent`, `file_unreadable`, `file_too_large`. */
export async function readBounded(
  path: string,
): Promise<Result<string, Fault<'file_absent' | 'file_unreadable' | 'file_too_large'>>> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > maxTrustFileBytes) {
      return failed(fault('file_too_large', `\`${path}\` is larger than ${maxTrustFileBytes} bytes`));
    }
    return ok(await file.readFile('utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      return failed(fault('file_absent', `\`${path}\` does not exist; create it or change the setting`));
    if (code === 'EISDIR') return failed(fault('file_unreadable', `\`${path}\` is a folder; name the file in it`));
    return failed(fault('file_unreadable', `\`${path}\` cannot be read (${code ?? 'unknown'}); mend its permissions`));
  }
}
