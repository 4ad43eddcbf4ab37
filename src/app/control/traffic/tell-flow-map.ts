import type { FlowMapPort } from '../../../api/index.ts';
import { type Clock, ok, type Result } from '../../../base/index.ts';
import type { ExceptionState } from '../../../exceptions/index.ts';
import { drawRiver } from '../../../flowmap/traffic/index.ts';
import type { PolicyOutcome, PolicyQuestion } from '../policy-outcome.ts';
import type { TrafficKeeper } from './keep-traffic.ts';
import { grantedRules, type KnownWays, notesOn, toFacts, toFlowMap, toRiverQuery } from './river-answer.ts';

/** What the flow map is made from. */
export interface FlowMapOptions {
  readonly clock: Clock;
  readonly traffic: Pick<TrafficKeeper, 'caughtUp' | 'traffic'>;
  readonly exceptions: () => ReadonlyMap<string, ExceptionState>;
  readonly askPolicy: <T>(question: PolicyQuestion) => Promise<Result<T>>;
  readonly onPolicyOutcome: (listener: (outcome: PolicyOutcome) => void) => void;
}

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
    const facts = toFacts(said.ok ? said.value : null, grantedRules(options.exceptions(), clock.now()));
    const river = drawRiver(found.value.rows, facts, toRiverQuery(query));
    const { rows: _, ...span } = found.value;
    const policyVersion = said.ok ? said.value.version : null;
    return ok(toFlowMap(river, { span, policyVersion, notes: notesOn(span, query.sinceMs, said) }));
  };
  return keepAnswers(draw, clock);
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
