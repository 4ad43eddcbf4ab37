import type { Evidence, ProofFailure } from '../identity/index.ts';

/**
 * What checking a proof gives. `holds` asks again, from memory, whether what the evidence rests on still stands (the
 * credential is still listed, the key still published, the path still trusted); expiry is compared elsewhere.
 */
export type ProofCheck =
  | { readonly kind: 'verified'; readonly evidence: Evidence; readonly holds: (nowMs: number) => boolean }
  | { readonly kind: 'failed'; readonly why: ProofFailure }
  | { readonly kind: 'unavailable' };

/** A failed check: `failedCheck('expired')`. */
export function failedCheck(why: ProofFailure): ProofCheck {
  return { kind: 'failed', why };
}
