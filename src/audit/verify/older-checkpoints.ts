import { type Checkpoint, openCheckpoint } from '../checkpoint.ts';
import { findNotes } from '../checkpoint-list.ts';
import type { CheckSignature, VerifierKey } from '../signed-note.ts';
import { isSameBytes } from '../tree-hasher.ts';
import type { Findings } from './finding.ts';

/** A text that checkpoints were kept in, away from the log: an anchor, or a file that the auditor kept. `name` is told in findings. */
export interface CheckpointSource {
  readonly name: string;
  readonly text: string;
}

/** An older checkpoint of this log, and where it was kept. @internal */
export interface OlderCheckpoint extends Checkpoint {
  readonly source: string;
}

/**
 * Reads the older checkpoints. One that the key did not sign, or of another log, is a finding: whoever begins a log anew under another key has
 * rewritten it. @internal
 */
export function readOlderCheckpoints(
  sources: readonly CheckpointSource[],
  key: VerifierKey,
  { check, findings }: { readonly check: CheckSignature; readonly findings: Findings },
): readonly OlderCheckpoint[] {
  return sources.flatMap(({ name, text }) =>
    findNotes(text).flatMap((note): readonly OlderCheckpoint[] => {
      const opened = openCheckpoint(note, key, check);
      if (opened.ok) return [{ ...opened.value, source: name }];
      // Half a note is what a crash of an anchor leaves, and tells nothing of the log.
      if (opened.fault.code !== 'checkpoint_malformed') {
        findings.add('rewritten', name, `a checkpoint in it does not fit the log: ${opened.fault.message}`);
      }
      return [];
    }),
  );
}

/** Compares older checkpoints with the roots that the log has at their sizes; gives the largest size that holds. @internal */
export function compareOlder(
  older: readonly OlderCheckpoint[],
  size: number,
  { roots, findings }: { readonly roots: ReadonlyMap<number, Uint8Array>; readonly findings: Findings },
): number {
  let anchored = 0;
  for (const one of older) {
    const root = roots.get(one.size);
    if (one.size > size) {
      findings.add('truncated', one.source, `a checkpoint in it has ${one.size} entries, the log has ${size}`);
    } else if (root !== undefined && isSameBytes(root, one.root)) {
      anchored = Math.max(anchored, one.size);
    } else if (root === undefined) {
      findings.add('unreadable', one.source, `the log could not be read as far as the ${one.size} entries of it`);
    } else {
      findings.add('rewritten', one.source, `a checkpoint in it has another root for the first ${one.size} entries`);
    }
  }
  return anchored;
}
