import type { PolicyTree, RuleNode, SourceAt } from './nodes.ts';
import { boundaryDocumentName, ruleId } from './rule-id.ts';

/** One rule as decisions name it: a reference is as many as its document has members. */
export interface ListedRule {
  readonly id: string;
  readonly list: 'allow' | 'deny';
  /** The service whose rule it is, or `boundary`. */
  readonly document: string;
  readonly owner: string;
  readonly reason: string;
  readonly at: SourceAt;
}

/** Lists every rule of services and boundaries in order of place, under the ids that verdicts carry. */
export function listRules(tree: PolicyTree): readonly ListedRule[] {
  const members = new Map(
    tree.documents.flatMap((document) =>
      document.kind === 'destinations'
        ? [[document.name, document.members.map(({ target }) => target.canonical)] as const]
        : [],
    ),
  );
  return tree.documents.flatMap((document): readonly ListedRule[] => {
    if (document.kind === 'boundary') {
      return listed({ name: boundaryDocumentName, owner: document.owner, list: 'deny' }, document.deny, members);
    }
    if (document.kind !== 'service') return [];
    const { name, owner } = document;
    return [
      ...listed({ name, owner, list: 'allow' }, document.allow, members),
      ...listed({ name, owner, list: 'deny' }, document.deny, members),
    ];
  });
}

interface ListPlace {
  readonly name: string;
  readonly owner: string;
  readonly list: 'allow' | 'deny';
}

function listed(
  { name, owner, list }: ListPlace,
  rules: readonly RuleNode[],
  members: ReadonlyMap<string, readonly string[]>,
): readonly ListedRule[] {
  return rules.flatMap(({ to, reason, at }) => {
    const parts = to.kind === 'target' ? [undefined] : (members.get(to.name) ?? []);
    return parts.map((member) => ({ id: ruleId(name, list, to, member), list, document: name, owner, reason, at }));
  });
}
