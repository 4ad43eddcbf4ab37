export type { BlockingCommand, Command, ImmediateCommand, Side } from './command.ts';
export type { Conversation } from './conversation.ts';
export type { EndedBy, SessionEvent } from './event.ts';
export { ServiceCounter } from './flow-registry.ts';
export { type GatewaySettings, gatewaySession } from './gateway-session.ts';
export { grantEndOfFlow, grantOverOfFlow, grantsOfFlow } from './grants-of-flow.ts';
export { defaultLimits, type SessionLimits } from './limits.ts';
export type { Carried, LiveFlow } from './live-flow.ts';
export { type ProxyObserver, silentObserver } from './observer.ts';
export {
  type AnswerSink,
  type BudgetBook,
  type ByteMeter,
  noBudgets,
  type RecordSink,
  type Resolution,
  type Resolver,
  type ToldAnswer,
  type VerifyProof,
} from './ports.ts';
export { proxySession } from './proxy-session.ts';
export { blockFlow, type RecheckFinding, recheckFlow } from './recheck.ts';
export { denied, denyRecord, progressRecord, type VerdictFacts, verdictRecord, wouldBeDenied } from './records.ts';
export { type NotedDenial, RepeatedDenials } from './repeated-denials.ts';
export type {
  AimedAt,
  Approval,
  ConnectionFacts,
  FlowRegistry,
  Judge,
  PolicyHolder,
  SessionPorts,
  SessionSettings,
} from './session-ports.ts';
