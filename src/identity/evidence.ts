import type { LocalEvidence } from './local-evidence.ts';

/** A proof as it was presented on the wire, not verified yet. `chain` is DER, the leaf first. */
export type PresentedProof =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'certificate'; readonly chain: readonly Uint8Array[] };

/** A generated proxy credential that verified. `expiresAt` is epoch milliseconds. */
export interface CredentialEvidence {
  readonly kind: 'credential';
  readonly name: string;
  readonly expiresAt: number;
}

/**
 * A signed token that verified. `claims` holds string, integer and boolean claims as text, nested ones by their dotted path
 * (`kubernetes.io.namespace`); lists are left out.
 */
export interface TokenEvidence {
  readonly kind: 'token';
  readonly issuer: string;
  readonly subject: string | null;
  readonly claims: Readonly<Record<string, string>>;
  readonly spiffeId: string | null;
  readonly expiresAt: number;
}

/** A client certificate that verified against the trust bundle and the revocation list. */
export interface CertificateEvidence {
  readonly kind: 'certificate';
  readonly spiffeId: string;
  readonly serial: string;
  readonly expiresAt: number;
}

/** Verified proof of an identity. */
export type Evidence = CredentialEvidence | TokenEvidence | CertificateEvidence | LocalEvidence;

/**
 * All that is known of who asks: the peer's address (canonical text) and every proof that it presented and that verified.
 * The address by itself counts only when nothing was presented.
 */
export interface EvidenceSet {
  readonly source: string;
  readonly presented: readonly Evidence[];
}

/** What became of a presented proof. `unavailable`: it could not be checked (no keys yet); treated as failed. */
export type ProofOutcome =
  | { readonly kind: 'verified'; readonly evidence: Evidence }
  | { readonly kind: 'failed'; readonly why: ProofFailure }
  | { readonly kind: 'unavailable' };

/** Why a proof failed; for metrics and the log, never for the refused side. */
export type ProofFailure =
  | 'malformed'
  | 'unknown'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'issuer_unknown'
  | 'audience_mismatch'
  | 'signature_invalid'
  | 'chain_invalid'
  | 'replayed';

/** Verifies presented proofs. Made by `trust/`; answers at once (not a promise) when it remembers the proof. Never throws. */
export interface ProofVerifier {
  verify(proof: PresentedProof, nowMs: number): ProofOutcome | Promise<ProofOutcome>;
  /** Rises by one whenever trust material changed (reload, removal, new revocation list): live connections verify again. */
  readonly generation: number;
  /**
   * Whether evidence that verified before still stands: not expired, its credential not removed, its certificate not revoked.
   * Only for the very object that `verify` gave out: a copy never holds.
   * Answers from memory; asked for live connections when they are judged again.
   */
  stillHolds(evidence: Evidence, nowMs: number): boolean;
}
