import type { Target } from '../../destination/index.ts';
import type { BoundaryNode, DestinationsNode, PolicyTree, RuleNode, SegmentNode, ServiceNode } from '../nodes.ts';
import { type SpaceIndex, spaceIndexOf } from '../space-index.ts';
import { type ClassIndex, createClassIndex } from './class-index.ts';

/** What every lint rule looks at, indexed once. `now` is epoch milliseconds. */
export interface LintContext {
  readonly tree: PolicyTree;
  readonly now: number;
  readonly services: readonly ServiceNode[];
  readonly destinations: ReadonlyMap<string, DestinationsNode>;
  readonly boundaries: readonly BoundaryNode[];
  readonly segments: ReadonlyMap<string, SegmentNode>;
  readonly spaces: SpaceIndex;
  readonly classes: ClassIndex;
}

/** Indexes a tree for the lint rules, in one pass. */
export function createLintContext(tree: PolicyTree, now: number): LintContext {
  const services: ServiceNode[] = [];
  const boundaries: BoundaryNode[] = [];
  const destinations = new Map<string, DestinationsNode>();
  const segments = new Map<string, SegmentNode>();
  for (const document of tree.documents) {
    if (document.kind === 'service') services.push(document);
    if (document.kind === 'boundary') boundaries.push(document);
    if (document.kind === 'destinations') destinations.set(document.name, document);
    if (document.kind === 'segments') for (const segment of document.segments) segments.set(segment.name, segment);
  }
  const classes = createClassIndex(destinations.values());
  return { tree, now, services, destinations, boundaries, segments, spaces: spaceIndexOf(tree), classes };
}

/** The target that a rule itself writes; null where it refers to a shared document. */
export function ownTarget(rule: RuleNode): Target | null {
  return rule.to.kind === 'target' ? rule.to.target : null;
}

/** The shared document that a rule refers to; null where it writes a target. */
export function sharedDocument(rule: RuleNode, context: LintContext): DestinationsNode | null {
  return rule.to.kind === 'reference' ? (context.destinations.get(rule.to.name) ?? null) : null;
}
