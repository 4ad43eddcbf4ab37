import type { Verdict } from '../../policy/index.ts';
import type { PackedAnswer } from '../../wire/index.ts';
import { ageOf, type FoundAnswer } from '../lookup/answer.ts';
import type { FilterOptions } from './filter-options.ts';
import { errorCodes } from './outcome.ts';
import type { ScreenedAnswer } from './screen-answer.ts';
import type { Told } from './told-now.ts';

const mostTtlSeconds = 3_600;
const staleTtlSeconds = 30;

/** An answer as it was screened and packed for a service. */
export interface ReplyParts {
  readonly screened: ScreenedAnswer;
  readonly packed: PackedAnswer;
}

/** Tells an answer: how old it is, how long clients may keep it, whether it is past its time. */
export function tellAnswer(
  { policy }: Pick<FilterOptions, 'policy'>,
  { answer, isStale }: FoundAnswer,
  { screened, packed }: ReplyParts,
  { verdict, nowMs }: { readonly verdict: Verdict; readonly nowMs: number },
): Told {
  const ttlCapSeconds = isStale ? staleTtlSeconds : mostTtlSeconds;
  const isUnchanged = screened.removed.length === 0 && answer.message.additionals.length === 0;
  const ede = isStale ? { code: errorCodes.stale, text: 'no server answers, this is past its time' } : null;
  return {
    kind: 'told',
    packed,
    // What is stale has no time left: it is told with the cap.
    ageSeconds: isStale ? 0 : ageOf(answer, nowMs),
    ttlCapSeconds: Math.min(ttlCapSeconds, grantSeconds(policy, verdict, nowMs)),
    ede,
    isUnchanged,
  };
}

// INVARIANT: no answer outlives the grant that justified it.
function grantSeconds(policy: FilterOptions['policy'], { grantId }: Verdict, nowMs: number): number {
  if (grantId === null) return Number.POSITIVE_INFINITY;
  const grant = policy.facts().grants.byId.get(grantId)?.grant;
  return Math.max(0, Math.floor(((grant?.notAfter ?? nowMs) - nowMs) / 1_000));
}
