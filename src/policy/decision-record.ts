import type { DestinationClass, Protocol } from '../destination/index.ts';
import type { Strength } from '../identity/index.ts';
import type { Reason } from './reasons.ts';

/** Which enforcement point decided. */
export type PointKind = 'proxy' | 'gateway' | 'dns';

/**
 * Stands in a record for several destinations or sources that were counted together. It can be no name and no address, so nothing else
 * is taken for it.
 */
export const several = '*';

/** Where in the walk a verdict was given. */
export type Stage = 'name' | 'address' | 'sni' | 'recheck';

/** One verdict, as it is written to the spool and shown by `explain`. Principal and destination are null where never known. */
export interface VerdictRecord {
  readonly kind: 'verdict';
  readonly id: string;
  readonly flow: string;
  readonly time: string;
  readonly point: PointKind;
  readonly stage: Stage;
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly wouldDeny: boolean;
  readonly wouldDenyReason: Reason | null;
  readonly source: string;
  readonly principal: { readonly service: string; readonly identity: string; readonly strength: Strength } | null;
  readonly destination: RecordedDestination | null;
  readonly innerHost: string;
  /** What was asked of the name, where the point is `dns`: `A`, `TXT`. */
  readonly query?: string;
  /** What a question was answered with, where the point is `dns`: up to 32 `addresses`, how many `more` were told, and their `ttlSeconds`. */
  readonly answer?: RecordedAnswer;
  readonly ruleIds: readonly string[];
  readonly grantId: string | null;
  readonly policyVersion: string | null;
  /** The mode that the service was in when it was judged (Verdict.mode); absent where no service is known. */
  readonly mode?: 'observe' | 'enforce';
  readonly addressCheck?: 'delegated';
  /**
   * The address that a client of the gateway aimed at, where no answer for the name holds it: a sign that name or address is made up. What
   * was dialled is the name's own. Absent where it matches, or where nothing was resolved.
   */
  readonly aimedAt?: string;
  /** For people and the log only, never shown to the refused side: what was wrong, control characters escaped. */
  readonly detail?: string;
  /**
   * How many denials this record stands for, or queries that enforce would deny: those of up to 10 s that were like the earlier record of
   * its flow and were counted rather than written, their refusals telling that record's id. Absent: one. Where they differed in source or destination, that is `*`.
   */
  readonly repeats?: number;
}

/** How many verdicts a record stands for. The sum over a log is the traffic that was judged. */
export function verdictCount({ repeats }: VerdictRecord): number {
  return repeats ?? 1;
}

/** What a client was told of a name. */
export interface RecordedAnswer {
  /** Canonical text, at most 32 of them. */
  readonly addresses: readonly string[];
  /** How many more addresses were told than are written; absent: none. */
  readonly more?: number;
  /** For how long the client may use them. */
  readonly ttlSeconds: number;
}

/** A destination in a record. `address` is the one dialled, when known. */
export interface RecordedDestination {
  readonly host: string;
  readonly port: number | null;
  readonly protocol: Protocol | null;
  readonly address: string | null;
  readonly class: DestinationClass;
}

/**
 * Whose bytes a later record of a flow tells, and what of its totals no earlier one told. With it a record is understood by itself: a log is
 * cut into files between the records of a long tunnel.
 */
export interface FlowShare {
  readonly source: string;
  readonly service: string;
  /** The one that was asked for, with the address that was dialled, when known. */
  readonly destination: RecordedDestination;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
}

/** What the bytes of a long tunnel came to so far. */
export interface ProgressRecord {
  readonly kind: 'progress';
  readonly id: string;
  readonly flow: string;
  readonly time: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
  /** The grant that justified it up to now; absent where a rule did. */
  readonly grantId?: string;
  /**
   * `source`, `service`, `destination` as in a verdict, and of `bytesUp`, `bytesDown`, `durationMs` what is new since the record of the flow
   * before; absent in records of old versions.
   */
  readonly share?: FlowShare;
  /** Packets `up` and `down` so far, where the kernel counts them: flows that the gateway judges by address. */
  readonly packets?: RecordedPackets;
}

/** Packets of a flow, both ways. */
export interface RecordedPackets {
  readonly up: number;
  readonly down: number;
}

/** The end of a connection whose verdict was allow. `failure` is set when it never reached its destination. */
export interface CloseRecord {
  readonly kind: 'close';
  readonly id: string;
  readonly flow: string;
  readonly time: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
  readonly endedBy: 'client' | 'upstream' | 'timeout' | 'shutdown' | Reason;
  readonly failure: 'resolver_failed' | 'upstream_unreachable' | null;
  /** The grant that justified it at its end; absent where a rule did. Bytes under an earlier one are in the progress record before. */
  readonly grantId?: string;
  /** As in a progress record. */
  readonly share?: FlowShare;
  /** As in a progress record. */
  readonly packets?: RecordedPackets;
}

/** The first time that a service reached for a registrable domain and port, allowed or not. */
export interface FirstSeenRecord {
  readonly kind: 'first-seen';
  readonly id: string;
  readonly flow: string;
  readonly time: string;
  readonly service: string;
  readonly domain: string;
  readonly port: number | null;
  readonly verdict: 'allow' | 'deny';
}

/**
 * A grant that a point took without control, on the word of people whose keys were enrolled for that: what they signed and their
 * signatures (base64), so that control can check them when it is back. It belongs to no flow; `flow` is its own id.
 */
export interface BreakGlassRecord {
  readonly kind: 'break-glass';
  readonly id: string;
  readonly flow: string;
  readonly time: string;
  readonly grantId: string;
  readonly document: string;
  readonly signatures: readonly { readonly key: string; readonly signature: string }[];
  /** Whose keys they are, sorted. */
  readonly people: readonly string[];
}

/** Anything the spool holds. */
export type DecisionRecord = VerdictRecord | ProgressRecord | CloseRecord | FirstSeenRecord | BreakGlassRecord;
