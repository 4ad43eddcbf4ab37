import type { ProviderRange } from '../provider-range.ts';
import type { ConfigDocument } from './config-format.ts';
import type { LineTally } from './source-reader.ts';

/** What a table came to: its blocks, each once, what became of its entries (the tally's lines), and when it was published. */
export interface RangeReading {
  readonly ranges: readonly ProviderRange[];
  readonly tally: LineTally;
  /** Epoch milliseconds; null where the table does not say. */
  readonly publishedMs: number | null;
}

/**
 * A published table of whose addresses are whose: one file of `ingest/ranges/` each, registered in `range-formats.ts`. Tables are read as
 * files that somebody fetched; nothing is downloaded.
 */
export interface RangeFormat {
  /** For `--format`: `aws-ranges`. */
  readonly id: string;
  readonly title: string;
  /** How well path and text fit, from 0 to 1; 0 always where only `--format` can tell. Never throws. */
  detect(document: ConfigDocument): number;
  /** Never throws. */
  read(document: ConfigDocument): RangeReading;
}
