import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Checkpoint,
  createProver,
  createTreeHasher,
  type Entry,
  evidenceFile,
  evidenceReadme,
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

/** What to export: entries from `fromMs` (included) to `untilMs` (excluded), into a folder that does not exist yet. */
export interface ExportOptions {
  readonly dir: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly out: string;
}

/** What was exported: entries of the span, and with them the neighbours at both ends. */
export interface Exported {
  readonly entries: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  readonly size: number;
}

type ExportFault = Fault<'audit_unreadable' | 'evidence_unwritable'>;

/** A running writer takes away partial tiles with each checkpoint; looking again this often meets a quiet moment. */
const maxLooks = 5;

/**
 * Writes an evidence pack from the files of a log: the entries of a span, each with its proof against the one checkpoint, and what is needed
 * to check them. The log is not verified by that: verify the pack. Faults: `audit_unreadable`, `evidence_unwritable`; nothing is left then.
 */
export async function exportEvidence(options: ExportOptions): Promise<Result<Exported, ExportFault>> {
  for (let look = 1; ; look += 1) {
    const head = await readHead(options.dir);
    if (!head.ok) return head;
    const exported = await tryExport(options, head.value);
    const after = exported.ok ? head : await readHead(options.dir);
    const isQuiet = after.ok && after.value.note === head.value.note;
    if (exported.ok || isQuiet || look === maxLooks) return exported;
  }
}

async function tryExport(options: ExportOptions, head: Head): Promise<Result<Exported, ExportFault>> {
  const { out } = options;
  const span = await findSpan(options, head.checkpoint);
  if (!span.ok) return span;
  try {
    await mkdir(out, { mode: 0o700 });
  } catch (error) {
    return unwritable(out, error);
  }
  const written = await writePack(options, head, span.value).catch((error: unknown) => unwritable(out, error));
  if (!written.ok) await rm(out, { recursive: true, force: true });
  return written.ok ? ok({ ...span.value.told, size: head.checkpoint.size }) : written;
}

async function writePack(options: ExportOptions, head: Head, span: Span): Promise<Result<null, ExportFault>> {
  const texts = { checkpoint: head.note, 'log.pub': head.key, 'README.txt': evidenceReadme };
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(options.out, name), text, { flag: 'wx', mode: 0o600 });
  }
  return writeEntries(options, head.checkpoint, span);
}

function unwritable(out: string, error: unknown): Result<never, ExportFault> {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const mend = code === 'EEXIST' ? 'it is there already, name another with `--out`' : code;
  return failed(fault('evidence_unwritable', `folder \`${out}\` cannot be written: ${mend}`));
}

interface Head {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly key: string;
}

async function readHead(dir: string): Promise<Result<Head, ExportFault>> {
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

/** Leaves `from` to `until` with the neighbours, and what of it was asked for. */
interface Span {
  readonly from: number;
  readonly until: number;
  readonly told: Omit<Exported, 'size'>;
}

/** Looks through the whole log: times may start again where the kept clock was set, so they cannot be searched by halves. */
async function findSpan(
  { dir, fromMs, untilMs }: ExportOptions,
  { size }: Checkpoint,
): Promise<Result<Span, ExportFault>> {
  let [first, last] = [-1, -1];
  const isInside = ({ time }: Entry): boolean => Date.parse(time) >= fromMs && Date.parse(time) < untilMs;
  for (let index = 0; index * tileWidth < size; index += 1) {
    const entries = await readEntries(dir, index, size);
    if (!entries.ok) return entries;
    const inside = entries.value.filter(isInside);
    if (first === -1) first = inside[0]?.seq ?? -1;
    last = inside.at(-1)?.seq ?? last;
  }
  if (first === -1) return ok({ from: 0, until: 0, told: { entries: 0, firstSeq: null, lastSeq: null } });
  const told = { entries: last - first + 1, firstSeq: first, lastSeq: last };
  return ok({ from: Math.max(0, first - 1), until: Math.min(size, last + 2), told });
}

async function writeEntries(
  { dir, out }: ExportOptions,
  { size }: Checkpoint,
  { from, until }: Span,
): Promise<Result<null, ExportFault>> {
  const readTile = async (tile: Tile): Promise<Uint8Array | null> =>
    readFile(join(dir, tilePath(tile))).catch(() => null);
  const prover = createProver(size, readTile, createTreeHasher(sha256));
  const file = await open(join(out, evidenceFile), 'wx', 0o600);
  try {
    for (let index = Math.floor(from / tileWidth); index * tileWidth < until; index += 1) {
      const entries = await readEntries(dir, index, size);
      if (!entries.ok) return entries;
      const lines = await proveAll(
        entries.value.filter(({ seq }) => seq >= from && seq < until),
        prover,
      );
      if (!lines.ok) return lines;
      await file.writeFile(lines.value);
    }
    await file.sync();
    return ok(null);
  } finally {
    await file.close();
  }
}

async function proveAll(entries: readonly Entry[], prover: Prover): Promise<Result<string, ExportFault>> {
  const lines: string[] = [];
  for (const entry of entries) {
    const proof = await prover.inclusion(entry.seq);
    if (!proof.ok) return unreadable('tile', proof.fault.message);
    lines.push(`${renderEvidence({ entry, proof: proof.value })}\n`);
  }
  return ok(lines.join(''));
}

async function readEntries(dir: string, index: number, size: number): Promise<Result<readonly Entry[], ExportFault>> {
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

function unreadable(what: string, why: string): Result<never, ExportFault> {
  return failed(fault('audit_unreadable', `\`${what}\` cannot be used: ${why}; run \`exeat audit verify\``));
}
