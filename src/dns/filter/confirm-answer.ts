import type { AnswerSink } from '../../enforcement/index.ts';
import type { RecordedAnswer, Verdict } from '../../policy/index.ts';
import { within } from '../lookup/within.ts';
import type { QueryRecords, RecordedQuery } from './query-records.ts';
import type { ScreenedReply } from './screen-memory.ts';
import type { Told } from './told-now.ts';

/** A client asks again after a second or more; a gateway needs milliseconds. */
const confirmMs = 250;
// An answer may have hundreds, and a record is a line.
const mostRecordedAddresses = 32;

/** What is told where the gateway did not confirm an answer. */
export const unconfirmed = 'the gateway did not confirm the addresses in time';

/** An answer that is about to be told, and what is recorded of it. */
export interface ToldReply {
  readonly query: RecordedQuery;
  readonly service: string;
  readonly verdict: Verdict;
  readonly reply: ScreenedReply;
  readonly outcome: Told;
  /** Whether it is recorded in any case. */
  readonly isDue: boolean;
  /** What was taken out of it, or null. */
  readonly removed: string | null;
}

/**
 * Has the gateway open the addresses of an answer; gives whether it may be told. It is recorded once that is known, so that the record says
 * what the client came to: with its addresses, or that it was not given.
 */
export async function confirmAnswer(sink: AnswerSink, records: QueryRecords, told: ToldReply): Promise<boolean> {
  const { query, verdict, reply, outcome, isDue, removed } = told;
  const flow = records.newFlow();
  let isWanted = isDue;
  let isSettled = false;
  const record = (answer: RecordedAnswer | null, detail: string | null): void =>
    records.allowed(query, { verdict, flow, detail, answer });
  const confirmed = sink.confirm({
    service: told.service,
    name: query.name,
    addresses: reply.screened.addresses,
    ttlSeconds: ttlOf(outcome),
    isRecorded: isDue,
    flow: () => {
      // A gateway that was late asks after the client was told that it failed.
      if (isSettled && !isWanted) record(null, unconfirmed);
      isWanted = true;
      return flow;
    },
  });
  const isConfirmed = (await within(confirmed, confirmMs)) === true;
  isSettled = true;
  if (isWanted) record(isConfirmed ? recordedAnswer(reply, outcome) : null, isConfirmed ? removed : unconfirmed);
  return isConfirmed;
}

/** What a client is told, for its record; null where there are no addresses. */
export function recordedAnswer({ screened }: ScreenedReply, outcome: Told): RecordedAnswer | null {
  const { addresses } = screened;
  if (addresses.length === 0) return null;
  const more = addresses.length - mostRecordedAddresses;
  return {
    addresses: addresses.slice(0, mostRecordedAddresses).map(({ text }) => text),
    ...(more > 0 ? { more } : {}),
    ttlSeconds: ttlOf(outcome),
  };
}

/** For how long a client may use an answer, in seconds. */
export function ttlOf({ ttlCapSeconds, packed }: Told): number {
  return Math.min(ttlCapSeconds, packed.leastTtlSeconds);
}
