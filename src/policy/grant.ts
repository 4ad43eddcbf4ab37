import type { Strength } from '../identity/index.ts';

/**
 * An approved, ending exception as decisions see it: a lease. It is live while `notBefore <= now < notAfter` and nobody ended it;
 * nothing has to run for it to end. Times are epoch milliseconds.
 */
export interface Grant {
  /** That of the exception it came from. */
  readonly id: string;
  readonly kind: 'exception' | 'break-glass';
  /** What it relaxes: later issues extend this closed union. */
  readonly relaxes: 'reach';
  readonly service: string;
  /** One identity of the service, in the policy's spelling, or null for any. */
  readonly identity: string | null;
  /** The canonical spelling of a policy target: `bank.example.com:443`, `tcp://mail.example.com:25`. */
  readonly to: string;
  /** Segments that it must resolve into; empty: public addresses only. */
  readonly via: readonly string[];
  /** How strongly the principal must be proven, null for as its service requires. */
  readonly strength: Strength | null;
  readonly notBefore: number;
  readonly notAfter: number;
  /** For so long after `notAfter` what is open may finish; nothing new is let in. Milliseconds. */
  readonly drainMs: number;
  /** The most bytes that may pass in all under this grant, over every connection; null for no bound. */
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
}

/** Why a grant that was not over yet counts no more. */
export type GrantEnd = 'revoked' | 'suspended';

/** Whether a value from outside is a {@link GrantEnd}. */
export function isGrantEnd(value: unknown): value is GrantEnd {
  return value === 'revoked' || value === 'suspended';
}

/** What points are given beside the policy: every grant that may be live now or later, and those that were ended early. */
export interface GrantList {
  /** Rises by one with each list. */
  readonly sequence: number;
  readonly createdAtMs: number;
  readonly grants: readonly Grant[];
  /** Grants that were ended before their time, kept until it would have come: so that a record can say why. */
  readonly ended: readonly { readonly id: string; readonly why: GrantEnd }[];
  /** Who may sign an offline break-glass, and how many of them it takes. Keys are Ed25519, SPKI, base64. */
  readonly offline: {
    readonly quorum: number;
    readonly keys: readonly { readonly id: string; readonly person: string; readonly publicKey: string }[];
  };
}
