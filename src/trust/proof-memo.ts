import { hash, randomBytes } from 'node:crypto';
import type { PresentedProof } from '../identity/index.ts';
import type { ProofCheck } from './proof-check.ts';

/** A verified check, as remembered. */
export type VerifiedCheck = Extract<ProofCheck, { readonly kind: 'verified' }>;

/** About 10,000 workloads behind one proxy; an entry takes a few hundred bytes. The least recently used one goes first. */
export const maxRememberedProofs = 10_000;
/** Issue 2: a verified proof is remembered at most 5 minutes, or until its expiry. */
export const maxRememberedMs = 300_000;

/** Verified proofs under their SHA-256 behind a secret of this process: no entry's key gives the proof back, or is that of another process. */
export interface ProofMemo {
  /** The key of a proof: 32 bytes, one character for each. */
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
  // In front and of one length. No HMAC: keys never leave this process, so nobody can lengthen one, and an HMAC makes three objects a proof.
  const secret = randomBytes(32).toString('hex');
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

/** Every part goes in behind its length, so that two different proofs never give the same bytes. */
function keyOf(secret: string, proof: PresentedProof): string {
  switch (proof.kind) {
    case 'bearer':
      return hash('sha256', `${secret}bearer ${proof.token}`, 'binary');
    case 'basic':
      return hash('sha256', `${secret}basic ${proof.username.length}:${proof.username}${proof.password}`, 'binary');
    case 'certificate': {
      const parts = proof.chain.flatMap((der) => [Buffer.from(`certificate ${der.length}:`), der]);
      return hash('sha256', Buffer.concat([Buffer.from(secret), ...parts]), 'binary');
    }
    default:
      return proof satisfies never;
  }
}
