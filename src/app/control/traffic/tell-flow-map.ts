import type { FlowMapAnswer } from '../../../api/contract/index.ts';
import type { FlowMapPort } from '../../../api/index.ts';
import { type Clock, ok, type Result } from '../../../base/index.ts';
import { type ExceptionState, statusOf } from '../../../exceptions/index.ts';
import { drawRiver, type RiverFacts, type RiverRule, type TrafficOfSpan } from '../../../flowmap/traffic/index.ts';
import type { WaysOut } from '../../../policy/index.ts';
import type { PolicyOutcome, PolicyQuestion } from '../policy-outcome.ts';
import type { TrafficKeeper } from './keep-traffic.ts';

/** What the flow map is made from. */
export interface FlowMapOptions {
  readonly clock: Clock;
  readonly traffic: Pick<TrafficKeeper, 'caughtUp' | 'traffic'>;
  readonly exceptions: () => ReadonlyMap<string, ExceptionState>;
  readonly askPolicy: <T>(question: PolicyQuestion) => Promise<Result<T>>;
  readonly onPolicyOutcome: (listener: (outcome: PolicyOutcome) => void) => void;
}

/** What the policy in force lets out, and which version it is. */
export type KnownWays = WaysOut & { readonly version: string };

// Pages renew themselves, and several people look at once: the same question is answered once in so long.
const keptAnswerMs = 2_000;
const mostKept = 16;

/** Makes the port of the flow map. What the policy in force says is asked once for each version. */
export function createFlowMapPort(options: FlowMapOptions): FlowMapPort {
  const { clock, traffic, askPolicy } = options;
  let ways: Promise<Result<KnownWays>> | null = null;
  options.onPolicyOutcome((outcome) => {
    if (outcome.kind === 'written') ways = null;
  });
  const askWays = async (): Promise<Result<KnownWays>> => {
    const asked = ways ?? askPolicy<KnownWays>({ kind: 'ways-out', policyVersion: null });
    ways = asked;
    const said = await asked;
    // Nothing in force yet, or busy with another one: asked again next time.
    if (!said.ok && ways === asked) ways = null;
    return said;
  };
  const draw: FlowMapPort = async (query) => {
    await traffic.caughtUp();
    const found = traffic.traffic(query.sinceMs, query.untilMs);
    if (!found.ok) return found;
    const said = await askWays();
    const facts = toFacts(said.ok ? said.value : null, options.exceptions(), clock.now());
    const { measure, from, to, service = null, nodes, unused } = query;
    const river = drawRiver(found.value.rows, facts, {
      measure,
      from,
      to,
      service,
      nodes,
      withUnused: unused === 'yes',
    });
    const { paths, ...rest } = river;
    return ok({
      ...spanOf(found.value),
      policyVersion: said.ok ? said.value.version : null,
      ...rest,
      paths: paths.map(({ lastMs, ...path }) => ({ ...path, lastAt: new Date(lastMs).toISOString() })),
      notes: notesOn(found.value, query.sinceMs, said),
    });
  };
  return keepAnswers(draw, clock);
}

function spanOf(span: TrafficOfSpan): Pick<FlowMapAnswer, 'since' | 'until' | 'countedSince'> {
  const { sinceMs, untilMs, countedSinceMs } = span;
  return {
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    countedSince: countedSinceMs === null ? null : new Date(countedSinceMs).toISOString(),
  };
}

function toFacts(ways: WaysOut | null, exceptions: ReadonlyMap<string, ExceptionState>, nowMs: number): RiverFacts {
  const services = (ways?.services ?? []).map(({ name, ...home }) => [name, home] as const);
  const rules = (ways?.ways ?? []).map((way): RiverRule => ({ kind: 'rule', ...way }));
  const granted = [...exceptions.values()].filter((state) => statusOf(state, nowMs).status === 'active').map(toRule);
  return { services: new Map(services), rules: [...rules, ...granted.filter((rule) => rule !== null)] };
}

function toRule({ id, grant }: ExceptionState): RiverRule | null {
  if (grant === null) return null;
  const { service, to, owner, reason } = grant.spec;
  // Its class hangs on the policy, which is asked for rules only.
  return { kind: 'exception', id, service, to, class: 'ordinary', owner, reason, at: null };
}

function notesOn({ countedSinceMs }: TrafficOfSpan, sinceMs: number, said: Result<KnownWays>): readonly string[] {
  const notes: string[] = [];
  if (countedSinceMs !== null && countedSinceMs > sinceMs) {
    const since = `${new Date(countedSinceMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    notes.push(`nothing is counted from before ${since}: what seems unused may have been used earlier`);
  }
  if (!said.ok) notes.push(`teams, environments and what is unused are not known: ${said.fault.message}`);
  else if (said.value.leftOut > 0) notes.push(`${said.value.leftOut} entries of the policy are not looked at`);
  return notes;
}

function keepAnswers(draw: FlowMapPort, clock: Clock): FlowMapPort {
  const kept = new Map<string, { readonly atMs: number; readonly answer: ReturnType<FlowMapPort> }>();
  return (query) => {
    const nowMs = clock.now();
    // A time that ends now moves on all the while; what it shows moves with the records.
    const at = (ms: number): number => Math.floor(ms / keptAnswerMs);
    const key = JSON.stringify({ ...query, sinceMs: at(query.sinceMs), untilMs: at(query.untilMs) });
    const known = kept.get(key);
    if (known !== undefined && nowMs - known.atMs < keptAnswerMs) return known.answer;
    const answer = draw(query);
    kept.delete(key);
    kept.set(key, { atMs: nowMs, answer });
    for (const [eldest] of kept) {
      if (kept.size <= mostKept) break;
      kept.delete(eldest);
    }
    return answer;
  };
}
