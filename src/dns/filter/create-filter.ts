import type { Result } from '../../base/index.ts';
import type { CompiledPolicy, Reason, Verdict } from '../../policy/index.ts';
import {
  bareMessage,
  type DnsRecord,
  dnsTypes,
  lowerName,
  type QueryProblem,
  QueryView,
  rcodes,
  readPlainName,
  readQuery,
} from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import { addressData } from '../lookup/address-data.ts';
import type { FoundAnswer } from '../lookup/answer.ts';
import type { RpzMatch } from '../rpz/open-rpz.ts';
import { localDataOf } from '../rpz/rpz-action.ts';
import { type Asker, createAskers } from './asker.ts';
import { confirmAnswer, recordedAnswer, ttlOf, unconfirmed } from './confirm-answer.ts';
import { type ExplainedQuery, explainQuery, type QueryToExplain } from './explain-query.ts';
import type { FilterOptions } from './filter-options.ts';
import { findDeniedLink, type JudgedQuestion, judgeQuestion } from './judge-question.ts';
import { createLearnedNames } from './learned-names.ts';
import {
  denialKind,
  type ExtendedReason,
  errorCodeOf,
  errorCodes,
  failedOutcome,
  noOutcome,
  type Outcome,
  strangers,
  withoutNxDomain,
} from './outcome.ts';
import { createQueryRecords, type DenialDetail, type QueryRecords, type RecordedQuery } from './query-records.ts';
import { type QuickAnswer, QuickAnswers, type ToldAnswer } from './quick-answers.ts';
import { QuickWay } from './quick-way.ts';
import { removedText, screenAnswer } from './screen-answer.ts';
import { createScreenMemory, type ScreenedReply, type ScreenMemory } from './screen-memory.ts';
import { createServerCookies } from './server-cookies.ts';
import { tellAnswer } from './tell-answer.ts';
import { pointersTo, type Told, toldNow } from './told-now.ts';
import { wellKnownAnswer } from './well-known.ts';
import { type Place, problemCodes, sizeOf, writeOutcome } from './write-outcome.ts';

/** What a filter did since it was made. */
export interface FilterCounts {
  readonly queries: number;
  readonly allowed: number;
  readonly denied: number;
  readonly malformed: number;
  readonly failed: number;
  /** Names that clients' resolvers only tried. */
  readonly noise: number;
  readonly fromMemory: number;
}

/** Answers queries by policy. */
export interface DnsFilter {
  /**
   * The length of the reply that was written into `into` (at least 65,535 bytes), 0 for none; or a promise of a reply, null for none, where
   * somebody has to be asked. Never throws or rejects.
   */
  answer(query: Uint8Array, client: DnsClient, into: Uint8Array): number | Promise<Uint8Array | null>;
  /** What a query would come to, step by step; writes nothing. Fault: `no_policy`. */
  explain(asked: QueryToExplain): Promise<Result<ExplainedQuery>>;
  counts(): FilterCounts;
  /** Writes what is due of counted denials; `isLast`: all of it. */
  flush(isLast: boolean): void;
}

const noiseSeconds = 300;

/** Makes a filter. */
export function createFilter(options: FilterOptions): DnsFilter {
  return new Filter(options);
}

class Filter implements DnsFilter {
  readonly #options: FilterOptions;
  readonly #askers;
  readonly #learned;
  readonly #records: QueryRecords;
  readonly #view = new QueryView();
  readonly #memory: ScreenMemory;
  readonly #cookies = createServerCookies();
  readonly #quick: QuickAnswers = new QuickAnswers();
  readonly #quickWay: QuickWay;
  readonly #counts = { queries: 0, allowed: 0, denied: 0, malformed: 0, failed: 0, noise: 0, fromMemory: 0 };

