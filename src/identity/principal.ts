import type { EvidenceSet } from './evidence.ts';
import type { HeldLease } from './lease.ts';
import type { Strength } from './strength.ts';

/**
 * Who asks, proven: a service of the policy, the identity that named it and how strongly that was proven.
 * `identity` is the policy's own spelling: `spiffe://corp.example/ns/payments/sa/api`, `credential:payments-api`,
 * `source:10.20.0.0/24`, `leased:ipam`, `local:user:builder`, `token:https://ci.example.com#environment=prod&repository_id=123` (its claims
 * sorted and percent-encoded),
 * several joined by ` + ` for an `all:` list.
 * `source` is the peer's address in canonical text, or null where there is none (command line, replay).
 * `expiresAt` (epoch ms) is when the first of the proofs ends, or the last of the dates until which the source counts; null when
 * nothing ends.
 * `alsoProven` are the other identities of the service that the same evidence satisfies; a revocation of any of them counts.
 */
export interface Principal {
  readonly service: string;
  readonly identity: string;
  readonly strength: Strength;
  readonly source: string | null;
  readonly expiresAt: number | null;
  readonly alsoProven?: readonly string[];
}

/** One entry of the directory that the evidence satisfies, `until` a date (epoch ms) where the entry has one. */
export interface DirectoryMatch {
  readonly service: string;
  readonly identity: string;
  readonly strength: Strength;
  readonly until?: number;
}

/** Knows which identities belong to which service. The compiled policy implements it. */
export interface PrincipalDirectory {
  /** Every entry satisfied by what was presented (with the source and its leases as more conditions inside `all:`). */
  matchPresented(evidence: EvidenceSet, leases?: readonly HeldLease[]): readonly DirectoryMatch[];
  /** Every entry satisfied by the source address and its leases alone; asked only when nothing was presented. */
  matchSource(source: string, nowMs: number, leases?: readonly HeldLease[]): readonly DirectoryMatch[];
}

/** The answer to "who is this?": a principal, nobody presented and nobody known, or a refusal. */
export type Identification =
  | { readonly kind: 'identified'; readonly principal: Principal }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'refused'; readonly reason: 'identity_unknown' | 'identity_conflict' };
