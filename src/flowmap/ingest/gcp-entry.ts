import type { JsonRecord } from './json-record.ts';
import type { LocalZone } from './log-format.ts';

/** What the LogEntry around a payload says. */
export interface GcpEntry {
  /** When it was written; empty where the envelope is gone. */
  readonly timestamp: string;
  /** Labels of the monitored resource. */
  readonly labels: JsonRecord | null;
  readonly zone: LocalZone;
}
