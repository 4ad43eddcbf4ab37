import type { PolicyTree } from '../nodes.ts';
import { nodeFacts, type PolicyFact } from './policy-facts.ts';

/**
 * What one policy changes of another. `added` and `removed` are texts of facts (`allow payments-api/allow/bank.example.com:443 …`), sorted, the
 * opening ones first; `isWidening`: whether anything is let out, or proven, or decided more easily than before.
 */
export interface PolicyChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly isWidening: boolean;
}

/**
 * Compares two policies by their facts. Without one before, everything is new. It errs to one side: what it cannot tell to be narrower is
 * widening, so a rule that changed in any way is one removed and one added.
 */
export function comparePolicies(before: PolicyTree | null, after: PolicyTree): PolicyChange {
  const old = indexFacts(before);
  const now = indexFacts(after);
  const added = [...now.values()].filter((fact) => !old.has(fact.text));
  const removed = [...old.values()].filter((fact) => !now.has(fact.text));
  return {
    added: sortTexts(added),
    removed: sortTexts(removed),
    isWidening: added.some((fact) => fact.effect !== 'closes') || removed.some((fact) => fact.effect !== 'opens'),
  };
}

function indexFacts(tree: PolicyTree | null): ReadonlyMap<string, PolicyFact> {
  const facts = tree === null ? [] : tree.documents.flatMap(nodeFacts);
  return new Map(facts.map((fact) => [fact.text, fact]));
}

function sortTexts(facts: readonly PolicyFact[]): readonly string[] {
  const opening = facts.filter((fact) => fact.effect === 'opens').map((fact) => fact.text);
  const others = facts.filter((fact) => fact.effect !== 'opens').map((fact) => fact.text);
  return [...opening.sort(), ...others.sort()];
}
