export { createTrust } from './create-trust.ts';
export {
  type AddCredentialOptions,
  addCredential,
  type CredentialSummary,
  listCredentials,
  type NewCredential,
  pruneCredentials,
  removeCredential,
} from './credential-store.ts';
export type { TrustProblem } from './file-part.ts';
export {
  passkeyAlgorithms,
  type SentAssertion,
  type SentRegistration,
  type VerifiedPasskey,
  verifyAssertion,
  verifyRegistration,
} from './passkeys.ts';
export { type RelyingParty, relyingPartyOf } from './relying-party.ts';
export type { TlsServerOptions } from './tls-material.ts';
export type { ExpiringCredential, Trust, TrustStatus } from './trust.ts';
export type { KeysFrom, TrustedIssuerOptions, TrustLog, TrustOptions, TrustTlsOptions } from './trust-options.ts';
export type { ProofCounts } from './verify-proof.ts';
