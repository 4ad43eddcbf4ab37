import type { Fault } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';

/** One piece of work for the lake process: the name of a job of `lake-jobs.ts` with its options, plain data. */
export interface LakeOrder {
  readonly job: string;
  readonly options: unknown;
  readonly config: Config;
  /** Epoch milliseconds, the present of the whole job. */
  readonly nowMs: number;
}

/** How far a job is. Bytes are those on disk; `totalBytes` null where it cannot be told. */
export interface LakeProgress {
  readonly what: string;
  readonly bytes: number;
  readonly totalBytes: number | null;
  readonly lines: number;
}

/** What a job works with besides its options. */
export interface JobPorts {
  readonly order: LakeOrder;
  readonly onProgress: (progress: LakeProgress) => void;
}

/** What the lake process tells: progress any number of times, then one of the others. */
export type FromLake =
  | { readonly kind: 'progress'; readonly progress: LakeProgress }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly fault: Fault };
