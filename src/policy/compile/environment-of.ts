import type { SpaceNode } from '../nodes.ts';
import { matchesGlob, parsePathGlob } from '../path-glob.ts';

/**
 * The environment that a file's space gives to the services in it; the space with the longest path wins, and null where no
 * space covers the file or two equally long ones disagree (unknown is not equal to anything: a crossing is then refused).
 */
export function environmentOf(file: string, spaces: readonly SpaceNode[]): string | null {
  let best: SpaceNode | null = null;
  let isDisputed = false;
  for (const space of spaces) {
    if (!covers(space, file)) continue;
    if (best === null || space.path.length > best.path.length) {
      best = space;
      isDisputed = false;
    } else if (space.path.length === best.path.length && space.environment !== best.environment) isDisputed = true;
  }
  return best === null || isDisputed ? null : best.environment;
}

function covers(space: SpaceNode, file: string): boolean {
  const glob = parsePathGlob(space.path);
  return glob.ok && matchesGlob(glob.value, file);
}
