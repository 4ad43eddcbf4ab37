// The command line may enter `app` but not `trust`; what it needs of credentials passes through here.
export {
  type AddCredentialOptions,
  addCredential,
  type CredentialSummary,
  listCredentials,
  type NewCredential,
  pruneCredentials,
  removeCredential,
} from '../trust/index.ts';
