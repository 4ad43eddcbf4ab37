export type { ApprovedAddress } from './approved-address.ts';
export type { CompiledPolicy, NetworkFacts, SegmentSummary, ServiceSummary } from './compiled-policy.ts';
export type {
  CloseRecord,
  DecisionRecord,
  FirstSeenRecord,
  PointKind,
  ProgressRecord,
  RecordedDestination,
  Stage,
  VerdictRecord,
} from './decision-record.ts';
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
  ToNode,
  UnattributedNode,
} from './nodes.ts';
export { type Reason, type ReasonRow, reasons } from './reasons.ts';
export type { Admission, DecisionFacts, DecisionRequest, Verdict } from './verdict.ts';