  constructor(options: FilterOptions) {
    this.#options = options;
    this.#askers = createAskers(options);
    this.#learned = createLearnedNames(options.clock);
    this.#records = createQueryRecords(options);
    this.#memory = createScreenMemory(options);
    const own = { askers: this.#askers, records: this.#records, counts: this.#counts, answers: this.#quick };
    this.#quickWay = new QuickWay(options, own);
  }

  answer(query: Uint8Array, client: DnsClient, into: Uint8Array): number | Promise<Uint8Array | null> {
    const view = this.#view;
    try {
      const ready = this.#quickWay.replyTo(query, client, into);
      if (ready > 0) return ready;
      const problem = readQuery(query, query.length, view);
      if (problem !== null) return this.#refuseMalformed(problem, view, { query, client, into });
      this.#counts.queries += 1;
      const quick = this.#quickWay.outcomeOf(view, client);
      if (quick !== null) return this.#writeQuick(quick, view, { query, client, into });
      const outcome = this.#outcomeOf(view, client);
      return outcome instanceof Promise
        ? this.#answerLater(query.slice(), { ...client }, outcome)
        : this.#write(outcome, view, { query, client, into });
    } catch (error) {
      this.#options.observer.failed('dns', error);
      return this.#write(failedOutcome('the query could not be answered'), view, { query, client, into });
    }
  }

  #write(outcome: Outcome, view: QueryView, place: Place): number {
    const cookie = view.hasCookie ? this.#cookies.answer(view, place, this.#options.clock.now()) : null;
    return writeOutcome(outcome, view, place, cookie);
  }

