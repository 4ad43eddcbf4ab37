import type { DecisionRecord } from '../policy/index.ts';

const kinds: ReadonlySet<unknown> = new Set(['verdict', 'progress', 'close', 'first-seen', 'break-glass']);

/**
 * A line as a record, or null when it is none. The spool was written by us, but a disk can fail and a person can edit: the fields
 * that every reader leans on (kind, id, flow, time) are checked.
 */
export function parseRecord(line: string): DecisionRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { kind, id, flow, time } = value as Record<string, unknown>;
  if (!kinds.has(kind) || typeof id !== 'string' || typeof flow !== 'string' || typeof time !== 'string') return null;
  return value as DecisionRecord;
}
