import { availableParallelism } from 'node:os';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { createLocalZone, type FlowLake, type PeelOptions, type SourceEntry } from '../../flowmap/index.ts';
import {
  createReaderPool,
  type FormatChoice,
  type FoundFile,
  findFiles,
  type IngestedSource,
  ingestSource,
  openBytes,
  type ReaderPool,
  type SourceBytes,
} from '../../intake/index.ts';
import { openParquetLines } from '../../store/duckdb/index.ts';
import type { JobPorts } from '../front/index.ts';
import { statePaths } from '../state-folder.ts';
import { openLakeToWrite } from './open-lake.ts';

/** What to ingest. `timezone` is an IANA name or an offset, for times without a zone. */
export interface IngestOptions {
  readonly paths: readonly string[];
  readonly format: FormatChoice | null;
  readonly timezone: string;
}

/** What one file came to. `grown`: its beginning was in the lake, and it took the place of that. `unknown` files below a folder are no fault: logs lie beside other things. */
export type IngestedFile =
  | { readonly path: string; readonly outcome: 'added' | 'grown' | 'known'; readonly entry: Omit<SourceEntry, 'id'> }
  | { readonly path: string; readonly outcome: 'passed-over' | 'failed'; readonly fault: Fault };

/** What an ingest came to. */
export interface IngestReport {
  readonly files: readonly IngestedFile[];
}

/** Faults of a file below a folder that only say that it is no log. */
const noLog: ReadonlySet<string> = new Set(['format_unknown', 'source_binary', 'compression_unknown']);
/** Reading and writing take the rest of a machine of many cores. */
const mostThreads = 8;

/** Ingests files and folders, one source after another. Faults: paths, lock, time zone; those of a file stand in the report. */
export async function ingestJob(options: IngestOptions, ports: JobPorts): Promise<Result<IngestReport>> {
  const found = findFiles(options.paths);
  if (!found.ok) return found;
  const zone = createLocalZone(options.timezone);
  if (!zone.ok) return zone;
  const opened = await openLakeToWrite(ports.order.config);
  if (!opened.ok) return opened;
  const { nowMs } = ports.order;
  const threads = Math.min(mostThreads, availableParallelism());
  const pool = createReaderPool({ threads, timezone: options.timezone, nowMs });
  try {
    const files: IngestedFile[] = [];
    const { lake } = opened.value;
    const parts = { options, ports, pool, lake, known: [...lake.sources()], peel: { zone: zone.value, nowMs } };
    for (const file of found.value) files.push(await ingestFile(file, parts));
    return ok({ files });
  } finally {
    await pool.close();
    opened.value.close();
  }
}

interface IngestParts {
  readonly options: IngestOptions;
  readonly ports: JobPorts;
  readonly pool: ReaderPool;
  readonly lake: FlowLake;
  /** What the lake holds, and what this ingest added; entries that it replaced may stay, which replaces them again. */
  readonly known: SourceEntry[];
  readonly peel: PeelOptions;
}

async function ingestFile({ path, isNamed }: FoundFile, parts: IngestParts): Promise<IngestedFile> {
  const result = await readFile(path, parts);
  if (result.ok) return { path, outcome: outcomeOf(result.value), entry: result.value.entry };
  // Rotation leaves empty files behind: they are told, and are no failure.
  const isPassedOver = result.fault.code === 'source_empty' || (!isNamed && noLog.has(result.fault.code));
  return { path, outcome: isPassedOver ? 'passed-over' : 'failed', fault: result.fault };
}

function outcomeOf({ isNew, isGrown }: IngestedSource): 'added' | 'grown' | 'known' {
  if (!isNew) return 'known';
  return isGrown ? 'grown' : 'added';
}

async function readFile(path: string, parts: IngestParts): ReturnType<typeof ingestSource> {
  const bytes = await openBytes(path, process.stdin);
  if (!bytes.ok) return bytes.fault.code === 'source_parquet' ? readParquet(path, parts) : bytes;
  return readBytes(path, bytes.value, parts.options.format, parts);
}

async function readParquet(path: string, parts: IngestParts): ReturnType<typeof ingestSource> {
  if (path === '-') return failed(fault('source_unreadable', 'standard input cannot be Parquet: name the file'));
  const tempDir = statePaths(parts.ports.order.config.state).lake;
  try {
    const rows = await openParquetLines(path, `${tempDir}/tmp`);
    const format = rows.columns === null ? parts.options.format : { id: 'aws-vpc', grammar: rows.columns.join(' ') };
    const bytes = { pieces: rows.pieces, compression: 'none' as const, totalBytes: null, readBytes: () => 0 };
    return await readBytes(path, bytes, format, parts).finally(rows.close);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    return failed(fault('source_unreadable', `\`${path}\` is Parquet that cannot be read (${why})`));
  }
}

async function readBytes(
  path: string,
  bytes: SourceBytes,
  choice: FormatChoice | null,
  { ports, pool, lake, known, peel }: IngestParts,
): ReturnType<typeof ingestSource> {
  const writer = await lake.begin();
  const done = await ingestSource({
    path,
    bytes,
    choice,
    peel,
    pool,
    writer,
    known,
    onProgress: (progress) => ports.onProgress({ what: path, totalBytes: bytes.totalBytes, ...progress }),
  });
  if (done.ok && done.value.isNew) known.push({ ...done.value.entry, id: writer.id });
  return done;
}
