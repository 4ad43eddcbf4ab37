import type { FlowMapAnswer, FlowMapQuery } from '../../../api/contract/index.ts';
import type { Result } from '../../../base/index.ts';
import { type ExceptionState, statusOf } from '../../../exceptions/index.ts';
import type { River, RiverFacts, RiverQuery, RiverRule, TrafficOfSpan } from '../../../flowmap/traffic/index.ts';
import type { WaysOut } from '../../../policy/index.ts';

/** The most entries of a policy that a flow map looks at: what crosses from a worker in a blink. One of more says how many it did not look at. */
export const mostWaysOut = 20_000;

/** What the policy in force lets out, and which version it is. */
export type KnownWays = WaysOut & { readonly version: string };

/** The facts that a river is drawn with: what a policy lets out, null where it is not known, and the exceptions that are in force. */
export function toFacts(ways: WaysOut | null, granted: readonly RiverRule[]): RiverFacts {
  const services = (ways?.services ?? []).map(({ name, ...home }) => [name, home] as const);
  const rules = (ways?.ways ?? []).map((way): RiverRule => ({ kind: 'rule', ...way }));
  return { services: new Map(services), rules: [...rules, ...granted] };
}

/** The exceptions in force, as entries that let something out. */
export function grantedRules(exceptions: ReadonlyMap<string, ExceptionState>, nowMs: number): readonly RiverRule[] {
  return [...exceptions.values()]
    .filter((state) => statusOf(state, nowMs).status === 'active')
    .map(toRule)
    .filter((rule) => rule !== null);
}

function toRule({ id, grant }: ExceptionState): RiverRule | null {
  if (grant === null) return null;
  const { service, to, owner, reason } = grant.spec;
  // Its class hangs on the policy, which is asked for rules only.
  return { kind: 'exception', id, service, to, class: 'ordinary', owner, reason, at: null };
}

/** What a river is asked for, as the API is. */
export function toRiverQuery(query: Omit<FlowMapQuery, 'since' | 'until'>): RiverQuery {
  const { measure, from, to, service = null, nodes, unused } = query;
  return { measure, from, to, service, nodes, withUnused: unused === 'yes' };
}

/** When a river was, whose entries it tells of, and what it cannot see. */
export interface RiverFrame {
  readonly span: Omit<TrafficOfSpan, 'rows'>;
  readonly policyVersion: string | null;
  readonly notes: readonly string[];
}

/** A river as the API tells it. */
export function toFlowMap({ paths, ...rest }: River, { span, policyVersion, notes }: RiverFrame): FlowMapAnswer {
  const { sinceMs, untilMs, countedSinceMs } = span;
  return {
    since: instant(sinceMs),
    until: instant(untilMs),
    countedSince: countedSinceMs === null ? null : instant(countedSinceMs),
    policyVersion,
    ...rest,
    paths: paths.map(({ lastMs, ...path }) => ({ ...path, lastAt: instant(lastMs) })),
    notes,
  };
}

/** What a flow map cannot see: what was before anything was counted, and what is not known of the policy. */
export function notesOn(
  { countedSinceMs }: Pick<TrafficOfSpan, 'countedSinceMs'>,
  sinceMs: number,
  said: Result<Pick<KnownWays, 'leftOut'>>,
): readonly string[] {
  const notes: string[] = [];
  if (countedSinceMs !== null && countedSinceMs > sinceMs) {
    const since = `${instant(countedSinceMs).slice(0, 16).replace('T', ' ')} UTC`;
    notes.push(`nothing is counted from before ${since}: what seems unused may have been used earlier`);
  }
  if (!said.ok) notes.push(`teams, environments and what is unused are not known: ${said.fault.message}`);
  else if (said.value.leftOut > 0) notes.push(`${said.value.leftOut} entries of the policy are not looked at`);
  return notes;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
