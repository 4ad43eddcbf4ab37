import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A new folder below the temporary one, `exeat-NAME-…`; it goes when this process ends, with what it holds. */
export function temporaryFolder(name: string): string {
  if (made.length === 0) process.once('exit', removeAll);
  const path = mkdtempSync(join(tmpdir(), `exeat-${name}-`));
  made.push(path);
  return path;
}

// At the exit and not after a test: what a test started may write until then.
function removeAll(): void {
  for (const path of made) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}
