import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import {
  type ConfigDocument,
  findLogFormat,
  type LineTally,
  maxRecordBytes,
  type PeelOptions,
  type SourceEntry,
  type SourceWriter,
} from '../flowmap/index.ts';
import { ByteReader } from './byte-reader.ts';
import { LineChunker } from './chunk-lines.ts';
import type { SourceBytes } from './open-bytes.ts';
import { readConfiguration, readRangeTable, readText, type SourceOutcome, shownPath } from './read-document.ts';
import type { ReaderPool, SourceFeed } from './reader-pool.ts';
import { type DocumentPlan, type FormatChoice, planSource, type SourcePlan, sampleBytes } from './sample-source.ts';

/** Everything that ingesting one source needs. */
export interface IngestOrder {
  readonly path: string;
  readonly bytes: SourceBytes;
  readonly choice: FormatChoice | null;
  readonly peel: PeelOptions;
  readonly pool: ReaderPool;
  readonly writer: SourceWriter;
  /** What the lake holds: a log that begins with one of these has grown, and takes its place. */
  readonly known: readonly SourceEntry[];
  readonly onProgress: (progress: { readonly bytes: number; readonly lines: number }) => void;
}

/** What ingesting came to; `isNew` is false where the same bytes were in the lake, `isGrown` true where the beginning of them was. */
export interface IngestedSource {
  readonly entry: Omit<SourceEntry, 'id'>;
  readonly isNew: boolean;
  readonly isGrown: boolean;
}

/** Progress is told so often. */
const toldEveryBytes = 1024 * 1024;
/** Past this share of rejects nothing of a source is kept: half of a log is a wrong map. */
const mostRejects = 0.5;

/**
 * Reads a source to its end and publishes it in the lake. Faults: `source_unreadable`, `source_binary`, `format_unknown`,
 * `grammar_invalid`, `source_unusable` (most of its lines are rejects); then nothing of it is kept.
 */
export async function ingestSource(order: IngestOrder): Promise<Result<IngestedSource>> {
  const reader = new ByteReader(
    order.bytes.pieces,
    order.known.filter(({ kind }) => kind === 'log'),
  );
  try {
    const head = await reader.head(sampleBytes);
    const plan = planSource({ path: order.path, head, isWhole: reader.isEnded }, order.choice, order.peel);
    const outcome = await readPlanned(order, plan, reader);
    if (!outcome.ok) {
      await order.writer.discard();
      return outcome;
    }
    return await publish(order, plan, reader, outcome.value);
  } catch (error) {
    await order.writer.discard();
    return failed(faultOf(order.path, error));
  } finally {
    await order.bytes.pieces.return(undefined);
  }
}

/** What the lake could not take: no fault of the source. */
class WriteError extends Error {}

async function written<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new WriteError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function faultOf(path: string, error: unknown): Fault {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!(error instanceof WriteError)) {
    return fault('source_unreadable', `${shownPath(path)} cannot be read (${code ?? message})`);
  }
  const why = message.split('\n', 1)[0] ?? '';
  return fault(
    'lake_unwritable',
    `nothing of ${shownPath(path)} is kept, the flow lake cannot be written, see that its disk has room: ${why}`,
  );
}

type LogPlan = Extract<SourcePlan, { kind: 'log' }>;

async function readPlanned(order: IngestOrder, plan: SourcePlan, reader: ByteReader): Promise<Result<SourceOutcome>> {
  if (plan.kind === 'log') return readLog(order, plan, reader);
  if (plan.kind === 'configuration' || plan.kind === 'ranges') return readDocument(order, plan, reader);
  return failed(whyNot(order.path, plan));
}

function whyNot(path: string, plan: SourcePlan): Fault {
  if (plan.kind === 'empty') return fault('source_empty', `${shownPath(path)} is empty`);
  if (plan.kind === 'binary')
    return fault('source_binary', `${shownPath(path)} is no text: it has NUL bytes at its head`);
  const mend =
    'name its format with `--format`, and its fields where the line that names them is in another part, see `exeat flows formats`';
  return fault('format_unknown', `${shownPath(path)} is in no format that is known, ${mend}`);
}

async function readLog(order: IngestOrder, plan: LogPlan, reader: ByteReader): Promise<Result<SourceOutcome>> {
  const { pool, writer } = order;
  const opened = await pool.open(plan.order, plan.isOrdered, async (format, batch) => {
    await written(writer.append(format, batch));
    if (batch.declared.length > 0) await written(writer.declare(batch.declared));
  });
  if (!opened.ok) return opened;
  const feed = opened.value;
  try {
    await feedPieces(order, plan, reader, feed);
    const outcome = await feed.end();
    if (reader.trouble !== null) addTruncated(outcome.tally);
    return judge(order.path, plan.title, outcome, (code) => mendOf(plan, code));
  } catch (error) {
    await feed.drop();
    throw error;
  }
}

