import type { ProofVerifier } from '../../identity/index.ts';

/** The same verifier, whose generation rises with another one too: for identities that rest on more than trust material. */
export function verifierWith(verifier: ProofVerifier, generation: () => number): ProofVerifier {
  return {
    get generation() {
      return verifier.generation + generation();
    },
    verify: (proof, nowMs) => verifier.verify(proof, nowMs),
    stillHolds: (evidence, nowMs) => verifier.stillHolds(evidence, nowMs),
  };
}
