import type { PolicyTree, ServiceNode, SpaceNode } from './nodes.ts';
import { matchesGlob, type PathGlob, parsePathGlob } from './path-glob.ts';

/** Which space each file of a tree belongs to. */
export interface SpaceIndex {
  readonly hasSpaces: boolean;
  /** The space of a file: of several that match, the one with the longest path; null when none does. */
  spaceOf(file: string): SpaceNode | null;
  /**
   * The environment of a file's space; null without a space, when the space has none, and when two spaces of equally long paths
   * disagree: unknown is not equal to anything, so every crossing is then refused.
   */
  environmentOf(file: string): string | null;
}

const indexes = new WeakMap<PolicyTree, SpaceIndex>();

/** The environment of a service, inherited from the space of its file; null without a space, or when the space has none. */
export function environmentOf(tree: PolicyTree, service: ServiceNode): string | null {
  return spaceIndexOf(tree).environmentOf(service.at.file);
}

/** The space index of a tree, made once per tree. Each file is matched once. */
export function spaceIndexOf(tree: PolicyTree): SpaceIndex {
  const known = indexes.get(tree);
  if (known !== undefined) return known;
  const index = createSpaceIndex(tree);
  indexes.set(tree, index);
  return index;
}

interface Claim {
  readonly space: SpaceNode;
  readonly glob: PathGlob;
}

function createSpaceIndex(tree: PolicyTree): SpaceIndex {
  const claims: Claim[] = [];
  for (const document of tree.documents) {
    if (document.kind !== 'space') continue;
    const glob = parsePathGlob(document.path);
    if (glob.ok) claims.push({ space: document, glob: glob.value });
  }
  // The longest path says the most; of two equal ones the name decides, so that the order of documents says nothing.
  claims.sort((a, b) => b.glob.text.length - a.glob.text.length || (a.space.name < b.space.name ? -1 : 1));
  const byFile = new Map<string, Membership>();
  const membershipOf = (file: string): Membership => {
    const known = byFile.get(file);
    if (known !== undefined) return known;
    const membership = findMembership(claims, file);
    byFile.set(file, membership);
    return membership;
  };
  return {
    hasSpaces: claims.length > 0,
    spaceOf: (file) => membershipOf(file).space,
    environmentOf: (file) => membershipOf(file).environment,
  };
}

interface Membership {
  readonly space: SpaceNode | null;
  readonly environment: string | null;
}

function findMembership(claims: readonly Claim[], file: string): Membership {
  const [first, ...others] = claims.filter(({ glob }) => matchesGlob(glob, file));
  if (first === undefined) return { space: null, environment: null };
  const { space, glob } = first;
  const isDisputed = others.some(
    (other) => other.glob.text.length === glob.text.length && other.space.environment !== space.environment,
  );
  return { space, environment: isDisputed ? null : space.environment };
}
