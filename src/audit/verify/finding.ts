/**
 * What is wrong with a file. `altered`: its bytes are not what the rest commits to. `removed`: it should be there. `reordered`: entries are not
 * in their places. `truncated`: an older checkpoint has more entries. `rewritten`: an older checkpoint has another root. `unknown_file`:
 * nothing of the log. `unreadable`: it could not be read, so nothing is known of it.
 */
export type FindingKind =
  | 'altered'
  | 'removed'
  | 'reordered'
  | 'truncated'
  | 'rewritten'
  | 'unknown_file'
  | 'unreadable';

/** One thing that is wrong, with the file that shows it. */
export interface Finding {
  readonly kind: FindingKind;
  readonly file: string;
  readonly says: string;
}

/** Gathers findings: the first 200 are kept, the rest counted, so that a folder of rubbish costs no memory. */
export interface Findings {
  add(kind: FindingKind, file: string, says: string): void;
  kept(): readonly Finding[];
  count(): number;
}

const maxKeptFindings = 200;

/** Begins an empty gathering. */
export function createFindings(): Findings {
  const kept: Finding[] = [];
  const seen = new Set<string>();
  let count = 0;
  return {
    add: (kind, file, says) => {
      // One file is told once for each kind: a wrong entry in it is wrong by its form, its place and its hash at once.
      if (seen.has(`${kind} ${file}`)) return;
      count += 1;
      if (kept.length >= maxKeptFindings) return;
      seen.add(`${kind} ${file}`);
      kept.push({ kind, file, says });
    },
    kept: () => kept,
    count: () => count,
  };
}
