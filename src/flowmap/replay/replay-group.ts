import type { DestinationClass } from '../../destination/index.ts';
import type { Reason } from '../../policy/index.ts';
import type { Attribution, JudgeableEdge, NameRank } from '../edge.ts';
import type { EdgeJudgement } from '../judge-edges.ts';

/** Edges of one principal to one destination, whatever the port, that came to the same. */
export interface ReplayGroup {
  readonly service: string;
  readonly owner: string | null;
  /** How clients became this principal. */
  readonly how: readonly Attribution[];
  readonly destination: string;
  /** `443`, `123/udp`; `?` where no record said. */
  readonly ports: readonly string[];
  readonly classes: readonly DestinationClass[];
  readonly verdicts: readonly EdgeJudgement['verdict'][];
  readonly reasons: readonly Reason[];
  /** The rules that decided. */
  readonly ruleIds: readonly string[];
  readonly ranks: readonly NameRank[];
  /** Names that the address may have had. */
  readonly candidates: readonly string[];
  readonly edges: number;
  readonly connections: number;
  /** Null where no record told them. */
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  /** What sources themselves refused. */
  readonly denied: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** How much there is of something. */
export interface ReplayTotal {
  readonly edges: number;
  readonly connections: number;
  readonly bytes: number;
}

/** Nothing of something. */
export const noTotal: ReplayTotal = { edges: 0, connections: 0, bytes: 0 };

/** A total with one more edge. */
export function addToTotal(total: ReplayTotal, edge: JudgeableEdge): ReplayTotal {
  return {
    edges: total.edges + 1,
    connections: total.connections + edge.connections,
    bytes: total.bytes + (edge.bytesUp ?? 0) + (edge.bytesDown ?? 0),
  };
}

/** Groups judged edges by principal and destination. */
export class ReplayGroupFold {
  readonly #groups = new Map<string, ReplayGroup>();
  readonly #ownerOf: (principal: string) => string | null;

  constructor(ownerOf: (principal: string) => string | null) {
    this.#ownerOf = ownerOf;
  }

  add(edge: JudgeableEdge, judgement: EdgeJudgement): void {
    const key = `${edge.principal}\n${edge.destination}`;
    const one = groupOf(edge, judgement, this.#ownerOf);
    const known = this.#groups.get(key);
    this.#groups.set(key, known === undefined ? one : merge(known, one));
  }

  /** By service; within one the busiest first. */
  groups(): readonly ReplayGroup[] {
    return [...this.#groups.values()].sort(
      (a, b) => compare(a.service, b.service) || b.connections - a.connections || compare(a.destination, b.destination),
    );
  }
}

function groupOf(
  edge: JudgeableEdge,
  { verdict, reason, class: destinationClass, ruleIds }: EdgeJudgement,
  ownerOf: (principal: string) => string | null,
): ReplayGroup {
  const { principal, destination, how, candidates, connections, bytesUp, bytesDown, denied, firstMs, lastMs } = edge;
  return {
    service: principal,
    owner: ownerOf(principal),
    how,
    destination,
    ports: [portText(edge)],
    classes: [destinationClass],
    verdicts: [verdict],
    reasons: reason === null ? [] : [reason],
    ruleIds,
    ranks: [edge.rank],
    candidates,
    edges: 1,
    connections,
    bytesUp,
    bytesDown,
    denied,
    firstMs,
    lastMs,
  };
}

const udp = 17;

function portText({ port, protocol }: JudgeableEdge): string {
  const number = port < 0 ? '?' : String(port);
  return protocol === udp ? `${number}/udp` : number;
}

function merge(a: ReplayGroup, b: ReplayGroup): ReplayGroup {
  return {
    ...a,
    how: union(a.how, b.how),
    ports: union(a.ports, b.ports),
    classes: union(a.classes, b.classes),
    verdicts: union(a.verdicts, b.verdicts),
    reasons: union(a.reasons, b.reasons),
    ruleIds: union(a.ruleIds, b.ruleIds),
    ranks: union(a.ranks, b.ranks),
    candidates: union(a.candidates, b.candidates),
    edges: a.edges + b.edges,
    connections: a.connections + b.connections,
    bytesUp: plus(a.bytesUp, b.bytesUp),
    bytesDown: plus(a.bytesDown, b.bytesDown),
    denied: a.denied + b.denied,
    firstMs: Math.min(a.firstMs, b.firstMs),
    lastMs: Math.max(a.lastMs, b.lastMs),
  };
}

function union<T extends string>(a: readonly T[], b: readonly T[]): readonly T[] {
  return [...new Set([...a, ...b])].sort();
}

function plus(a: number | null, b: number | null): number | null {
  return a === null ? b : a + (b ?? 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
