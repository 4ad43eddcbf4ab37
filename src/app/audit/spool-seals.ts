import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type JsonObject, type NewEntry, type SpoolFileState, spoolSealedAction } from '../../audit/index.ts';
import { listSpool } from '../../spool/index.ts';

/** What a seal holds of a closed record file. `sha256` is hex. */
export interface SpoolSeal extends SpoolFileState {
  readonly file: string;
}

/** Record files to seal now, oldest first, and the one that is not sealed since it may still grow. */
export interface Unsealed {
  readonly toSeal: readonly SpoolSeal[];
  readonly open: string | null;
}

/** Files that are sealed at a time: 64 of 64 MiB are read in seconds, and the rest comes with the next call. */
const maxSealsAtOnce = 64;
const chunkBytes = 256 * 1024;

/**
 * Reads the closed record files that come after `lastSealed`, the newest file that is sealed (null for none). They come in their order, with
 * no gap: one that cannot be read holds up those after it. Rejects with what the file system says of the folder.
 */
export async function findUnsealed(spoolDir: string, lastSealed: string | null): Promise<Unsealed> {
  const { closed, open: openFile } = listSpool(spoolDir);
  const toSeal: SpoolSeal[] = [];
  for (const file of closed.filter((name) => lastSealed === null || name > lastSealed).slice(0, maxSealsAtOnce)) {
    const state = await readSpoolFile(spoolDir, file);
    if (state === null) break;
    toSeal.push({ file, ...state });
  }
  return { toSeal, open: openFile };
}

/** The entry that seals a file. */
export function sealEntry({ file, bytes, sha256 }: SpoolSeal): NewEntry {
  const details: JsonObject = { file, bytes, sha256 };
  return { subject: 'spool', action: spoolSealedAction, actor: { kind: 'system', part: 'control' }, details };
}

/** Reads a record file through, a quarter of a MiB at a time; null when it cannot be read. */
export async function readSpoolFile(spoolDir: string, name: string): Promise<SpoolFileState | null> {
  try {
    const file = await open(join(spoolDir, name), 'r');
    try {
      const digest = createHash('sha256');
      const chunk = Buffer.alloc(chunkBytes);
      let bytes = 0;
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunkBytes, null);
        if (bytesRead === 0) return { bytes, sha256: digest.digest('hex') };
        digest.update(chunk.subarray(0, bytesRead));
        bytes += bytesRead;
      }
    } finally {
      await file.close();
    }
  } catch {
    // The budget may take the file meanwhile; whatever else it is, nothing can be said of its bytes.
    return null;
  }
}