async function feedPieces(order: IngestOrder, plan: LogPlan, reader: ByteReader, feed: SourceFeed): Promise<void> {
  const chunker = new LineChunker(order.pool.buffers, maxRecordBytes);
  const chunks = {
    chunk: (bytes: Uint8Array<ArrayBuffer>): Promise<void> => feed.piece(bytes),
    tooLong: (): void => feed.tooLong(),
  };
  // JSON over lines may be one line of gigabytes: pieces then end anywhere.
  const isWhole = plan.order.nesting === null;
  let toldBytes = 0;
  for await (const piece of reader.pieces()) {
    if (isWhole) await chunker.push(piece, chunks);
    else await chunks.chunk(new Uint8Array(piece));
    if (reader.bytes - toldBytes < toldEveryBytes) continue;
    toldBytes = reader.bytes;
    order.onProgress({ bytes: order.bytes.readBytes(), lines: feed.lines() });
  }
  await chunker.end(chunks);
}

function judge(
  path: string,
  title: string,
  outcome: SourceOutcome,
  mendOf: (code: string | undefined) => string = () => '',
): Result<SourceOutcome> {
  const { tally } = outcome;
  const rejects = Object.values(tally.rejects).reduce((sum, { count }) => sum + count, 0);
  if (tally.lines === 0 || rejects <= tally.lines * mostRejects) return ok(outcome);
  const [worst] = Object.entries(tally.rejects).sort((a, b) => b[1].count - a[1].count);
  const example = worst?.[1].examples[0];
  const told = example === undefined ? '' : `, first in line ${example.line}`;
  const message = `${shownPath(path)} looks like ${title}, but ${rejects} of ${tally.lines} lines cannot be used (most: ${worst?.[0]}${told}); nothing of it is kept${mendOf(worst?.[0])}`;
  return failed(fault('source_unusable', message));
}

const ofOtherShape: ReadonlySet<string | undefined> = new Set(['no_header', 'other_format', 'bad_fields']);

// What a header line or a definition would have said can be said by hand; not again where it was.
function mendOf({ order: { formats } }: LogPlan, code: string | undefined): string {
  const [first] = formats;
  const grammar = findLogFormat(first?.id ?? '')?.grammar ?? null;
  if (grammar === null || first?.grammar !== null || !ofOtherShape.has(code)) return '';
  return `; say ${grammar.what}: \`--format '${first.id}=${grammar.example}'\``;
}

// A document is small, and what it says hangs on all of it.
async function readDocument(
  order: IngestOrder,
  plan: DocumentPlan,
  reader: ByteReader,
): Promise<Result<SourceOutcome>> {
  const text = await readText(order.path, reader.pieces());
  if (!text.ok) return text;
  const document = { path: order.path, text: text.value };
  if (plan.kind === 'configuration') return ok(await readConfig(order, plan.formatId, document));
  const { ranges, outcome } = readRangeTable(plan.formatId, document);
  const judged = judge(order.path, plan.title, outcome);
  if (judged.ok && ranges.length > 0) await written(order.writer.keepRanges(ranges, outcome.publishedMs));
  return judged;
}

async function readConfig(order: IngestOrder, formatId: string, document: ConfigDocument): Promise<SourceOutcome> {
  const { batch, outcome } = readConfiguration(formatId, document, order.peel.nowMs);
  if (batch.leases.length > 0) await written(order.writer.append(formatId, batch));
  if (batch.declared.length > 0) await written(order.writer.declare(batch.declared));
  return outcome;
}

async function publish(
  order: IngestOrder,
  plan: SourcePlan,
  reader: ByteReader,
  { tally, firstMs, lastMs, notes = [] }: SourceOutcome,
): Promise<Result<IngestedSource>> {
  const early = `the input ended early (${reader.trouble}): what came before is used`;
  const entry = {
    digest: reader.digest(),
    path: order.path,
    ...kindOf(plan),
    tally,
    bytes: reader.bytes,
    firstMs: Number.isNaN(firstMs) ? null : firstMs,
    lastMs: Number.isNaN(lastMs) ? null : lastMs,
    ingestedAtMs: order.peel.nowMs,
    notes: reader.trouble === null ? notes : [early, ...notes],
  };
  const grownFrom = plan.kind === 'log' ? reader.grownFrom.map(({ id }) => id) : [];
  const isNew = await written(order.writer.publish(entry, grownFrom));
  return ok({ entry, isNew, isGrown: isNew && grownFrom.length > 0 });
}

function kindOf(plan: SourcePlan): Pick<SourceEntry, 'kind' | 'formats'> {
  if (plan.kind === 'log') return { kind: 'log', formats: plan.order.formats.map(({ id }) => id) };
  if (plan.kind === 'configuration' || plan.kind === 'ranges') return { kind: plan.kind, formats: [plan.formatId] };
  return { kind: 'log', formats: [] };
}

function addTruncated(tally: LineTally): void {
  tally.lines += 1;
  const sum = tally.rejects.truncated ?? { count: 0, examples: [] };
  sum.count += 1;
  tally.rejects.truncated = sum;
}
