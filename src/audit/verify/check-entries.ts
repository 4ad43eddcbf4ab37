import type { Entry } from '../entry.ts';
import { clockResetAction, parseEntry } from '../entry-codec.ts';
import type { Findings } from './finding.ts';

/** Asks entries, in order, for their form, their place and their time. @internal */
export interface EntryCheck {
  /** Looks at the bytes that are at place `seq`, of `file`. */
  look(bytes: Uint8Array, seq: number, file: string): void;
}

/** Makes an {@link EntryCheck}; `onEntry` is told of each entry that is in its place. @internal */
export function createEntryCheck(findings: Findings, onEntry: (entry: Entry) => void): EntryCheck {
  let before: Pick<Entry, 'seq' | 'time' | 'action'> | null = null;
  return {
    look: (bytes, seq, file) => {
      const entry = parseEntry(bytes);
      if (!entry.ok) {
        findings.add('altered', file, `place ${seq}: ${entry.fault.message}`);
        return;
      }
      if (entry.value.seq !== seq) {
        findings.add('reordered', file, `place ${seq} holds entry ${entry.value.seq}`);
        return;
      }
      if (before !== null && isBackwards(before, entry.value)) {
        findings.add('reordered', file, `entry ${seq} is of ${entry.value.time}, before the entry in front of it`);
      }
      before = { seq, time: entry.value.time, action: entry.value.action };
      onEntry(entry.value);
    },
  };
}

// RFC 3339 in UTC with milliseconds sorts as text. Where the kept clock was set anew, by an act that is itself here or in a gap, time starts again.
function isBackwards(before: Pick<Entry, 'seq' | 'time' | 'action'>, entry: Entry): boolean {
  if (entry.seq !== before.seq + 1) return false;
  return entry.time < before.time && before.action !== clockResetAction && entry.action !== clockResetAction;
}
