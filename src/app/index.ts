export { type CheckedFolder, checkFolder } from './check-folder.ts';
export { type CompiledFolder, compileFolder } from './compile-folder.ts';
export {
  type AddCredentialOptions,
  addCredential,
  type CredentialSummary,
  listCredentials,
  type NewCredential,
  pruneCredentials,
  removeCredential,
} from './credentials.ts';
export type { DemoStart } from './demo/start-demo.ts';
export { type DecideReport, readDecision, readStatus } from './questions/ask-running.ts';
export type { DecideAnswer, DecideAsk } from './questions/decide-question.ts';
export { type ExplainReport, readExplanation } from './questions/explain-question.ts';
export { type Inspection, inspectMachine } from './questions/inspect-machine.ts';
export type { ToldExplanation } from './questions/told-explanation.ts';
export type { BrokenFlow, ConnectionShares, PointStatus, StatusReport } from './status.ts';
export { startUp, type Up, type UpReport } from './supervisor.ts';
