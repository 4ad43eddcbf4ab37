import type { DnsMessage, DnsRecord } from '../../wire/index.ts';

/** What a question came to, before anybody asked whether it may be told: a response that exists, or that says there is nothing. */
export interface Answer {
  readonly name: string;
  readonly type: number;
  /** NOERROR or NXDOMAIN. */
  readonly message: DnsMessage;
  /** The names behind the question, in order: where aliases lead. */
  readonly links: readonly string[];
  readonly from: 'hosts' | 'zone' | 'upstream';
  /** Which server said so; null for what we know ourselves. */
  readonly server: string | null;
  readonly storedAtMs: number;
  /** For how long it holds from then on. */
  readonly ttlSeconds: number;
  /** Its place in the memory for answers; null for one that is made anew each time. */
  readonly place: AnswerPlace | null;
}

/** What of an answer's place in memory may be known without holding the answer: that ends when it is forgotten. */
export interface AnswerPlace {
  /** Whether it is in its place: neither forgotten nor replaced. */
  isKept: boolean;
  /** Until when it may be told as fresh (epoch milliseconds). */
  freshUntilMs: number;
  /** Told since it was stored, or since its place was spared last: what is not told goes first. */
  isUsed: boolean;
}

/** The place of an answer that is about to be stored. */
export function newPlace(): AnswerPlace {
  return { isKept: false, freshUntilMs: 0, isUsed: false };
}

/** An answer as it is given out. `isStale`: it is past its time, and nobody could say anything newer (RFC 8767). */
export interface FoundAnswer {
  readonly answer: Answer;
  readonly isStale: boolean;
}

/** Whole seconds since an answer was stored; 0 where the clock was set back. */
export function ageOf({ storedAtMs }: Answer, nowMs: number): number {
  return secondsBetween(storedAtMs, nowMs);
}

/** Whole seconds between two instants (epoch milliseconds); 0 where the second is the earlier one. */
export function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / 1_000));
}

/** Its message as it holds now: every record has that much less time left. */
export function agedMessage(answer: Answer, nowMs: number): DnsMessage {
  const { message } = answer;
  const age = ageOf(answer, nowMs);
  const aged = (records: readonly DnsRecord[]): readonly DnsRecord[] =>
    records.map((record) => ({ ...record, ttl: Math.max(0, record.ttl - age) }));
  return { ...message, answers: aged(message.answers), authorities: aged(message.authorities) };
}
