import type { ProposalAnswer, ProposalBody } from '../../../api/contract/index.ts';
import type { Result } from '../../../base/index.ts';
import type { NetworkFacts } from '../../../policy/index.ts';

/** Where what is checked against lies. */
export interface ProposalHouse {
  /** The folder of the kept policies, and that of the records. */
  readonly history: string;
  readonly spool: string;
  readonly localOrigins: NetworkFacts['localOrigins'];
}

/** What the worker is told: one proposal at a time. */
export interface ToProposalWorker {
  readonly id: number;
  readonly proposal: ProposalBody;
  readonly nowMs: number;
}

/** What it tells of it. */
export interface FromProposalWorker {
  readonly id: number;
  readonly answer: Result<ProposalAnswer>;
}
