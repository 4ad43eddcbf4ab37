export { type ReadAnchors, readAnchors } from './audit/anchors/read-anchors.ts';
export { type Exported, exportEvidence } from './audit/export-evidence.ts';
export { type VerifyFolderOptions, verifyFolder } from './audit/verify-folder.ts';
export type { BackupAsk, RestoreAsk } from './backup/backup-answers.ts';
export { backupState, type RestoreReport, restoreState } from './backup/backup-state.ts';
export type { BackupReport } from './backup/write-backup.ts';
export { type CheckedFolder, checkFolder } from './check-folder.ts';
export { compileFolder } from './compile-folder.ts';
export { addCredential, listCredentials, pruneCredentials, removeCredential } from './credentials.ts';
export type { Demo } from './demo/living-demo.ts';
export type { DemoStart } from './demo/start-demo.ts';
export { startLivingDemo } from './demo/start-living-demo.ts';
export { type GatewayRemoval, type HelperStart, removeFromKernel, runGatewayHelper } from './gateway-acts.ts';
export type { AnswersOptions } from './lake/answers-job.ts';
export type { IngestedFile, IngestOptions, IngestReport } from './lake/ingest-job.ts';
export type { MapOptions } from './lake/map-job.ts';
export { openLakeToRead } from './lake/open-lake.ts';
export type { ProposeOptions, ShrinkOptions } from './lake/propose-job.ts';
export { type Replayed, type ReplayOptions, type ReplayTask, replayHistory } from './lake/replay-job.ts';
export { lowerPriority } from './lower-priority.ts';
export type { RunReport } from './point/run-desk.ts';
export type { DeniedDestination, ReachedDestination } from './point/run-tally.ts';
export {
  applyBreakGlass,
  askDnsQuery,
  askGatewayStatus,
  type BreakGlassChallenge,
  readBreakGlassChallenge,
  type SignedDocument,
} from './questions/ask-point.ts';
export { type DecideReport, readDecision, readStatus } from './questions/ask-running.ts';
export { askForCuts } from './questions/cut-ports.ts';
export type { DecideAnswer, DecideAsk } from './questions/decide-question.ts';
export type { DnsQueryAnswer, DnsQueryAsk } from './questions/dns-question.ts';
export { type ExplainReport, readExplanation } from './questions/explain-question.ts';
export { inspectMachine } from './questions/inspect-machine.ts';
export type { Inspection } from './questions/inspection.ts';
export type { ToldExplanation } from './questions/told-explanation.ts';
export type { FlowTrace, TracedAnswer, TracedPart, TracedPassage } from './questions/trace-flow.ts';
export { type RunOptions, type RunOutcome, type RunStart, startRun } from './run/start-run.ts';
export { statePaths } from './state-folder.ts';
export type {
  BrokenFlow,
  ConnectionShares,
  GatewayStatus,
  LeaseSourceStatus,
  PointStatus,
  StatusReport,
} from './status.ts';
export { startUp, type Up, type UpReport } from './supervisor.ts';
