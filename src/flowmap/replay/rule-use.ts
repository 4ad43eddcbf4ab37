import type { ListedRule } from '../../policy/index.ts';
import type { JudgeableEdge } from '../edge.ts';
import type { EdgeJudgement } from '../judge-edges.ts';

/** What a rule did in a window. */
export interface UsedRule {
  readonly id: string;
  readonly edges: number;
  readonly connections: number;
  readonly lastMs: number;
}

/** An allow rule that decided no allowed edge. */
export interface UnusedRule extends ListedRule {
  /** Whether it allows a name that an uncertain edge may have been. */
  readonly isMaybeUsed: boolean;
}

/** Which rules decided, and which allow rules never did. A deny that never hit is no waste: it is not listed. */
export interface RuleUses {
  readonly used: readonly UsedRule[];
  readonly neverUsed: readonly UnusedRule[];
}

/** Counts what each rule decided. */
export class RuleUse {
  readonly #used = new Map<string, { edges: number; connections: number; lastMs: number }>();
  readonly #maybe = new Set<string>();

  add(edge: JudgeableEdge, outcome: string, { ruleIds }: EdgeJudgement): void {
    if (outcome === 'uncertain') for (const id of ruleIds) this.#maybe.add(id);
    if (outcome === 'allowed') for (const id of ruleIds) this.#count(id, edge);
  }

  #count(id: string, { connections, lastMs }: JudgeableEdge): void {
    const known = this.#used.get(id);
    if (known === undefined) {
      this.#used.set(id, { edges: 1, connections, lastMs });
      return;
    }
    known.edges += 1;
    known.connections += connections;
    known.lastMs = Math.max(known.lastMs, lastMs);
  }

  report(rules: readonly ListedRule[]): RuleUses {
    const used = [...this.#used].map(([id, use]) => ({ id, ...use })).sort((a, b) => (a.id < b.id ? -1 : 1));
    const neverUsed = rules
      .filter(({ id, list }) => list === 'allow' && !this.#used.has(id))
      .map((rule) => ({ ...rule, isMaybeUsed: this.#maybe.has(rule.id) }));
    return { used, neverUsed };
  }
}
