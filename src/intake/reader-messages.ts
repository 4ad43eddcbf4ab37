import type { Fault } from '../base/index.ts';
import type { FoldedBatch, LineTally, ReadOrder } from '../flowmap/index.ts';

/** What a reading thread is told: `open` a source, then pieces of it in order, then `end`. An `open` drops what was open before. */
export type ToReader =
  | {
      readonly kind: 'open';
      readonly session: number;
      readonly order: ReadOrder;
      readonly timezone: string;
      readonly nowMs: number;
    }
  | { readonly kind: 'piece'; readonly bytes: Uint8Array<ArrayBuffer>; readonly index: number }
  | { readonly kind: 'end' };

/**
 * What a reading thread tells. `read` gives the lines of a piece, and its buffer back; batches may come at any time before `ended`. The session is that of
 * `open`: after a source that failed midway, what the thread still says about it must not be taken for the next one's.
 */
export type FromReader = { readonly session: number } & ReaderNews;

/** What there is to tell. */
export type ReaderNews =
  | { readonly kind: 'opened'; readonly fault: Fault | null }
  | { readonly kind: 'batch'; readonly format: string; readonly batch: FoldedBatch }
  | { readonly kind: 'read'; readonly index: number; readonly lines: number; readonly buffer: ArrayBuffer }
  | {
      readonly kind: 'ended';
      readonly tally: LineTally;
      readonly range: { readonly firstMs: number; readonly lastMs: number };
    };
