import type { Clock } from '../base/index.ts';
import type { RecordSink } from '../enforcement/index.ts';

/** Where and how much to keep. */
export interface SpoolOptions {
  /** Folder of the record files; made with mode 0700 when absent. One writer at a time. */
  readonly dir: string;
  /** A file is closed when the next batch would take it past this many bytes; at most half the budget counts. */
  readonly rotateSizeBytes: number;
  /** A file with records in it is closed at this age, in milliseconds. */
  readonly rotateAgeMs: number;
  /** Bytes that all record files together may take; past it the oldest closed files are removed. */
  readonly budgetBytes: number;
  readonly clock: Clock;
  /** Takes the lines that an operator must see: one when an episode of losses begins, one when it ends, one a removal. */
  readonly log: (line: SpoolLogLine) => void;
  /** Characters that may wait for the disk; past it records are refused and counted. Default: 8 Mi. */
  readonly maxQueuedChars?: number;
  /** How long records gather before they are written, in milliseconds. Default: 10. */
  readonly flushDelayMs?: number;
  /** How often rotation by age and a failed disk are looked at, in milliseconds. Default: 1000. */
  readonly upkeepMs?: number;
}

/** A line for the log of the process. `level` is `error` when records are being lost. */
export interface SpoolLogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

/** What the spool did since it was made. */
export interface SpoolCounts {
  readonly written: number;
  readonly lost: number;
  readonly failedWrites: number;
  readonly files: number;
  readonly bytes: number;
  readonly removedFiles: number;
  readonly removedBytes: number;
}

/** A sink of records on disk. */
export interface Spool extends RecordSink {
  counts(): SpoolCounts;
  /** Writes what waits, and settles when it is with the kernel. Never rejects. */
  flush(): Promise<void>;
  /** Writes what waits, forces it to disk and stops. What the disk refuses even now is counted as lost. Never rejects. */
  close(): Promise<void>;
}
