import type { DraftMapPort } from '../../../api/index.ts';
import { type Clock, ok } from '../../../base/index.ts';
import { type ExceptionState, listGrants } from '../../../exceptions/index.ts';
import { boundRows } from '../../../flowmap/traffic/index.ts';
import type { PolicyHistory } from '../../../snapshot/index.ts';
import { checkInForce } from '../policy/policy-source.ts';
import type { ProposalDesk } from '../policy/proposal-desk.ts';
import type { TrafficKeeper } from './keep-traffic.ts';
import { grantedRules, toRiverQuery } from './river-answer.ts';

/** What the flow map under a draft is made from. */
export interface DraftMapOptions {
  readonly clock: Clock;
  readonly history: PolicyHistory;
  readonly traffic: Pick<TrafficKeeper, 'caughtUp' | 'traffic'>;
  readonly exceptions: () => ReadonlyMap<string, ExceptionState>;
  readonly desk: Pick<ProposalDesk, 'tryOn'>;
}

// Judged within two seconds; those past it are the lightest, and stand together.
const mostRows = 50_000;

/** Makes the port of the flow map under a draft: the desk tries it, in a thread of its own. */
export function createDraftMapPort({ clock, history, traffic, exceptions, desk }: DraftMapOptions): DraftMapPort {
  return async (draft, view, person) => {
    const isInForce = checkInForce(history, draft.policyVersion);
    if (!isInForce.ok) return isInForce;
    return desk.tryOn(draft, person, async () => {
      await traffic.caughtUp();
      const { sinceMs, untilMs } = view;
      const found = traffic.traffic(sinceMs, untilMs);
      if (!found.ok) return found;
      const nowMs = clock.now();
      const span = { ...found.value, rows: boundRows(found.value.rows, mostRows) };
      const granted = grantedRules(exceptions(), nowMs);
      const grants = listGrants(exceptions().values(), nowMs);
      return ok({ nowMs, traffic: { ...grants, span, sinceMs, granted, query: toRiverQuery(view) } });
    });
  };
}
