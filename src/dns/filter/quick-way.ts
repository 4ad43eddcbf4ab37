import type { CompiledPolicy } from '../../policy/index.ts';
import type { QueryView } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import { secondsBetween } from '../lookup/answer.ts';
import type { Asker, Askers } from './asker.ts';
import { recordedAnswer } from './confirm-answer.ts';
import type { FilterOptions } from './filter-options.ts';
import type { QueryRecords } from './query-records.ts';
import type { QuickAnswer, QuickAnswers } from './quick-answers.ts';
import type { Told } from './told-now.ts';

/** What the short way shares with the long one. */
export interface QuickWayParts {
  readonly askers: Askers;
  readonly records: QueryRecords;
  readonly answers: QuickAnswers;
  readonly counts: { allowed: number; fromMemory: number };
}

/**
 * The short way for a question that was allowed and answered a moment ago: whatever the long way looks at is looked at, by comparing it with
 * what it was. Such an answer is counted and recorded like any other. Makes nothing.
 */
export class QuickWay {
  readonly #options: FilterOptions;
  readonly #parts: QuickWayParts;

  constructor(options: FilterOptions, parts: QuickWayParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** What it comes to; null: it has to go the long way. */
  outcomeOf(view: QueryView, client: DnsClient): Told | null {
    const { policy: holder, records, settings, clock } = this.#options;
    const policy = holder.current();
    if (policy === null || client.proofs.length > 0) return null;
    if (!records.isKeeping && settings.onFull !== 'count') return null;
    const nowMs = client.takenAtMs ?? clock.now();
    const asker = this.#parts.askers.find(policy, client, nowMs);
    const found = asker instanceof Promise ? null : this.#find(view, asker, policy, nowMs);
    return found === null ? null : this.#tell(found, client, nowMs);
  }

  #find(view: QueryView, asker: Asker, policy: CompiledPolicy, nowMs: number): QuickAnswer | null {
    const found = this.#parts.answers.find(view, asker, nowMs);
    if (found === null || found.policy !== policy) return null;
    const { policy: holder, zones } = this.#options;
    const isSame = found.facts === holder.facts() && found.zones === zones() && found.network === holder.network();
    return isSame ? found : null;
  }

  #tell(found: QuickAnswer, client: DnsClient, nowMs: number): Told {
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
