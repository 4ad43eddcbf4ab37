export type { GrantsFault } from './grants-format.ts';
export { type LoadedGrants, type LoadGrantsOptions, loadGrants } from './load-grants.ts';
export { type LoadedSnapshot, type LoadSnapshotOptions, loadSnapshot } from './load-snapshot.ts';
export { type InForce, openPolicyHistory, type PolicyHistory, type PolicySource } from './policy-history.ts';
export { createSigningKey, loadVerifyingKey, type SigningKey } from './signing-key.ts';
export type { SnapshotFault, SnapshotHeader } from './snapshot-format.ts';
export { type WriteGrantsOptions, writeGrants } from './write-grants.ts';
export { type WriteSnapshotOptions, writeSnapshot } from './write-snapshot.ts';
