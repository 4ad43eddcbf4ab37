import type { LineOutcome, ObservationSink } from '../observation.ts';
import { answerQuestion } from './dns-answers.ts';

/** What a response policy zone did to a question. */
export interface PolicyHit {
  readonly timeMs: number;
  readonly client: string | null;
  readonly name: string;
  readonly type: string;
  /** `NXDOMAIN`, `Local-Data`, `PASSTHRU`, `disabled NXDOMAIN`. */
  readonly policy: string;
}

/** A hit that let the true answer through (`PASSTHRU`, `TCP-ONLY`, a disabled zone) is told by the line of the query. */
export function answerPolicy({ policy, ...question }: PolicyHit, sink: ObservationSink): LineOutcome {
  if (!Object.hasOwn(denyingPolicies, policy)) return 'repeated';
  return answerQuestion({ ...question, code: denyingPolicies[policy] ?? null, addresses: [], isDenied: true }, sink);
}

/** Policies of response policy zones that keep the true answer from the client, with the code that it gets. */
const denyingPolicies: Readonly<Record<string, string | null>> = {
  NXDOMAIN: 'NXDOMAIN',
  NODATA: 'NOERROR',
  DROP: null,
  'Local-Data': 'NOERROR',
  CNAME: 'NOERROR',
};
