// The door of the API contract: what the console and the command line know of the API.
export type {
  AuditEvidenceAnswer,
  AuditFinding,
  AuditSpan,
  AuditState,
  AuditVerification,
  AuditVerifying,
  CheckpointAnswer,
  CheckpointsAnswer,
} from './audit.ts';
export type {
  DecisionAnswer as ExplainedDecision,
  DecisionFilter,
  DecisionQuery,
  DecisionRow,
  DecisionRule,
} from './decisions.ts';
export type { DraftMapAnswer, DraftMapBody, DraftOutcome, DraftRule, DraftSum } from './draft-flow-map.ts';
export {
  type AnyEndpoint,
  type Endpoint,
  type Page,
  type PageQuery,
  type Scope,
  scopes,
} from './endpoint.ts';
export { type Endpoints, endpoints } from './endpoints.ts';
export type {
  DecisionAnswer,
  ExceptionAnswer,
  ExceptionQuery,
  Narrowing,
  PreviewAnswer,
  PreviewQuery,
  RequestBody,
  SummaryAnswer,
  UsageAnswer,
} from './exception-types.ts';
export type { ReviewOutcome } from './exceptions.ts';
export type {
  FlowLink,
  FlowMapAnswer,
  FlowMapQuery,
  FlowNode,
  FlowPath,
  FlowRule,
  FlowSum,
  FlowVerdict,
  UnusedRule,
} from './flow-map.ts';
export type {
  ChangeAnswer,
  DayAnswer,
  EdgeAnswer,
  NowAnswer,
  NowRow,
  OverviewAnswer,
  PointAnswer,
} from './overview.ts';
export type {
  AssertionBody,
  ConfirmationBody,
  ConfirmChallenge,
  ConfirmedAct,
  PasskeyAnswer,
  PasskeyOffer,
  PasskeyQuery,
  RegistrationBody,
  ToConfirmBody,
} from './passkeys.ts';
export {
  type KeyAnswer,
  type NewTokenAnswer,
  type PersonAnswer,
  type Role,
  roles,
  type TokenAnswer,
} from './people.ts';
export { mostProposedBytes, type PolicyEndpoints } from './policy.ts';
export type { PolicyChangeAnswer, PolicyHistoryAnswer } from './policy-history.ts';
export type {
  FoundAt,
  ObservedDestination,
  PolicyAnswer,
  PolicyFileAnswer,
  ProposalAnswer,
  ProposalBody,
  ReplayAnswer,
  ReplayRow,
  ServiceAnswer,
  ServiceRow,
  ServiceRule,
  ServicesAnswer,
  ServicesQuery,
} from './policy-types.ts';
export { apiProblems, type Problem, problemSchema } from './problem.ts';
export {
  type EntryAnswer,
  type EntryQuery,
  type OpenAnswer,
  type OpenEvidenceAnswer,
  type OpeningAnswer,
  type OpenQuery,
  openingColumns,
} from './reports.ts';
export type { SessionAnswer } from './session.ts';
