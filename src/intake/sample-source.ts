import {
  type ConfigFormat,
  configFormats,
  type DetectedFormat,
  detectFormat,
  findLogFormat,
  type JsonNesting,
  JsonSplitter,
  jsonNestingOf,
  type LogFormat,
  LogLine,
  maxRecordBytes,
  type PeelOptions,
  peelEnvelopes,
  type RangeFormat,
  type ReadOrder,
  rangeFormats,
} from '../flowmap/index.ts';

/** The user's word on formats: `squid`, `squid=%ts.%03tu …`, or nothing (detect). */
export interface FormatChoice {
  readonly id: string;
  readonly grammar: string | null;
}

/** How a source is to be read. */
export type SourcePlan =
  | { readonly kind: 'log'; readonly order: ReadOrder; readonly isOrdered: boolean; readonly title: string }
  | DocumentPlan
  | { readonly kind: 'empty' }
  | { readonly kind: 'binary' }
  | { readonly kind: 'unknown'; readonly looksLike: string | null };

/** A file that is read as a whole: configuration, or a table of address ranges. */
export interface DocumentPlan {
  readonly kind: 'configuration' | 'ranges';
  readonly formatId: string;
  readonly title: string;
}

/** Bytes of the head that are looked at. */
export const sampleBytes: number = 256 * 1024;
const sampleLines = 200;
/** A file that is read as a whole must look like one of them. */
const leastDocumentScore = 0.5;

/** What is known of a source before it is read. */
export interface SourceHead {
  readonly path: string;
  readonly head: Uint8Array;
  /** Whether the head is all of it. */
  readonly isWhole: boolean;
}

/** Decides from the head of a source how to read it. */
export function planSource(source: SourceHead, choice: FormatChoice | null, peel: PeelOptions): SourcePlan {
  if (source.head.length === 0) return { kind: 'empty' };
  const text = new TextDecoder().decode(source.head);
  const found = findDocument(source, choice, text);
  if (found !== null && choice !== null) return found.plan;
  if (source.head.subarray(0, 8192).includes(0)) return { kind: 'binary' };
  const nesting = jsonNestingOf(text.slice(0, 64 * 1024));
  const raw = recordsOf(source, nesting).slice(0, sampleLines);
  const peeled = raw.map((line) => peelLine(line, peel));
  if (choice !== null) return planChosen(choice, { raw, peeled, nesting });
  const detected = detectFormat(raw, peeled);
  if (found !== null && found.score > (detected?.score ?? 0)) return found.plan;
  if (detected === null) return { kind: 'unknown', looksLike: null };
  return planLog(detected, { raw, peeled, nesting }, null);
}

interface Sample {
  readonly raw: readonly LogLine[];
  readonly peeled: readonly LogLine[];
  readonly nesting: JsonNesting | null;
}

function planChosen(choice: FormatChoice, sample: Sample): SourcePlan {
  const format = findLogFormat(choice.id);
  if (format === null) return { kind: 'unknown', looksLike: null };
  const isPeeled = format.detect(sample.peeled) > format.detect(sample.raw);
  return planLog({ formats: [format], isPeeled, score: 1 }, sample, choice.grammar);
}

function planLog(detected: DetectedFormat, sample: Sample, grammar: string | null): SourcePlan {
  const lines = detected.isPeeled ? sample.peeled : sample.raw;
  const formats = detected.formats.map((format: LogFormat) => ({
    id: format.id,
    grammar: grammar ?? format.learn(lines),
  }));
  return {
    kind: 'log',
    order: { formats, isPeeled: detected.isPeeled, nesting: sample.nesting },
    isOrdered: sample.nesting !== null || detected.formats.some(({ isOrdered }) => isOrdered),
    title: detected.formats.map(({ title }) => title).join(', '),
  };
}

interface DocumentFormat {
  readonly kind: DocumentPlan['kind'];
  readonly format: ConfigFormat | RangeFormat;
}

/** Tables first: what looks like both is the more particular. */
const documentFormats: readonly DocumentFormat[] = [
  ...rangeFormats.map((format) => ({ kind: 'ranges' as const, format })),
  ...configFormats.map((format) => ({ kind: 'configuration' as const, format })),
];

function findDocument(
  { path }: SourceHead,
  choice: FormatChoice | null,
  text: string,
): { readonly plan: DocumentPlan; readonly score: number } | null {
  const isWanted = ({ format }: DocumentFormat): boolean => choice === null || format.id === choice.id;
  const [best] = documentFormats
    .filter(isWanted)
    .map(({ kind, format }) => ({ kind, format, score: choice === null ? format.detect({ path, text }) : 1 }))
    .sort((a, b) => b.score - a.score);
  if (best === undefined || best.score < leastDocumentScore) return null;
  return { plan: { kind: best.kind, formatId: best.format.id, title: best.format.title }, score: best.score };
}

function recordsOf(source: SourceHead, nesting: JsonNesting | null): readonly LogLine[] {
  if (nesting === null) return linesOf(source);
  const records: LogLine[] = [];
  const splitter = new JsonSplitter(nesting, maxRecordBytes);
  splitter.push(source.head, {
    found: (bytes, start, end) => void records.push(new LogLine(bytes, start, end)),
    tooLong: () => undefined,
  });
  return records;
}

function linesOf({ head, isWhole }: SourceHead): readonly LogLine[] {
  const lines: LogLine[] = [];
  let start = isMarked(head) ? 3 : 0;
  while (start < head.length && lines.length < sampleLines) {
    const found = head.indexOf(0x0a, start);
    // The last line of a head that is cut is half a line.
    if (found < 0 && !isWhole && lines.length > 0) break;
    const next = found < 0 ? head.length : found;
    const end = head[next - 1] === 0x0d ? next - 1 : next;
    if (end > start) lines.push(new LogLine(head, start, end));
    start = next + 1;
  }
  return lines;
}

/** Whether the head begins with the byte order mark of UTF-8. */
function isMarked(head: Uint8Array): boolean {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
}

function peelLine(line: LogLine, options: PeelOptions): LogLine {
  const { text, receivedMs } = peelEnvelopes(line.text(), options);
  const inner = LogLine.of(text);
  inner.receivedMs = receivedMs;
  return inner;
}
