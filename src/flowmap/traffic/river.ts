import type { DraftOutcome, PolicySays } from './draft-outcome.ts';
import type { TrafficVerdict } from './traffic-edge.ts';

/** What widths stand for. */
export type RiverMeasure = 'connections' | 'bytes';
/** What the first column shows: who exactly, or whose service it is, or where it runs. */
export type RiverSource = 'identity' | 'team' | 'environment';
/** What the last column shows: hosts, registrable domains, or classes of destinations. */
export type RiverTarget = 'destination' | 'domain' | 'class';

/** How the picture is drawn. `nodes` is the most that are drawn, over all columns. */
export interface RiverQuery {
  readonly measure: RiverMeasure;
  readonly from: RiverSource;
  readonly to: RiverTarget;
  readonly service: string | null;
  readonly nodes: number;
  readonly withUnused: boolean;
}

/** An entry that lets something out: a rule of the policy, one for each member of a shared list, or an exception in force. */
export interface RiverRule {
  readonly kind: 'rule' | 'exception';
  readonly id: string;
  readonly service: string;
  /** As policies spell it: `tcp://bank.example.com:25`, `*.example.net:443`. */
  readonly to: string;
  readonly class: string;
  readonly owner: string;
  readonly reason: string;
  /** File and line, null for an exception. */
  readonly at: string | null;
}

/** What the policy in force says of services, and what it lets out. */
export interface RiverFacts {
  readonly services: ReadonlyMap<string, { readonly owner: string; readonly environment: string | null }>;
  readonly rules: readonly RiverRule[];
}

/** Traffic in numbers. */
export interface RiverSum {
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/**
 * One node. `layer` 0: who, 1: service, 2: enforcement point, 3: destination. `hidden`: how many it stands for together, null for one.
 * `isUnused`: nothing but entries that nothing used leads there.
 */
export interface RiverNode extends RiverSum {
  readonly id: string;
  readonly layer: number;
  readonly label: string;
  readonly hidden: number | null;
  readonly isUnused: boolean;
}

/** What flows between two nodes of neighbouring columns, by verdict; where a draft is tried, by what becomes of it too. */
export interface RiverLink extends RiverSum {
  readonly source: string;
  readonly target: string;
  readonly verdict: TrafficVerdict;
  readonly outcome?: DraftOutcome | undefined;
}

/** One way through all columns. `to` has the port where single hosts are shown; `host` is null where several stand together. */
export interface RiverPath extends RiverSum {
  readonly from: string;
  readonly service: string;
  readonly point: string;
  readonly to: string;
  readonly host: string | null;
  readonly verdict: TrafficVerdict;
  readonly reasons: readonly string[];
  readonly ruleIds: readonly string[];
  readonly grantIds: readonly string[];
  readonly lastMs: number;
  /** The nodes it passes. */
  readonly nodes: readonly string[];
  /** Where a draft is tried: what becomes of it, and what the policy in force and the draft say of it. */
  readonly outcome?: DraftOutcome | undefined;
  readonly today?: PolicySays | undefined;
  readonly draft?: PolicySays | undefined;
}

/** An entry that nothing used, between two nodes. */
export interface RiverGhost extends RiverRule {
  readonly source: string;
  readonly target: string;
}

/** The whole picture, and how much of it is left out. */
export interface River {
  readonly total: RiverSum;
  readonly nodes: readonly RiverNode[];
  readonly hiddenNodes: number;
  readonly links: readonly RiverLink[];
  readonly hiddenLinks: number;
  readonly paths: readonly RiverPath[];
  readonly hiddenPaths: number;
  readonly unused: readonly RiverGhost[];
  readonly hiddenUnused: number;
  /** The entries that paths name, as the policy in force has them. */
  readonly rules: readonly RiverRule[];
}
