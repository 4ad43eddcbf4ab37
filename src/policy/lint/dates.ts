import type { PolicyTree, SourceAt } from '../nodes.ts';
import type { Finding, LintRule } from './finding.ts';
import type { LintContext } from './lint-context.ts';

const dayMs = 86_400_000;
/** Observe is a step on the way to enforce, not a state to stay in. */
const longestObserveMs = 30 * dayMs;
/** A working week to add the rules that are still missing. */
const noticeMs = 7 * dayMs;

/** The end has passed, and the clock enforces. */
export const observeEnded: LintRule = {
  id: 'observe-ended',
  severity: 'error',
  says: 'observe is past its end, and the clock enforces already',
  mend: 'write `mode: enforce`, or remove the `unattributed` document',
  find: (context, report) =>
    eachEnd(context, ({ what, until, at }) => {
      if (until <= context.now) report(at, `${what} ended on ${dateText(until)}`);
    }),
};

/** The end is near. */
export const observeEnding: LintRule = {
  id: 'observe-ending',
  severity: 'warning',
  says: 'observe ends within 7 days, and what has no rule is denied then',
  mend: 'add the rules that observed decisions show to be missing, then write `mode: enforce`',
  find: (context, report) =>
    eachEnd(context, ({ what, until, at }) => {
      const left = until - context.now;
      if (left > 0 && left <= noticeMs) report(at, `${what} ends on ${dateText(until)}`);
    }),
};

/** The end is further away than observe may last. */
export const observeTooLong: LintRule = {
  id: 'observe-too-long',
  severity: 'error',
  says: 'observe ends more than 30 days from now',
  mend: 'write a date at most 30 days away',
  find: (context, report) =>
    eachEnd(context, ({ what, until, at }) => {
      if (until - context.now > longestObserveMs) report(at, `${what} ends on ${dateText(until)} only`);
    }),
};

/**
 * The findings of `observe-too-long` alone: a policy with any may not come into force, or observe without an end would be a way
 * around every rule. `now` is epoch milliseconds.
 */
export function findLongObserve(tree: PolicyTree, now: number): readonly Finding[] {
  const { id, severity, mend } = observeTooLong;
  const findings: Finding[] = [];
  eachEnd({ tree }, ({ what, until, at }) => {
    if (until - now > longestObserveMs)
      findings.push({ rule: id, severity, message: `${what} ends on ${dateText(until)} only`, at, mend });
  });
  return findings;
}

interface ObserveEnd {
  readonly what: string;
  readonly until: number;
  readonly at: SourceAt;
}

function eachEnd({ tree }: Pick<LintContext, 'tree'>, visit: (end: ObserveEnd) => void): void {
  for (const document of tree.documents) {
    const { at } = document;
    if (document.kind === 'unattributed') visit({ what: 'observe for `unattributed`', until: document.until, at });
    if (document.kind === 'service' && document.mode === 'observe' && document.observeUntil !== null)
      visit({ what: `observe for \`${document.name}\``, until: document.observeUntil, at });
  }
}

/** The UTC date of an instant: `2026-12-20`. Civil calendar from days, as pure rooms have no Date objects. */
function dateText(instantMs: number): string {
  const days = Math.floor(instantMs / dayMs) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
