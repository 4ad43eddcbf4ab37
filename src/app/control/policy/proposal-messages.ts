import type { ProposalBody } from '../../../api/contract/index.ts';
import type { Result } from '../../../base/index.ts';
import type { RiverQuery, RiverRule, TrafficOfSpan } from '../../../flowmap/traffic/index.ts';
import type { GrantList, NetworkFacts } from '../../../policy/index.ts';

/** Where what is checked against lies. */
export interface ProposalHouse {
  /** The folder of the kept policies, and that of the records. */
  readonly history: string;
  readonly spool: string;
  readonly localOrigins: NetworkFacts['localOrigins'];
}

/** What is changed, and what it changes. */
export type ProposedFiles = Pick<ProposalBody, 'policyVersion' | 'files'>;

/** Traffic that a draft is tried on, and how it is drawn. */
export interface TrafficToTry extends Pick<GrantList, 'grants' | 'ended'> {
  readonly span: TrafficOfSpan;
  /** From when on it was asked for, epoch milliseconds. */
  readonly sinceMs: number;
  readonly query: RiverQuery;
  /** The exceptions in force, as the picture shows them. */
  readonly granted: readonly RiverRule[];
}

/** What is asked of the worker: what a proposal comes to, or the flow map under it. */
export type ProposalTask =
  | { readonly kind: 'check'; readonly proposal: ProposalBody }
  | { readonly kind: 'try'; readonly proposal: ProposedFiles; readonly traffic: TrafficToTry };

/** What the worker is told: one task at a time. */
export interface ToProposalWorker {
  readonly id: number;
  readonly task: ProposalTask;
  readonly nowMs: number;
}

/** What it tells of it. */
export interface FromProposalWorker {
  readonly id: number;
  readonly answer: Result<unknown>;
}
