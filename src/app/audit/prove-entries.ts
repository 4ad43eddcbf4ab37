import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Checkpoint,
  createProver,
  createTreeHasher,
  type Entry,
  type Prover,
  parseBundle,
  parseEntry,
  readCheckpoint,
  renderEvidence,
  type Tile,
  tilePath,
  tileWidth,
  widthAt,
} from '../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { sha256 } from './note-signer.ts';

/** The files of a log do not belong together, or cannot be read. */
export type UnreadableFault = Fault<'audit_unreadable'>;

/** What a log committed to last: its checkpoint, the signed text of it, and the key. */
export interface Head {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly key: string;
}

/** Reads the head of the log in a folder. Fault: `audit_unreadable`. */
export async function readHead(dir: string): Promise<Result<Head, UnreadableFault>> {
  try {
    const note = await readFile(join(dir, 'checkpoint'), 'utf8');
    const key = await readFile(join(dir, 'log.pub'), 'utf8');
    const checkpoint = readCheckpoint(note);
    return checkpoint.ok
      ? ok({ checkpoint: checkpoint.value, note, key })
      : unreadable('checkpoint', checkpoint.fault.message);
  } catch (error) {
    return unreadable(dir, (error as NodeJS.ErrnoException).code ?? 'unknown');
  }
}

/** A prover over the files of a log at a size of it. */
export function proverOf(dir: string, size: number): Prover {
  const readTile = async (tile: Tile): Promise<Uint8Array | null> =>
    readFile(join(dir, tilePath(tile))).catch(() => null);
  return createProver(size, readTile, createTreeHasher(sha256));
}

// Proofs of one tile take hashes that are at hand: without a pause they would hold control up until the last.
const pauseEvery = 32;

/** Entries with their proofs, as lines of evidence. Fault: `audit_unreadable`. */
export async function proveAll(entries: readonly Entry[], prover: Prover): Promise<Result<string, UnreadableFault>> {
  const lines: string[] = [];
  for (const [at, entry] of entries.entries()) {
    if (at % pauseEvery === 0) await nextTurn();
    const proof = await prover.inclusion(entry.seq);
    if (!proof.ok) return unreadable('tile', proof.fault.message);
    lines.push(`${renderEvidence({ entry, proof: proof.value })}\n`);
  }
  return ok(lines.join(''));
}

/** The entries of one tile of a log of this size. Fault: `audit_unreadable`. */
export async function readEntries(
  dir: string,
  index: number,
  size: number,
): Promise<Result<readonly Entry[], UnreadableFault>> {
  const tile: Tile = { level: 'entries', index, width: widthAt('entries', index, size) };
  const path = tilePath(tile);
  const bytes = await readFile(join(dir, path)).catch(() => null);
  const bundle = bytes === null ? null : parseBundle(bytes, tile.width);
  if (bundle === null) return unreadable(path, 'it cannot be read');
  if (!bundle.ok) return unreadable(path, bundle.fault.message);
  const entries: Entry[] = [];
  for (const [at, leaf] of bundle.value.entries()) {
    const entry = parseEntry(leaf);
    if (!entry.ok || entry.value.seq !== index * tileWidth + at)
      return unreadable(path, 'its entries are not in order');
    entries.push(entry.value);
  }
  return ok(entries);
}

/** That something of a log cannot be used, and the mend. */
export function unreadable(what: string, why: string): Result<never, UnreadableFault> {
  return failed(fault('audit_unreadable', `\`${what}\` cannot be used: ${why}; run \`exeat audit verify\``));
}
