import { type Evidence, type PresentedProof, type ProofOutcome, tokenUsername } from '../identity/index.ts';
import { type CertificateTrust, checkCertificate } from './check-certificate.ts';
import { type CredentialIndex, checkCredential } from './check-credential.ts';
import { checkToken, looksLikeToken, type TokenIssuers } from './check-token.ts';
import { failedCheck, type ProofCheck } from './proof-check.ts';
import { createProofMemo, type VerifiedCheck } from './proof-memo.ts';
import type { TrustLog } from './trust-options.ts';

/** What proofs are checked against. */
export interface ProofMaterial {
  readonly credentials: () => CredentialIndex | null;
  readonly issuers: TokenIssuers;
  /** Null where no client certificates are trusted. */
  readonly certificates: CertificateTrust | null;
}

/** Outcomes since start, by `verified`, `unavailable` or the failure. */
export type ProofCounts = Readonly<Record<string, number>>;

/** Checks proofs, remembers what verified, and can be asked again. */
export interface ProofChecker {
  verify(proof: PresentedProof, nowMs: number): ProofOutcome | Promise<ProofOutcome>;
  stillHolds(evidence: Evidence, nowMs: number): boolean;
  /** Forgets every remembered proof; evidence that was handed out can still be asked about. */
  forget(): void;
  readonly remembered: number;
  counts(): ProofCounts;
}

/**
 * Tokens under verification at one time. Past it proofs are `unavailable`: the work that a flood of made-up tokens causes is
 * bounded by this, by the size of a token and by the cooldown of key fetches. Failures are not remembered, for whoever
 * sends ever new ones would only fill the memory.
 */
const maxConcurrentChecks = 256;

/** Makes the checker. */
export function createProofChecker(material: ProofMaterial, log: TrustLog): ProofChecker {
  const memo = createProofMemo();
  const running = new Map<string, Promise<ProofCheck>>();
  const holds = new WeakMap<Evidence, VerifiedCheck['holds']>();
  const counts: Record<string, number> = {};

  const conclude = (check: ProofCheck, key: string, nowMs: number): ProofOutcome => {
    const outcome = check.kind === 'failed' ? check.why : check.kind;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (check.kind !== 'verified') return check;
    // Material may have changed while a token was being checked; what it rests on is asked once more before it counts.
    if (!check.holds(nowMs)) return { kind: 'failed', why: 'revoked' };
    holds.set(check.evidence, check.holds);
    memo.put(key, check, nowMs);
    return { kind: 'verified', evidence: check.evidence };
  };
  const checkOnce = (proof: PresentedProof, key: string, nowMs: number): ProofCheck | Promise<ProofCheck> => {
    const same = running.get(key);
    if (same !== undefined) return same;
    if (running.size >= maxConcurrentChecks) return { kind: 'unavailable' };
    const check = dispatch(material, proof, nowMs);
    if (!(check instanceof Promise)) return check;
    const settled = check.catch((error: unknown) => surprised(log, proof, error)).finally(() => running.delete(key));
    running.set(key, settled);
    return settled;
  };
  return {
    verify(proof, nowMs) {
      try {
        const key = memo.keyOf(proof);
        const known = memo.get(key, nowMs);
        if (known !== null) return { kind: 'verified', evidence: known.evidence };
        const check = checkOnce(proof, key, nowMs);
        if (check instanceof Promise) return check.then((done) => conclude(done, key, nowMs));
        return conclude(check, key, nowMs);
      } catch (error) {
        return surprised(log, proof, error);
      }
    },
    stillHolds: (evidence, nowMs) => evidence.expiresAt > nowMs && holds.get(evidence)?.(nowMs) === true,
    forget: () => memo.clear(),
    get remembered() {
      return memo.size;
    },
    counts: () => ({ ...counts }),
  };
}

function dispatch(material: ProofMaterial, proof: PresentedProof, nowMs: number): ProofCheck | Promise<ProofCheck> {
  switch (proof.kind) {
    case 'basic':
      // A token in the place of the password goes with the username `token` and no other: one spelling, and a credential's
      // name beside somebody's token would be two claims at once.
      if (proof.username === tokenUsername) return checkToken(material.issuers, proof.password, nowMs);
      if (looksLikeToken(proof.password)) return failedCheck('malformed');
      return checkCredential(material.credentials, proof, nowMs);
    case 'bearer':
      return checkToken(material.issuers, proof.token, nowMs);
    case 'certificate':
      if (material.certificates === null) return failedCheck('chain_invalid');
      return checkCertificate(material.certificates, proof.chain, nowMs);
    default:
      proof satisfies never;
      return failedCheck('malformed');
  }
}

/** A check that threw is a fault of ours: it fails closed, and the log has its kind but never its text, which may quote the proof. */
function surprised(
  log: TrustLog,
  proof: PresentedProof,
  error: unknown,
): Extract<ProofCheck, { readonly kind: 'failed' }> {
  log.error(
    { proof: proof.kind, cause: error instanceof Error ? error.name : typeof error },
    'checking a proof failed',
  );
  return { kind: 'failed', why: 'malformed' };
}