  #writeQuick(found: QuickAnswer, view: QueryView, place: Place): number {
    const length = this.#write(found, view, place);
    this.#quickWay.noteReply(found, view, place, length);
    return length;
  }

  explain(asked: QueryToExplain): Promise<Result<ExplainedQuery>> {
    return explainQuery(this.#options, asked);
  }

  counts(): FilterCounts {
    return { ...this.#counts };
  }

  flush(isLast: boolean): void {
    this.#records.flush(isLast);
    this.#quickWay.sweep();
  }

  // The view is filled by others meanwhile: the query is read once more.
  async #answerLater(query: Uint8Array, client: DnsClient, coming: Promise<Outcome>): Promise<Uint8Array | null> {
    const outcome = await coming.catch((error: unknown) => {
      this.#options.observer.failed('dns', error);
      return failedOutcome('the query could not be answered');
    });
    const view = new QueryView();
    if (readQuery(query, query.length, view) !== null) return null;
    const into = new Uint8Array(sizeOf(outcome));
    const length = this.#write(outcome, view, { query, client, into });
    return length === 0 ? null : into.subarray(0, length);
  }

  #refuseMalformed(problem: QueryProblem, view: QueryView, place: Place): number {
    this.#counts.malformed += 1;
    if (problem === 'drop') return 0;
    const rcode = problemCodes[problem];
    return this.#write({ kind: 'no', rcode, ede: null, soa: null }, view, place);
  }

  #outcomeOf({ name, nameHash, type, isHostName }: QueryView, client: DnsClient): Outcome | Promise<Outcome> {
    const known = wellKnownAnswer(name);
    if (known !== null) return noOutcome(known, name, noiseSeconds);
    const policy = this.#options.policy.current();
    if (policy === null) return this.#deny({ name, type, client, principal: null }, null, 'no_policy');
    const nowMs = this.#options.clock.now();
    const found = this.#askers.find(policy, client, nowMs);
    // What is waited for must not hold an object that is filled again.
    if (found instanceof Promise) {
      const own = { ...client };
      return found.then((asker) =>
        this.#outcomeFor({ name, nameHash, type, isHostName, client: own, asker, policy, nowMs }),
      );
    }
    return this.#outcomeFor({ name, nameHash, type, isHostName, client, asker: found, policy, nowMs });
  }

  #outcomeFor(asked: Asked): Outcome | Promise<Outcome> {
    const { name, type, asker, policy } = asked;
    if (asker.kind === 'unknown') return this.#deny(recorded(asked), null, asker.reason);
    const { principal } = asker;
    if (type === dnsTypes.ptr) {
      const names = this.#learned.namesOf(principal.service, name);
      if (names.length > 0) return toldNow(pointersTo(name, names), 60);
    }
    if (!asked.isHostName) return this.#deny(recorded(asked), null, 'authority_malformed');
    const judged = judgeQuestion(this.#options, policy, principal, asked);
    const { verdict } = judged;
    if (verdict.verdict === 'deny') return this.#denyJudged(asked, verdict);
    if (this.#isBlocked(verdict)) return this.#deny(recorded(asked), verdict, 'records_blocked');
    const zone = this.#options.zones().matchQuestion(name, asker.address);
    return zone === null ? this.#lookUp(asked, judged, null) : this.#applyZone(asked, judged, zone);
  }

  #isBlocked({ grantId }: Verdict): boolean {
    const { records, settings } = this.#options;
    if (records.isKeeping || settings.onFull === 'count') return false;
    return settings.onFull === 'block' || grantId !== null;
  }

  #denyJudged(asked: Asked, verdict: Verdict): Outcome {
    // Resolvers of clients try every suffix on every name: those tries would drown what is really denied.
    if (verdict.reason === 'no_rule_matched' && this.#isNoise(asked.name)) {
      this.#counts.noise += 1;
      return noOutcome('nxdomain', asked.name, noiseSeconds);
    }
    return this.#deny(recorded(asked), verdict, verdict.reason);
  }

  #isNoise(name: string): boolean {
    if (!name.includes('.')) return true;
    return this.#options.settings.searchDomains.some((suffix) => name.endsWith(`.${suffix}`));
  }

  #deny(query: RecordedQuery, verdict: Verdict | null, reason: Reason, more: DenialDetail = {}): Outcome {
    this.#counts.denied += 1;
    const id = this.#records.denied(query, { verdict, reason, ...more });
    // A forged address must not make us send more than it did.
    const ede = { code: errorCodeOf(reason), text: `${id} ${reason}`, isForProven: strangers.has(reason) };
    const { settings } = this.#options;
    const kind = denialKind(reason, settings);
    if (kind !== null) return noOutcome(kind, query.name, settings.denialTtlSeconds, ede);
    return { ...this.#sinkhole(query, settings.denialTtlSeconds), ede };
  }

  #sinkhole({ name, type }: RecordedQuery, seconds: number): Extract<Outcome, { kind: 'told' | 'no' }> {
    const { denial } = this.#options.settings;
    const family = type === dnsTypes.a ? 4 : type === dnsTypes.aaaa ? 6 : 0;
    const addresses = (typeof denial === 'string' ? [] : denial.sinkhole).filter((one) => one.family === family);
    if (addresses.length === 0)
      return { kind: 'no', rcode: rcodes.noError, ede: null, soa: { zone: name, minimumSeconds: seconds } };
    const answers = addresses.map((one) => ({ name, type, class: 1, ttl: seconds, data: addressData(one) }));
    return toldNow({ ...bareMessage(name, type), answers }, seconds);
  }

  #applyZone(asked: Asked, judged: JudgedQuestion, match: RpzMatch): Outcome | Promise<Outcome> {
    const { name, client } = asked;
    const { zone, trigger, action } = match;
    if (action.kind === 'passthru') return this.#lookUp(asked, judged, match);
    if (action.kind === 'tcp_only')
      return client.transport === 'udp' ? { kind: 'again' } : this.#lookUp(asked, judged, match);
    const why = { verdict: judged.verdict, reason: 'response_policy_denied', detail: `${zone}: ${trigger}` } as const;
    this.#counts.denied += 1;
    const id = this.#records.denied(recorded(asked), why);
    if (action.kind === 'drop') return { kind: 'drop' };
    const ede = { code: errorCodes.censored, text: `${id} response_policy_denied` };
    if (action.kind === 'nxdomain' || action.kind === 'nodata')
      return noOutcome(action.kind, name, this.#options.settings.denialTtlSeconds, ede);
    return this.#localData(asked, judged, match, ede);
  }

  // An alias of a zone is followed: resolvers of clients do not do that themselves.
  #localData(asked: Asked, judged: JudgedQuestion, passed: RpzMatch, ede: ExtendedReason): Outcome | Promise<Outcome> {
    const { name, type } = asked;
    const data = localDataOf(passed.action, name, type);
    const seconds = this.#options.settings.denialTtlSeconds;
    if (data.length === 0) return noOutcome('nodata', name, seconds, ede);
    const told = (more: readonly DnsRecord[]): Outcome => ({
      ...toldNow({ ...bareMessage(name, type), answers: [...data, ...more] }, seconds),
      ede,
    });
    const [first] = data;
    const target = first?.type === dnsTypes.cname ? readPlainName(first.data, 0)?.text : undefined;
    if (type === dnsTypes.cname || target === undefined) return told([]);
    // The zone decides where the name leads, and nothing else: denies and the guard hold there as anywhere.
    if (findDeniedLink(this.#options, judged, [lowerName(target)]) !== null) return told([]);
    return this.#options.lookup.ask(lowerName(target), type).then((found) => {
      if (!found.ok) return told([]);
      return told(screenAnswer(this.#options, judged, found.value.answer, passed).message.answers);
    });
  }

  #lookUp(asked: Asked, judged: JudgedQuestion, passed: RpzMatch | null): Outcome | Promise<Outcome> {
    const { name, type } = asked;
    const atHand = this.#options.lookup.atHand(name, type, asked.nowMs);
    if (atHand !== null) {
      this.#counts.fromMemory += 1;
      return this.#tell(asked, judged, { found: { answer: atHand, isStale: false }, passed });
    }
    const client = { ...asked.client };
    return this.#options.lookup.ask(name, type).then((found) => {
      // Rules and grants may have ended while a server was asked.
      const own = {
        ...asked,
        client,
        policy: this.#options.policy.current() ?? asked.policy,
        nowMs: this.#options.clock.now(),
      };
      const again = judgeQuestion(this.#options, own.policy, judged.request.principal, own);
      if (again.verdict.verdict === 'deny') return this.#denyJudged(own, again.verdict);
      if (found.ok) return this.#tell(own, again, { found: found.value, passed });
      this.#counts.failed += 1;
      return failedOutcome(found.fault.message);
    });
  }

  #tell(asked: Asked, judged: JudgedQuestion, { found, passed }: FoundFor): Outcome | Promise<Outcome> {
    const reply = this.#memory.screen(found.answer, judged, passed);
    const { screened, packed } = reply;
    if (screened.denied !== null) {
      const { verdict, link } = screened.denied;
      return this.#deny(recorded(asked), verdict, verdict.reason, { detail: `by way of ${link}` });
    }
    if (screened.zone !== null) return this.#applyZone(asked, judged, screened.zone);
    const removed = removedText(screened.removed);
    if (packed === null) {
      const reason = screened.removed[0]?.reason ?? 'address_forbidden';
      // The name exists: it has nothing that may be told.
      return withoutNxDomain(
        this.#deny(recorded(asked), judged.verdict, reason, { stage: 'address', detail: removed ?? '' }),
      );
    }
    const { verdict } = judged;
    const outcome = tellAnswer(this.#options, found, { screened, packed }, { verdict, nowMs: asked.nowMs });
    const isDue = this.#records.isDue(verdict.wouldDeny, removed);
    this.#counts.allowed += 1;
    this.#learn(asked, reply, outcome);
    const { answerSink } = this.#options;
    // Only what is reached by its address needs it to be known: a helper that is dead must not end DNS for everybody.
    const isByAddress = verdict.admission.tcp || verdict.admission.udp;
    if (answerSink !== null && isByAddress && asked.asker.kind === 'known' && reply.screened.addresses.length > 0) {
      // `asked` is the listener's to use again once this returns.
      const query = { ...recorded(asked), client: { ...asked.client } };
      const told = { query, service: asked.asker.principal.service, verdict, reply, outcome, isDue, removed };
      return confirmAnswer(answerSink, this.#records, told).then((isConfirmed) => {
        if (isConfirmed) return outcome;
        this.#counts.failed += 1;
        return failedOutcome(unconfirmed);
      });
    }
    if (isDue) {
      const answer = recordedAnswer(reply, outcome);
      this.#records.allowed(recorded(asked), { verdict, flow: this.#records.newFlow(), detail: removed, answer });
    }
    if (passed === null && !found.isStale)
      this.#remember(asked, judged, { answer: found.answer, reply, told: outcome });
    return outcome;
  }

  #remember(asked: Asked, judged: JudgedQuestion, told: Omit<ToldAnswer, 'zones'>): void {
    if (asked.client.proofs.length > 0) return;
    this.#quick.note(asked, asked.asker, judged, { ...told, zones: this.#options.zones() });
  }

  #learn(asked: Asked, reply: ScreenedReply, outcome: Told): void {
    const { addresses } = reply.screened;
    if (reply.isLearned || asked.asker.kind === 'unknown' || addresses.length === 0) return;
    reply.isLearned = true;
    const { service } = asked.asker.principal;
    this.#learned.learn({ service, name: asked.name, ttlSeconds: ttlOf(outcome) }, addresses, asked.nowMs);
  }
}

interface FoundFor {
  readonly found: FoundAnswer;
  /** The entry of a response policy zone that let the question pass. */
  readonly passed: RpzMatch | null;
}

interface Asked {
  readonly name: string;
  readonly nameHash: number;
  readonly type: number;
  readonly isHostName: boolean;
  readonly client: DnsClient;
  readonly asker: Asker;
  readonly policy: CompiledPolicy;
  /** When it is answered (epoch milliseconds). */
  readonly nowMs: number;
}

function recorded({ name, type, client, asker }: Asked): RecordedQuery {
  return { name, type, client, principal: asker.kind === 'known' ? asker.principal : null };
}
