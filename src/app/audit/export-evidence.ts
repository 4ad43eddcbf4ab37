import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, type Entry, evidenceFile, evidenceReadme, tileWidth } from '../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { type Head, proveAll, proverOf, readEntries, readHead } from './prove-entries.ts';

/** What to export: entries from `fromMs` (included) to `untilMs` (excluded), into a folder that does not exist yet. */
export interface ExportOptions {
  readonly dir: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly out: string;
  /** The most entries of the span, and the most bytes of their lines. Default: no bound, for who has the disk. */
  readonly most?: { readonly entries: number; readonly bytes: number };
}

/** What was exported: entries of the span, and with them the neighbours at both ends. */
export interface Exported {
  readonly entries: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  readonly size: number;
}

type ExportFault = Fault<'audit_unreadable' | 'evidence_unwritable' | 'evidence_too_large'>;

/** A running writer takes away partial tiles with each checkpoint; looking again this often meets a quiet moment. */
const maxLooks = 5;

/**
 * Writes an evidence pack from the files of a log: the entries of a span, each with its proof against the one checkpoint, and what is needed
 * to check them. The log is not verified by that: verify the pack. Faults: `audit_unreadable`, `evidence_unwritable`, `evidence_too_large`
 * past `most`; nothing is left then.
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
  if (span.value.told.entries > (options.most?.entries ?? Number.POSITIVE_INFINITY)) return tooLarge;
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

const tooLarge: Result<never, ExportFault> = failed(
  fault('evidence_too_large', 'the span holds more entries than are wanted in one pack'),
);

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
  { dir, out, most }: ExportOptions,
  { size }: Checkpoint,
  { from, until }: Span,
): Promise<Result<null, ExportFault>> {
  const prover = proverOf(dir, size);
  let left = most?.bytes ?? Number.POSITIVE_INFINITY;
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
      left -= Buffer.byteLength(lines.value);
      if (left < 0) return tooLarge;
      await file.writeFile(lines.value);
    }
    await file.sync();
    return ok(null);
  } finally {
    await file.close();
  }
}
