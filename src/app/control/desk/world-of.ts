import type { Clock, Digest } from '../../../base/index.ts';
import {
  type ExceptionSpec,
  type ExceptionState,
  type Ledger,
  linkPeople,
  scopeDomainOf,
  type World,
} from '../../../exceptions/index.ts';
import type { ExceptionFacts } from '../../../policy/index.ts';
import type { Standing } from './standing.ts';

/** What is known when something is decided. */
export interface Knowledge {
  readonly ledger: Ledger;
  readonly standing: Standing;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly points: () => Pick<World, 'points' | 'sequence'>;
}

/** An exception where it stands: at hand, or read from the ledger; null for none. */
export async function findException({ ledger, standing }: Knowledge, id: string): Promise<ExceptionState | null> {
  const held = standing.exceptions.get(id);
  if (held !== undefined) return held;
  const view = await ledger.view('exception', id);
  return view === null ? null : standing.hold(view);
}

/** What a transition may know. What counts together is looked up only where there is a spec. */
export function worldOf(
  { standing, clock, digest, points }: Knowledge,
  facts: ExceptionFacts | null,
  about: { readonly spec: ExceptionSpec | null; readonly requester: string },
): World {
  const nowMs = clock.now();
  const { directory } = standing;
  const people = linkPeople(directory, nowMs).membersOf(about.requester);
  const related = about.spec === null ? [] : standing.related(scopeDomainOf(about.spec.to), people);
  const extended = about.spec?.extends ?? null;
  const also = extended === null ? undefined : standing.exceptions.get(extended);
  const all = also === undefined || related.includes(also) ? related : [...related, also];
  return { directory, nowMs, facts, related: all, digest, domainOf: standing.domainOf, ...points() };
}
