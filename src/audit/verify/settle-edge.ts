import { levelsOf } from '../tile.ts';
import { rootOfEdge, type TreeEdge } from '../tree-edge.ts';
import { isSameBytes, type TreeHasher } from '../tree-hasher.ts';
import type { Findings } from './finding.ts';
import { blameBelow, blameFile, isDisputed, type TwoTellings } from './settle.ts';

/** The right edge of the tree: the tellings of its partial tiles by level, and what the checkpoint says. @internal */
export interface EdgeQuestion {
  readonly size: number;
  readonly root: Uint8Array;
  readonly partial: ReadonlyMap<number, TwoTellings>;
}

/**
 * Finds which tellings of the partial tiles have the root of the checkpoint, blames the others, and gives the hashes of level 0. Where none
 * has it, the checkpoint is not of these entries. @internal
 */
export function settleEdge(
  { size, root, partial }: EdgeQuestion,
  findings: Findings,
  hasher: TreeHasher,
): readonly Uint8Array[] {
  const disputed = [...partial.values()].filter(isDisputed);
  // At most 7 levels, so at most 128 ways to believe one telling or the other.
  for (let believed = 0; believed < 2 ** disputed.length; believed += 1) {
    const believesFile = new Set(disputed.filter((_, at) => ((believed >>> at) & 1) === 1));
    const levels = edgeOf(size, partial, believesFile);
    if (!isSameBytes(rootOfEdge(levels, hasher), root)) continue;
    for (const one of disputed) {
      if (believesFile.has(one)) blameBelow(one, findings);
      else blameFile(one, findings);
    }
    return levels[0] ?? [];
  }
  findings.add('altered', 'checkpoint', 'it signs a root that the entries and tiles do not have');
  for (const one of disputed) blameFile(one, findings);
  return edgeOf(size, partial, new Set())[0] ?? [];
}

function edgeOf(
  size: number,
  partial: ReadonlyMap<number, TwoTellings>,
  believesFile: ReadonlySet<TwoTellings>,
): TreeEdge['levels'] {
  return levelsOf(size).map((level) => {
    const tellings = partial.get(level);
    if (tellings === undefined) return [];
    const { fromBelow, fromFile } = tellings;
    return (believesFile.has(tellings) ? fromFile : (fromBelow ?? fromFile)) ?? [];
  });
}
