import { join } from 'node:path';
import type { Lane, Lanes } from './gateway-lanes.ts';

/** What the client in the workload's namespace is told to ask. */
export interface AskOrder {
  /** The resolver that is asked at port 53. */
  readonly server: string;
  /** Names are `<prefix><number>.<zone>`, `count` of them from number `from` on. */
  readonly prefix: string;
  readonly zone: string;
  readonly from: number;
  readonly count: number;
  readonly perSecond: number;
  /** The port that is connected to at each address, as soon as it was told. Null: none. */
  readonly connectTo: number | null;
}

/** What it saw. Milliseconds: until the answer came, and until the connection stood. */
export interface AskReport {
  readonly latencies: readonly number[];
  readonly connects: readonly number[];
  /** Answers that did not come or held no address. */
  readonly failed: number;
  /** Connections that did not stand, by why: `ECONNREFUSED`. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Asks for names through the lane. */
export async function askThrough(lanes: Lanes, lane: Lane, order: Omit<AskOrder, 'server'>): Promise<AskReport> {
  const worker = join(import.meta.dirname, 'gateway-asks-worker.ts');
  const words = [process.execPath, worker, JSON.stringify({ server: lane.gateway[4], ...order })];
  return JSON.parse(await lanes.exec('workload', words)) as AskReport;
}

/** The value that this share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new TypeError('"values" is empty: a quantile needs one value at least');
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
