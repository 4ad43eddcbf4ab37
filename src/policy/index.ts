export {
  type AddressApproval,
  type AnswerScreen,
  approveAddresses,
  type RefusedAddress,
  screenAddresses,
} from './approve-address.ts';
export type { ApprovedAddress } from './approved-address.ts';
export { type CheckedPolicy, type CheckOptions, checkPolicy, checkPolicyInSteps } from './check/check-policy.ts';
export {
  type Decide,
  type PolicyTestOptions,
  type PolicyTestResult,
  runPolicyTests,
} from './check/run-policy-tests.ts';
export { type CompileStamp, compilePolicy } from './compile/compile-policy.ts';
export type { CompiledPolicy, NetworkFacts, SegmentSummary, ServiceSummary } from './compiled-policy.ts';
export { decide } from './decide.ts';
export {
  type BreakGlassRecord,
  type CloseRecord,
  type DecisionRecord,
  type FirstSeenRecord,
  type FlowShare,
  type PointKind,
  type ProgressRecord,
  type RecordedAnswer,
  type RecordedDestination,
  type RecordedPackets,
  type Stage,
  several,
  type VerdictRecord,
  verdictCount,
} from './decision-record.ts';
export { comparePolicies, type PolicyChange } from './diff/compare-trees.ts';
export { grammarHelp, type KeyHelp } from './documents/grammar-help.ts';
export { documentKinds, type MapName } from './documents/known-keys.ts';
export { type ParsedPolicyFile, parsePolicyFile } from './documents/parse-policy-file.ts';
export {
  joinPolicyFiles,
  type ParsedPolicy,
  type PolicyFileText,
  parsePolicyFiles,
} from './documents/parse-policy-files.ts';
export type { ParseOptions } from './documents/source-file.ts';
export {
  createExceptionFacts,
  type ExceptionFacts,
  type FindExceptionFacts,
  type TargetFacts,
  tiersOf,
} from './exception-facts.ts';
export { type ExplainedMiss, type Explanation, explainDecision } from './explain/explain-decision.ts';
export type { ExplainedRule } from './explain/read-rules.ts';
export { type PolicyFault, type PolicyFaultCode, type PolicyFaultRow, policyFaultRows, renderFault } from './fault.ts';
export { type Grant, type GrantEnd, type GrantList, isGrantEnd } from './grant.ts';
export {
  createGrantIndexBuilder,
  drainEndOfGrant,
  type EndedGrant,
  endOfGrant,
  type GrantIndex,
  type GrantIndexBuilder,
  type GrantOver,
  maxGrants,
  noGrants,
  openGrants,
  withEnded,
  withGrants,
} from './grant-index.ts';
export { findLongObserve } from './lint/dates.ts';
export type { Finding, Severity } from './lint/finding.ts';
export { lintPolicy } from './lint/lint-policy.ts';
export { lintRules } from './lint/lint-rules.ts';
export { type ListedIdentity, listEveryIdentity, listIdentities } from './list-identities.ts';
export { type ListedRule, listRules } from './list-rules.ts';
export { listWaysOut, type WaysOut } from './list-ways-out.ts';
export type {
  BoundaryNode,
  DestinationsNode,
  IdentityNode,
  IdentityTerm,
  PolicyDocument,
  PolicyTestNode,
  PolicyTree,
  RuleNode,
  SegmentNode,
  SegmentsNode,
  ServiceNode,
  SourceAt,
  SpaceNode,
  TiersNode,
  ToNode,
  UnattributedNode,
} from './nodes.ts';
export { type OpenOptions, openPolicy, verifyPolicyBuffer } from './open-policy.ts';
export {
  listPolicyOpenings,
  type OpeningQuery,
  type PolicyOpening,
  type PolicyOpenings,
} from './openings/list-openings.ts';
export { addressPlane, type PlaneEntry, type PlaneOptions } from './plane/address-plane.ts';
export type { PlaneQuestion, Reach, ReachedPorts } from './plane/ask-reach.ts';
export { type NamePlaneEntry, type NamePlaneQuestion, namePlane } from './plane/name-plane.ts';
export { nextChange } from './plane/next-change.ts';
export type { OpaqueProtocol, PortRun } from './plane/port-cuts.ts';
export { listLocalNames, type ProcessClass, processPlane, processSource } from './plane/process-plane.ts';
export { type BeyondPorts, findRulesBeyondPorts } from './plane/rules-beyond-ports.ts';
export {
  createSourceNamer,
  type NamedSource,
  type SourceQuestion,
  type SourceRun,
  sourcePlane,
} from './plane/source-plane.ts';
export { type QueryType, queryTypes } from './query-types.ts';
export { readEndedGrant, readGrant, readOfflineSigners } from './read-grant.ts';
export { type Reason, type ReasonRow, reasons, requestableReasons } from './reasons.ts';
export { renderLintReference } from './report/lint-reference.ts';
export { type PolicyCheck, type SarifLog, toSarif } from './report/sarif.ts';
export { type PolicyCheckReport, toCheckReport } from './report/summary.ts';
export { unattributedServiceName } from './rule-id.ts';
export { environmentOf } from './space-index.ts';
export { type PolicyStats, policyStats } from './stats.ts';
export {
  type ApproverKind,
  type BreakGlassTier,
  type ConfirmMode,
  defaultTiers,
  type Tier,
  type TierName,
  type Tiers,
} from './tiers.ts';
export { type Admission, type DecisionFacts, type DecisionRequest, noFacts, type Verdict } from './verdict.ts';
export { type PolicyFileBytes, policyVersion } from './version.ts';
