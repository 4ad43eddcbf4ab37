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
export type { DirectoryMatch, Identification, Principal, PrincipalDirectory } from './principal.ts';
export { isAtLeast, type Strength, strengths } from './strength.ts';
