import type { FlowChanges, OpenFlow, TrafficAddition } from './fold-traffic.ts';
import type { TrafficRow } from './traffic-edge.ts';

/** How far into the records a sum reaches. */
export interface TrafficPosition {
  readonly file: string;
  readonly offset: number;
}

/** What is kept at once or not at all: sums, flows under way, and how far into the records they reach. */
export interface TrafficCommit extends FlowChanges {
  readonly additions: readonly TrafficAddition[];
  readonly position: TrafficPosition;
  readonly nowMs: number;
}

/** Traffic of a time, as buckets tell it. `countedSinceMs` is from when on anything was counted, null for never. */
export interface TrafficOfSpan {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly countedSinceMs: number | null;
  readonly rows: readonly TrafficRow[];
}

/** Where sums are kept, by time. Everything but `traffic` throws where the disk fails; nothing is half kept then. */
export interface TrafficStore {
  /** How far the sums reach, null at the beginning. */
  position(): TrafficPosition | null;
  openFlows(): readonly (readonly [string, OpenFlow])[];
  commit(commit: TrafficCommit): void;
  /** The traffic between two instants (epoch milliseconds). */
  traffic(sinceMs: number, untilMs: number, nowMs: number): TrafficOfSpan;
  /** Lets go of what is older than its bucket is kept. */
  prune(nowMs: number): void;
  close(): void;
}
