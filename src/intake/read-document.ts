import { randomBytes } from 'node:crypto';
import { failed, fault, ok, type Result } from '../base/index.ts';
import {
  type ConfigDocument,
  type ConfigFormat,
  configFormats,
  type FoldedBatch,
  type LineTally,
  maxRecordBytes,
  ObservationFold,
  type ProviderRange,
  type RangeFormat,
  rangeFormats,
} from '../flowmap/index.ts';
import type { ReadOutcome } from './reader-pool.ts';

/** What reading a source came to, with what people should know of it besides. Notes left out: none. */
export interface SourceOutcome extends ReadOutcome {
  readonly notes?: readonly string[];
}

/** Reads a file that is taken as a whole. Fault: `source_unusable`, where it is larger than 16 MiB. */
export async function readText(path: string, pieces: AsyncIterable<Uint8Array>): Promise<Result<string>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > maxRecordBytes) {
      const message = `${shownPath(path)} is larger than 16 MiB, too large for configuration or a table of ranges`;
      return failed(fault('source_unusable', message));
    }
    parts.push(new Uint8Array(piece));
  }
  return ok(new TextDecoder().decode(Buffer.concat(parts)));
}

/** Reads configuration of a format that is registered: what it declares, and the leases that it tells. */
export function readConfiguration(
  formatId: string,
  document: ConfigDocument,
  nowMs: number,
): { readonly batch: FoldedBatch; readonly outcome: SourceOutcome } {
  const format = configFormats.find(({ id }) => id === formatId) as ConfigFormat;
  const fold = new ObservationFold({ nowMs, seed: randomBytes(4).readUInt32LE() });
  const { faults } = format.read(document, fold);
  const batch = fold.drain();
  const found = batch.declared.length + batch.leases.length;
  const tally: LineTally = { lines: found + faults.length, taken: found, skips: {}, rejects: {} };
  if (faults.length > 0) {
    const examples = faults.slice(0, 3).map(({ line, message }) => ({ line, text: message }));
    tally.rejects.bad_fields = { count: faults.length, examples };
  }
  return { batch, outcome: { tally, ...noTime } };
}

/** Reads a table of address ranges of a format that is registered. Its date is no time of a flow: it is told as a note. */
export function readRangeTable(
  formatId: string,
  document: ConfigDocument,
): { readonly ranges: readonly ProviderRange[]; readonly outcome: SourceOutcome & { publishedMs: number | null } } {
  const format = rangeFormats.find(({ id }) => id === formatId) as RangeFormat;
  const { ranges, tally, publishedMs } = format.read(document);
  const notes = publishedMs === null ? [] : [`address ranges as published on ${dayOf(publishedMs)}`];
  return { ranges, outcome: { tally, ...noTime, notes, publishedMs } };
}

const noTime = { firstMs: Number.NaN, lastMs: Number.NaN } as const;

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** A path as messages have it. */
export function shownPath(path: string): string {
  return path === '-' ? 'standard input' : `\`${path}\``;
}
