import type { CompiledPolicy, DecisionFacts, NetworkFacts, Verdict } from '../../policy/index.ts';
import { dnsTypes } from '../../wire/index.ts';
import type { Answer, AnswerPlace } from '../lookup/answer.ts';
import type { RpzIndex } from '../rpz/open-rpz.ts';
import type { Asker } from './asker.ts';
import type { JudgedQuestion } from './judge-question.ts';
import { isCurrent, type ScreenedReply } from './screen-memory.ts';
import type { Told } from './told-now.ts';

/** A question as it is looked for: `nameHash` is that of its view. */
export interface QuickQuestion {
  readonly name: string;
  readonly nameHash: number;
  readonly type: number;
}

/** What is told, written anew for each reply. */
type OwnTold = { -readonly [Key in keyof Told]: Told[Key] };

/**
 * What a question of an asker came to, and everything that made it so. In one object, for with thousands of names each further one that is looked
 * at is not in the processor's cache.
 */
export interface QuickAnswer extends OwnTold {
  readonly name: string;
  readonly type: number;
  readonly asker: KnownAsker;
  readonly policy: CompiledPolicy;
  readonly facts: DecisionFacts;
  readonly zones: RpzIndex;
  readonly verdict: Verdict;
  readonly reply: ScreenedReply;
  readonly place: AnswerPlace;
  readonly storedAtMs: number;
  /** Until when the reply may be told, and the network that it was screened by. */
  readonly untilMs: number;
  readonly network: NetworkFacts;
}

type KnownAsker = Extract<Asker, { readonly kind: 'known' }>;

/** An answer that was told, as it was screened. */
export interface ToldAnswer {
  readonly answer: Answer;
  readonly reply: ScreenedReply;
  readonly told: Told;
  readonly zones: RpzIndex;
}

const placeBits = 15;
const places = 1 << placeBits;
/** A sweep looks at so many places: with one each half second the whole table has been looked at in four seconds. */
const sweptAtOnce = places / 8;
/** Larger answers go the long way: what is held here is little. */
const mostBytes = 1_232;

/**
 * What questions came to lately that come again and again: asked by the same asker, judged by the same policy with the same facts, answered by
 * the same answer. INVARIANT: nothing is found here that the long way would not tell at that moment, byte for byte. So it remembers only
 * what a rule of an enforced service allows, which no clock changes.
 */
export class QuickAnswers {
  readonly #table: (QuickAnswer | undefined)[] = Array.from({ length: places });
  #swept = 0;

  /** What a question comes to at an instant (epoch milliseconds), or null; whether policy, facts and zones are the same is for the caller to see. */
  find({ name, nameHash, type }: QuickQuestion, asker: Asker, nowMs: number): QuickAnswer | null {
    const at = placeOf(nameHash, type, asker);
    const first = this.#table[at];
    const found = isOf(first, name, type, asker) ? first : this.#table[at ^ 1];
    return isOf(found, name, type, asker) && isAtHand(found, nowMs) ? found : null;
  }

  /** Remembers what a question came to, if it would come to the same again. */
  note({ name, nameHash, type }: QuickQuestion, asker: Asker, judged: JudgedQuestion, told: ToldAnswer): void {
    const { answer, reply, zones } = told;
    const { place, storedAtMs } = answer;
    if (asker.kind !== 'known' || place === null || type === dnsTypes.ptr) return;
    if (!isSteady(judged.verdict) || !isPlain(told)) return;
    const { policy, verdict } = judged;
    const { facts } = judged.request;
    const at = placeOf(nameHash, type, asker);
    const before = this.#table[at];
    // Two that meet in one place have both room, and the older of three goes.
    if (before !== undefined && !isOf(before, name, type, asker)) this.#table[at ^ 1] = before;
    this.#table[at] = {
      ...told.told,
      ...{ name, type, asker, policy, facts, zones, verdict, reply, place, storedAtMs },
      ...{ untilMs: reply.untilMs, network: reply.network },
    };
  }

  /** Lets go of some of what is told no more. To be called now and then. */
  sweep(): void {
    const end = this.#swept + sweptAtOnce;
    for (let at = this.#swept; at < end; at += 1) {
      if (this.#table[at]?.place.isKept === false) this.#table[at] = undefined;
    }
    this.#swept = end % places;
  }
}

function placeOf(nameHash: number, type: number, { id }: Asker): number {
  const mixed = Math.imul(nameHash ^ Math.imul(type, 0x85ebca6b) ^ Math.imul(id, 0x9e3779b1), 0xc2b2ae35);
  return mixed >>> (32 - placeBits);
}

function isOf(found: QuickAnswer | undefined, name: string, type: number, asker: Asker): found is QuickAnswer {
  return found !== undefined && found.name === name && found.type === type && found.asker === asker;
}

function isAtHand(found: QuickAnswer, nowMs: number): boolean {
  const { place } = found;
  return place.isKept && nowMs < place.freshUntilMs && nowMs >= found.storedAtMs && isCurrent(found, nowMs);
}

// A grant has an end, and so has observing: that of a service, and that of sources without an identity.
function isSteady({ verdict, reason, mode, wouldDeny, grantId }: Verdict): boolean {
  return verdict === 'allow' && reason === 'rule_matched' && mode === 'enforce' && !wouldDeny && grantId === null;
}

// Nothing was taken out, the way back to the name is known, and no word of explanation goes with it.
function isPlain({ reply, told }: ToldAnswer): boolean {
  const { removed, addresses } = reply.screened;
  const isLearned = reply.isLearned || addresses.length === 0;
  return removed.length === 0 && isLearned && told.ede === null && told.packed.bytes.length <= mostBytes;
}
