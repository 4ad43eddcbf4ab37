/**
 * What is asked for, canonical: `to` and `identity` in the policy's spelling, `via` sorted. Times are epoch milliseconds; `startAtMs` null
 * starts it with its approval, and `durationMs` counts from the start, whenever that is. Byte caps are over the whole grant, null for none.
 * `owner` answers for it (an owner of the policy), `beneficiary` is the person it is for. `extends` is the id of an active exception that
 * this one goes on from; `denial` the id of the decision that made somebody ask.
 */
export interface ExceptionSpec {
  readonly relaxes: 'reach';
  readonly service: string;
  readonly identity: string | null;
  readonly to: string;
  readonly via: readonly string[];
  readonly durationMs: number;
  readonly startAtMs: number | null;
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly reason: string;
  readonly owner: string;
  readonly beneficiary: string;
  readonly ticket: string | null;
  readonly extends: string | null;
  readonly denial: string | null;
}

/** How an approver narrows: what is left out stays as it was asked. */
export interface Narrowing {
  readonly to?: string;
  readonly identity?: string;
  readonly via?: readonly string[];
  readonly durationMs?: number;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
}
