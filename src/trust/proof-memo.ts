import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { PresentedProof } from '../identity/index.ts';
import type { ProofCheck } from './proof-check.ts';

/** A verified check, as remembered. */
export type VerifiedCheck = Extract<ProofCheck, { readonly kind: 'verified' }>;

/** About 10,000 workloads behind one proxy; an entry takes a few hundred bytes. The least recently used one goes first. */
export const maxRememberedProofs = 10_000;
/** Issue 2: a verified proof is remembered at most 5 minutes, or until its expiry. */
export const maxRememberedMs = 300_000;

/** Verified proofs under an HMAC with a key of this process: neither a heap dump nor an entry's key gives the proof back. */
export interface ProofMemo {
  /** The key of a proof, 32 bytes as base64. */
  keyOf(proof: PresentedProof): string;
  get(key: string, nowMs: number): VerifiedCheck | null;
  put(key: string, check: VerifiedCheck, nowMs: number): void;
  clear(): void;
  readonly size: number;
}

interface Entry {
  readonly check: VerifiedCheck;
  readonly storedAt: number;
  readonly until: number;
}

/** Makes an empty memo. `maxEntries` is for tests of the bound. */
export function createProofMemo(maxEntries: number = maxRememberedProofs): ProofMemo {
  // As a key object: given bytes, every digest would make one anew, at several times the cost of the digest.
  const secret = createSecretKey(randomBytes(32));
  const entries = new Map<string, Entry>();
  return {
    keyOf: (proof) => keyOf(secret, proof),
    get(key, nowMs) {
      const entry = entries.get(key);
      if (entry === undefined) return null;
      entries.delete(key);
      // A clock that was set back must not lengthen the memory, so an entry from the future is dropped too.
      if (nowMs >= entry.until || nowMs < entry.storedAt || !entry.check.holds(nowMs)) return null;
      entries.set(key, entry);
      return entry.check;
    },
    put(key, check, nowMs) {
      const until = Math.min(check.evidence.expiresAt, nowMs + maxRememberedMs);
      entries.delete(key);
      entries.set(key, { check, storedAt: nowMs, until });
      const oldest = entries.keys().next();
      if (entries.size > maxEntries && oldest.done !== true) entries.delete(oldest.value);
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size;
    },
  };
}

/**
 * Every part goes in behind its length, so that two different proofs never give the same bytes. Text goes in at once: each call of
 * the digest costs as much as the hashing of a short proof.
 */
function keyOf(secret: KeyObject, proof: PresentedProof): string {
  const hmac = createHmac('sha256', secret);
  if (proof.kind !== 'certificate') return hmac.update(textOf(proof)).digest('base64');
  for (const der of proof.chain) hmac.update(`certificate ${der.length}:`).update(der);
  return hmac.digest('base64');
}

function textOf(proof: Exclude<PresentedProof, { readonly kind: 'certificate' }>): string {
  if (proof.kind === 'bearer') return `bearer ${proof.token}`;
  return `basic ${proof.username.length}:${proof.username}${proof.password}`;
}
