import type { Fault } from '../base/index.ts';
import type { FoldedBatch, LineTally, ReadOrder } from '../flowmap/index.ts';

/** What a reading thread is told: `open` a source, then pieces of it in order, then `end`. */
export type ToReader =
  | { readonly kind: 'open'; readonly order: ReadOrder; readonly timezone: string; readonly nowMs: number }
  | { readonly kind: 'piece'; readonly bytes: Uint8Array<ArrayBuffer>; readonly index: number }
  | { readonly kind: 'end' };

/** What a reading thread tells. `read` gives the lines of a piece; batches may come at any time before `ended`. */
export type FromReader =
  | { readonly kind: 'opened'; readonly fault: Fault | null }
  | { readonly kind: 'batch'; readonly format: string; readonly batch: FoldedBatch }
  | { readonly kind: 'read'; readonly index: number; readonly lines: number }
  | {
      readonly kind: 'ended';
      readonly tally: LineTally;
      readonly range: { readonly firstMs: number; readonly lastMs: number };
    };
