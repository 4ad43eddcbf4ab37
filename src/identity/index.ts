export type {
  CertificateEvidence,
  CredentialEvidence,
  Evidence,
  EvidenceSet,
  PresentedProof,
  ProofFailure,
  ProofOutcome,
  ProofVerifier,
  TokenEvidence,
} from './evidence.ts';
export { identify } from './identify.ts';
export { type IdentityTextTerm, parseCredentialName, parseIdentityText, tokenUsername } from './identity-text.ts';
export { type HeldLease, type LeaseStanding, type LeaseView, noLeases } from './lease.ts';
export { type LocalEvidence, type LocalProcess, localEvidence } from './local-evidence.ts';
export { cgroupsAbove, type LocalName, parseLocalName } from './local-name.ts';
export type { DirectoryMatch, Identification, Principal, PrincipalDirectory } from './principal.ts';
export { parseSpiffeId, type SpiffeId } from './spiffe-id.ts';
export { isAtLeast, type Strength, strengths } from './strength.ts';
