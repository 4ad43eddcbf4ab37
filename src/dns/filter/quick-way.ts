import type { CompiledPolicy, DecisionFacts, NetworkFacts } from '../../policy/index.ts';
import type { QueryView } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import { secondsBetween } from '../lookup/answer.ts';
import type { RpzIndex } from '../rpz/open-rpz.ts';
import type { Asker, Askers } from './asker.ts';
import { recordedAnswer } from './confirm-answer.ts';
import type { FilterOptions } from './filter-options.ts';
import type { QueryRecords } from './query-records.ts';
import type { QuickAnswer, QuickAnswers } from './quick-answers.ts';
import { notReady, ReadyReplies } from './ready-replies.ts';
import { toldFromMs } from './screen-memory.ts';
import type { Place } from './write-outcome.ts';

/** What the short way shares with the long one. */
export interface QuickWayParts {
  readonly askers: Askers;
  readonly records: QueryRecords;
  readonly answers: QuickAnswers;
  readonly counts: { queries: number; allowed: number; fromMemory: number };
}

/** What all replies that stand ready were judged by. */
interface InForce {
  readonly policy: CompiledPolicy;
  readonly facts: DecisionFacts;
  readonly zones: RpzIndex;
  readonly network: NetworkFacts;
}

/**
 * The short way for a question that was allowed and answered a moment ago: whatever the long way looks at is looked at, by comparing it with
 * what it was. Such an answer is counted and recorded like any other. Makes nothing.
 */
export class QuickWay {
  readonly #options: FilterOptions;
  readonly #parts: QuickWayParts;
  readonly #ready = new ReadyReplies();
  #readyBy: InForce | null = null;
  /** The turn in which what is in force was looked at last, and who asked in it. */
  #turn: number | null = null;
  #turnAddress = '';
  #turnAsker: Asker | null = null;

  constructor(options: FilterOptions, parts: QuickWayParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /**
   * Writes the reply to a query that came before as it is, but for its id and the case of its letters, and gives its length. 0: it has to be
   * read, as every query whose record is due.
   */
  replyTo(query: Uint8Array, client: DnsClient, into: Uint8Array): number {
    const nowMs = client.takenAtMs ?? this.#options.clock.now();
    const asker = this.#askerInForce(client, nowMs);
    if (asker === null) return 0;
    const { records, counts } = this.#parts;
    const slot = this.#ready.find(query, asker, nowMs);
    if (slot === notReady || this.#ready.lengthOf(slot) > client.maxBytes || !records.passes()) return 0;
    counts.queries += 1;
    counts.fromMemory += 1;
    counts.allowed += 1;
    return this.#ready.write(slot, query, into, nowMs);
  }

  // Null where nothing that stands ready may be told. In a turn nothing else runs, so it is looked at once for each client that comes.
  #askerInForce(client: DnsClient, nowMs: number): Asker | null {
    const { turn, address } = client;
    if (turn !== undefined && turn === this.#turn && address === this.#turnAddress) return this.#turnAsker;
    const by = this.#readyBy;
    const policy = this.#policyFor(client);
    if (by === null || policy === null || !this.#isInForce(by, policy)) return null;
    const asker = this.#parts.askers.find(policy, client, nowMs);
    if (asker instanceof Promise) return null;
    this.#turn = turn ?? null;
    this.#turnAddress = address;
    this.#turnAsker = asker;
    return asker;
  }

  /** Keeps the reply that was written for what `outcomeOf` gave, for a query that comes again. */
  noteReply(found: QuickAnswer, view: QueryView, { query, into }: Place, length: number): void {
    const { policy, facts, zones, network, asker, place, storedAtMs, packed, ttlCapSeconds } = found;
    // A cookie is another each time. What was cut has all its records for whoever takes more.
    if (view.hasCookie || length < packed.bytes.length) return;
    if (this.#readyBy === null || !isSame(this.#readyBy, found)) {
      this.#ready.forget();
      this.#readyBy = { policy, facts, zones, network };
    }
    this.#ready.note({
      ...{
        query,
        nameEnd: view.nameEnd,
        reply: into.subarray(0, length),
        packed,
        ttlCapSeconds,
        asker,
        place,
        storedAtMs,
      },
      fromMs: Math.max(storedAtMs, toldFromMs(found)),
      untilMs: Math.min(place.freshUntilMs, found.untilMs),
    });
  }

  /** Lets go of some of what is told no more. To be called now and then. */
  sweep(): void {
    this.#parts.answers.sweep();
    this.#ready.sweep();
  }

  /** What it comes to; null: it has to go the long way. */
  outcomeOf(view: QueryView, client: DnsClient): QuickAnswer | null {
    // Whatever comes of it, such as a record that cannot be kept, is seen by the next one.
    this.#turn = null;
    const policy = this.#policyFor(client);
    if (policy === null) return null;
    const nowMs = client.takenAtMs ?? this.#options.clock.now();
    const asker = this.#parts.askers.find(policy, client, nowMs);
    const found = asker instanceof Promise ? null : this.#find(view, asker, policy, nowMs);
    return found === null ? null : this.#tell(found, client, nowMs);
  }

  // Null where a question has to go the long way, whatever it is.
  #policyFor({ proofs }: DnsClient): CompiledPolicy | null {
    const { policy, records, settings } = this.#options;
    const isLong = proofs.length > 0 || (!records.isKeeping && settings.onFull !== 'count');
    return isLong ? null : policy.current();
  }

  #find(view: QueryView, asker: Asker, policy: CompiledPolicy, nowMs: number): QuickAnswer | null {
    const found = this.#parts.answers.find(view, asker, nowMs);
    return found !== null && this.#isInForce(found, policy) ? found : null;
  }

  #isInForce(by: InForce, policy: CompiledPolicy): boolean {
    const { policy: holder, zones } = this.#options;
    const isSameForce = by.policy === policy && by.facts === holder.facts();
    return isSameForce && by.zones === zones() && by.network === holder.network();
  }

  #tell(found: QuickAnswer, client: DnsClient, nowMs: number): QuickAnswer {
    const { counts, records } = this.#parts;
    found.place.isUsed = true;
    counts.fromMemory += 1;
    counts.allowed += 1;
    found.ageSeconds = secondsBetween(found.storedAtMs, nowMs);
    // What is remembered is allowed by a rule, and would be.
    if (records.isDue(false, null)) {
      const { name, type, asker, verdict, reply } = found;
      const query = { name, type, client, principal: asker.principal };
      const answer = recordedAnswer(reply, found);
      records.allowed(query, { verdict, flow: records.newFlow(), detail: null, answer });
    }
    return found;
  }
}

function isSame(one: InForce, other: InForce): boolean {
  const isSameForce = one.policy === other.policy && one.facts === other.facts;
  return isSameForce && one.zones === other.zones && one.network === other.network;
}
