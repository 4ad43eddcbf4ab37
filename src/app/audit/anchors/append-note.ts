import { open } from 'node:fs/promises';

/** More than any note takes. */
const tailBytes = 4096;

/**
 * Appends a note to a file of them, an empty line between, forced to disk; makes the file (0600) when there is none. The note that the file
 * ends with is not written twice. After half a note, which a crash leaves, the next one begins on a line of its own.
 */
export async function appendNote(path: string, note: string): Promise<void> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const tail = buffer.toString('utf8', 0, bytesRead);
    if (tail === `${note}\n` || tail.endsWith(`\n\n${note}\n`)) return;
    const isWhole = tail === '' || tail.endsWith('\n\n');
    await file.appendFile(`${isWhole ? '' : '\n\n'}${note}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
