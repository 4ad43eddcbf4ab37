import type { CompiledPolicy, DecisionFacts, NetworkFacts, Reason } from '../../policy/index.ts';
import { type PackedAnswer, packAnswer } from '../../wire/index.ts';
import type { Answer } from '../lookup/answer.ts';
import type { RpzIndex, RpzMatch } from '../rpz/open-rpz.ts';
import type { FilterOptions } from './filter-options.ts';
import type { JudgedQuestion } from './judge-question.ts';
import { type ScreenedAnswer, screenAnswer } from './screen-answer.ts';

/** What of an answer a service may be told, packed for replies; null where nothing is left of it. */
export interface ScreenedReply {
  readonly screened: ScreenedAnswer;
  readonly packed: PackedAnswer | null;
  /** Whether its addresses were learned for the service. The same answer is told many times a second; it is screened anew every ten minutes. */
  isLearned: boolean;
  /** The machine's own addresses that it was screened by. */
  readonly network: NetworkFacts;
  /** Until when it may be told (epoch milliseconds). */
  readonly untilMs: number;
}

/** Whether a reply is not too old at an instant (epoch milliseconds), nor made after it. */
export function isCurrent(reply: Pick<ScreenedReply, 'untilMs'>, nowMs: number): boolean {
  return nowMs < reply.untilMs && nowMs >= toldFromMs(reply);
}

/** From when on a reply may be told (epoch milliseconds). */
export function toldFromMs({ untilMs }: Pick<ScreenedReply, 'untilMs'>): number {
  return untilMs - keptMs;
}

/** Screens answers, once for each service while policy and grants are the same. */
export interface ScreenMemory {
  /** `passed`: the entry of a response policy zone that let the question pass, null for none. */
  screen(answer: Answer, judged: JudgedQuestion, passed: RpzMatch | null): ScreenedReply;
}

interface Kept extends ScreenedReply {
  readonly service: string;
  readonly policy: CompiledPolicy;
  readonly facts: DecisionFacts;
  readonly reason: Reason;
  readonly grantId: string | null;
  readonly identity: string;
  readonly strength: string;
  /** Zones from this place on were not looked at. */
  readonly passedRank: number | null;
  readonly zones: RpzIndex;
}

/** The way back to a name is learned anew when its answer is screened anew, and is known for an hour. */
const keptMs = 600_000;

/** Makes the memory; it forgets an answer together with the cache. */
export function createScreenMemory(options: FilterOptions): ScreenMemory {
  const known = new WeakMap<Answer, Screens>();
  return {
    screen: (answer, judged, passed) => {
      const { service } = judged.request.principal;
      const screens = known.get(answer);
      const kept = screens === undefined ? undefined : keptFor(screens, service);
      if (kept !== undefined && holds(kept, judged, passed) && isSame(kept, options)) return kept;
      const made = make(options, answer, judged, passed);
      if (screens === undefined) known.set(answer, { last: made, byService: new Map([[service, made]]) });
      else add(screens, made);
      return made;
    },
  };
}

/** What services were told of one answer, and which of them asked last. */
interface Screens {
  last: Kept;
  readonly byService: Map<string, Kept>;
}

// Nearly every answer is asked for by one service at a time.
function keptFor(screens: Screens, service: string): Kept | undefined {
  if (screens.last.service === service) return screens.last;
  const kept = screens.byService.get(service);
  if (kept !== undefined) screens.last = kept;
  return kept;
}

function add(screens: Screens, made: Kept): void {
  screens.last = made;
  screens.byService.set(made.service, made);
}

function isSame({ zones, network }: Kept, options: FilterOptions): boolean {
  return zones === options.zones() && network === options.policy.network();
}

// Whatever the verdict and the screening look at must be the same: what is only like it would hand one client what another may have.
function holds(
  kept: Kept,
  { policy, request: { principal, facts, now }, verdict }: JudgedQuestion,
  passed: RpzMatch | null,
): boolean {
  return (
    kept.policy === policy &&
    kept.facts === facts &&
    kept.reason === verdict.reason &&
    kept.grantId === verdict.grantId &&
    kept.strength === principal.strength &&
    kept.identity === principal.identity &&
    kept.passedRank === (passed?.rank ?? null) &&
    isCurrent(kept, now)
  );
}

function make(options: FilterOptions, answer: Answer, judged: JudgedQuestion, passed: RpzMatch | null): Kept {
  const { policy, request, verdict } = judged;
  const screened = screenAnswer(options, judged, answer, passed);
  const { reason, grantId } = verdict;
  const { service, identity, strength } = request.principal;
  const packed = isNothingLeft(answer, screened) ? null : packAnswer(screened.message);
  return {
    service,
    policy,
    facts: request.facts,
    reason,
    grantId,
    identity,
    strength,
    passedRank: passed?.rank ?? null,
    untilMs: request.now + keptMs,
    zones: options.zones(),
    network: options.policy.network(),
    screened,
    packed,
    isLearned: false,
  };
}

// Addresses were there, and the guard took every one.
function isNothingLeft({ message, type }: Answer, { message: left, removed }: ScreenedAnswer): boolean {
  return (
    removed.length > 0 &&
    message.answers.some((each) => each.type === type) &&
    !left.answers.some((each) => each.type === type)
  );
}
