import { denied, denyRecord, RepeatedDenials, type VerdictFacts, verdictRecord } from '../../enforcement/index.ts';
import type { Principal } from '../../identity/index.ts';
import type { Reason, RecordedAnswer, Verdict, VerdictRecord } from '../../policy/index.ts';
import { typeName } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import type { FilterOptions } from './filter-options.ts';

/** A query as records tell of it. */
export interface RecordedQuery {
  readonly name: string;
  readonly type: number;
  readonly client: DnsClient;
  readonly principal: Principal | null;
}

/** More about a denial. `detail` is for people and the log; `stage` is `address` where the name was fine. Default: `name`. */
export interface DenialDetail {
  readonly detail?: string;
  readonly stage?: 'name' | 'address';
}

/** A query that was let through. */
export interface PassedQuery {
  readonly verdict: Verdict;
  readonly flow: string;
  /** What was taken out of the answer, or why it was not given; null for nothing. */
  readonly detail: string | null;
  /** Null where it has no addresses, or was not given. */
  readonly answer: RecordedAnswer | null;
}

/** Writes what became of queries. */
export interface QueryRecords {
  /** Whether a query that was let through is to be recorded: when its turn comes, by the share of the settings, and always where something was taken out. */
  isDue(wouldDeny: boolean, removed: string | null): boolean;
  /** Counts a query that is let through, as `isDue` does, where its turn has not come and nothing else has it recorded; else false, and it is not counted. */
  passes(): boolean;
  /** A flow for the record of a query that is let through: such a record has the id of its flow. */
  newFlow(): string;
  allowed(query: RecordedQuery, passed: PassedQuery): void;
  /** A query that was not; gives the id to tell. */
  denied(
    query: RecordedQuery,
    why: DenialDetail & { readonly verdict: Verdict | null; readonly reason: Reason },
  ): string;
  /** Writes the sums of denials that were only counted, when their time has come. */
  flush(isLast: boolean): void;
}

/** Makes the writer. Denials that repeat are counted in sums, as those of the proxy are, and so are those that enforce would make. */
export function createQueryRecords(options: FilterOptions): QueryRecords {
  const { clock, newId, records, observer, settings, policy } = options;
  const denials = new RepeatedDenials(newId);
  // A table of their own: names that observe lets through must not crowd out what is denied.
  const wouldBeDenials = new RepeatedDenials(newId);
  // One in so many is recorded; the first of them at once, so that a new service shows.
  const every = settings.sample <= 0 ? Number.POSITIVE_INFINITY : Math.round(1 / settings.sample);
  let untilNext = 1;
  const write = (record: VerdictRecord): void => {
    if (!records.write(record)) observer.recordLost();
  };
  const factsOf = (
    { name, client, principal }: RecordedQuery,
    { detail, stage = 'name' }: DenialDetail,
    id = newId(clock.now()),
  ): VerdictFacts => {
    const nowMs = clock.now();
    const destination = { host: { kind: 'name', name } as const, port: null, protocol: null };
    const source = client.address.includes(':')
      ? `[${client.address}]:${client.port}`
      : `${client.address}:${client.port}`;
    return {
      ...{ id, flow: id, point: 'dns', nowMs, stage, source, principal, destination, address: null, aimedAt: null },
      ...{ innerHost: 'unseen', isDelegated: false, detail: detail ?? null },
    };
  };
  const ofQuery = (record: VerdictRecord, { type }: RecordedQuery): VerdictRecord => ({
    ...record,
    query: typeName(type),
  });
  return {
    isDue: (wouldDeny, removed) => {
      untilNext -= 1;
      if (untilNext > 0) return wouldDeny || removed !== null;
      untilNext = every;
      return true;
    },
    passes: () => {
      if (untilNext <= 1) return false;
      untilNext -= 1;
      return true;
    },
    newFlow: () => newId(clock.now()),
    allowed: (query, { verdict, flow, detail, answer }) => {
      const facts = factsOf(query, detail === null ? {} : { detail }, flow);
      const record = {
        ...ofQuery(verdictRecord(facts, verdict), query),
        ...(answer === null ? {} : { answer }),
      };
      const noted = verdict.wouldDeny ? wouldBeDenials.note(record, query.client.address, facts.nowMs) : { record };
      if (noted.record !== null) write(noted.record);
    },
    denied: (query, { verdict, reason, ...more }) => {
      const facts = factsOf(query, more);
      const record =
        verdict === null
          ? denyRecord(facts, reason, policy.current()?.version ?? null)
          : verdictRecord(facts, verdict.reason === reason ? verdict : denied(verdict, reason));
      const noted = denials.note(ofQuery(record, query), query.client.address, facts.nowMs);
      if (noted.record !== null) write(noted.record);
      return noted.id;
    },
    flush: (isLast) => {
      const nowMs = clock.now();
      for (const table of [denials, wouldBeDenials])
        for (const record of isLast ? table.takeAll(nowMs) : table.takeEnded(nowMs)) write(record);
    },
  };
}
