import type { CompiledPolicy } from '../compiled-policy.ts';
import { serviceWord, unattributedWord } from '../format/layout.ts';
import { instantOf, OpenedPolicy } from '../open-policy.ts';
import type { DecisionFacts } from '../verdict.ts';

const dates = new WeakMap<OpenedPolicy, readonly number[]>();

/**
 * The next instant (epoch milliseconds) at which a plane can become another by the clock alone, null where none is: the start or the end of a
 * grant, the end of observing, the date of an unattributed source. An instant too many costs a computation, one too few would be a hole: so
 * grants that open nothing by address count as well.
 */
export function nextChange(policy: CompiledPolicy, facts: DecisionFacts, now: number): number | null {
  let next = Number.POSITIVE_INFINITY;
  const note = (instant: number): void => {
    if (instant > now && instant < next) next = instant;
  };
  if (policy instanceof OpenedPolicy) for (const instant of datesOf(policy)) note(instant);
  for (const { grant } of facts.grants.byId.values()) {
    if (facts.grants.ended.has(grant.id)) continue;
    note(grant.notBefore);
    note(grant.notAfter);
  }
  return Number.isFinite(next) ? next : null;
}

function datesOf(policy: OpenedPolicy): readonly number[] {
  const known = dates.get(policy);
  if (known !== undefined) return known;
  const found = [...new Set([...observeDates(policy), ...unattributedDates(policy)])];
  dates.set(policy, found);
  return found;
}

function* observeDates(policy: OpenedPolicy): Generator<number> {
  for (let row = 0; row < policy.view.services.length / 12; row += 1) {
    const until = policy.observeUntil(row);
    if (policy.serviceWord(row, serviceWord.mode) === 1 && until !== null) yield until;
  }
}

function* unattributedDates({ view }: OpenedPolicy): Generator<number> {
  for (let at = view.unattributed.at; at < view.unattributed.at + view.unattributed.length; at += 3) {
    const word = (index: number): number => view.words[at + index] as number;
    const until = instantOf(word(unattributedWord.untilLow), word(unattributedWord.untilHigh));
    if (until !== null) yield until;
  }
}
