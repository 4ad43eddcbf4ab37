// The command line may enter `app` but not `trust`; what it needs of credentials passes through here.
export { addCredential, listCredentials, pruneCredentials, removeCredential } from '../trust/index.ts';
