import { capGroupOf, capWindowMs, openSpanOf, openTimeOf, type Span } from '../lifecycle/caps.ts';
import type { ExceptionState } from '../lifecycle/exception-state.ts';
import type { LinkedPeople } from '../people/linked-people.ts';

/** How often and how long a group stood open within the last 90 days. */
export interface GroupUse {
  readonly repeats: number;
  readonly openMs: number;
}

/**
 * Tells for a grant how its group was used: those of `recent` that caps count together with it, by domain and owner, or by domain and people
 * who are linked. Told once for each owner and people of a domain, however many grants they have.
 */
export function groupUses(
  recent: readonly ExceptionState[],
  links: LinkedPeople,
  nowMs: number,
): (state: ExceptionState) => GroupUse {
  const byTie = new Map<string, ExceptionState[]>();
  for (const state of recent) {
    for (const tie of tiesOf(state, links)) {
      const tied = byTie.get(tie) ?? [];
      tied.push(state);
      byTie.set(tie, tied);
    }
  }
  const known = new Map<string, GroupUse>();
  return (state) => {
    const ties = tiesOf(state, links);
    const name = ties.join(' ');
    const use = known.get(name) ?? useOf(new Set(ties.flatMap((tie) => byTie.get(tie) ?? [])), nowMs);
    known.set(name, use);
    return use;
  };
}

/** What a grant is tied to others of its domain by. Names of owners and people have no spaces, so no tie is like another. */
function tiesOf({ spec, requester }: ExceptionState, links: LinkedPeople): readonly string[] {
  const { domain, owner, people } = capGroupOf(spec, requester);
  const linked = new Set(people.map((person) => links.componentOf(person)));
  return [`${domain} owner ${owner}`, ...[...linked].sort().map((person) => `${domain} person ${person}`)];
}

function useOf(group: ReadonlySet<ExceptionState>, nowMs: number): GroupUse {
  const spans = [...group].map(openSpanOf).filter((span): span is Span => span !== null);
  return { repeats: group.size, openMs: openTimeOf(spans, { fromMs: nowMs - capWindowMs, untilMs: nowMs }) };
}
