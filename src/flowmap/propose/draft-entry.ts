import type { CompiledPolicy, NetworkFacts, PolicyTree } from '../../policy/index.ts';
import type { Edge, JudgeableEdge } from '../edge.ts';
import { createEdgeJudge, type EdgeJudgement } from '../judge-edges.ts';
import { aimOfEdge } from './aim-of-edge.ts';
import { type ApartReason, apartReasons } from './apart-reasons.ts';
import { createPolicyBounds } from './policy-bounds.ts';

/** What enforce says of one destination that was seen, and the rule that would let it out: null where none should or could. */
export interface DraftedEntry {
  readonly judgement: EdgeJudgement;
  readonly to: string | null;
  readonly via: readonly string[];
  /** What a person should judge first, in words. */
  readonly doubts: readonly string[];
}

/** Where a rule would not help, or must not be written. */
const hopeless: ReadonlySet<ApartReason> = new Set([
  'platform',
  'forbidden_address',
  'boundary_denied',
  'policy_denied',
  'segment_missing',
  'segment_crossing',
  'addresses_mixed',
  'port_unknown',
  'inexpressible',
]);

/**
 * Makes the drafter of rules for destinations of one service of a policy, each by itself: what a proposal makes of the whole history of a
 * service (wildcards, how often and when) is no part of it. Everything is judged as if it were enforced.
 */
export function createDrafter(
  present: { readonly tree: PolicyTree; readonly policy: CompiledPolicy },
  localOrigins: NetworkFacts['localOrigins'],
): (edge: JudgeableEdge) => DraftedEntry {
  const judge = createEdgeJudge(present.policy, Number.MAX_SAFE_INTEGER, localOrigins);
  const bounds = createPolicyBounds(present);
  return (seen) => {
    const judgement = judge.judge(seen);
    // The loopback pairs of the configuration are what a rule may reach, whatever is said of loopback.
    const isLocal = (text: string): boolean =>
      localOrigins.some(({ address, port }) => address.text === text && port === seen.port);
    const edge = wholeEdge({ ...seen, addresses: seen.addresses.filter((text) => !isLocal(text)) });
    const service = present.policy.service(edge.principal);
    const context = { bounds, kind: service?.kind ?? 'app', environment: service?.environment ?? null } as const;
    const map = { edge, judgement, owner: null, declaredAt: null };
    const { aim, refusals } = aimOfEdge(map, context);
    const isHopeless = aim === null || refusals.some(({ reason }) => hopeless.has(reason));
    return {
      judgement,
      to: isHopeless ? null : aim.target.canonical,
      via: isHopeless ? [] : aim.via,
      doubts: [
        ...refusals.map(({ reason, detail }) => `${apartReasons[reason].says}${detail === null ? '' : ` (${detail})`}`),
        ...(aim?.notes ?? []),
      ],
    };
  };
}

// What only tells how regular a flow is stays empty: nothing of it is asked here.
function wholeEdge(edge: JudgeableEdge): Edge {
  return { ...edge, provider: null, days: 0, weekdays: 0, hours: 0, activeHours: 0, formats: [], sources: [] };
}
