export type { AnswerParts, DestinationEvidence, ServiceFacts } from './answers/answer-parts.ts';
export { answerFlows, type FlowAnswers } from './answers/flow-answers.ts';
export { type InternetNeed, type InternetRow, internetNeeds } from './answers/internet-answer.ts';
export { rankServices } from './answers/rank-services.ts';
export type { NextStep, RankedService, RankPlaces, ScorePart, ServiceRanking } from './answers/ranked-service.ts';
export type { BuildElsewhere, RegistryAnswer, RegistryUse } from './answers/registry-answer.ts';
export {
  insideNames,
  type OtherResolver,
  type ResolutionAnswer,
  type ResolverRow,
  type SplitName,
  type SplitView,
} from './answers/resolution-answer.ts';
export { type SpecificOutcome, type SpecificRow, specificOutcomes } from './answers/specific-answer.ts';
export { attributeClients, type ClientDirectory } from './attribute-clients.ts';
export {
  type Coverage,
  countEdges,
  coverageOf,
  createCoverage,
  createEdgeCounts,
  type FormatCoverage,
  type Share,
} from './coverage.ts';
export {
  type Attribution,
  attributions,
  type ClientRole,
  type Edge,
  edgeKey,
  type JudgeableEdge,
  type NameRank,
  nameRanks,
  type WhoRow,
} from './edge.ts';
export { findStarts, type SeenStarts } from './find-starts.ts';
export { createFlowDraft, resetFlowDraft } from './flow-draft.ts';
export {
  beginFlowMap,
  drawFlowMap,
  type FlowMap,
  type FlowMapBasis,
  type FlowMapFilter,
  type FlowMapParts,
  type MapEdge,
} from './flow-map.ts';
export {
  answerKey,
  answerSum,
  type FoldedBatch,
  type FoldedRows,
  type FoldOptions,
  flowKey,
  flowSum,
  ObservationFold,
} from './fold-observations.ts';
export type { ConfigDocument, ConfigFormat, ConfigReading } from './ingest/config-format.ts';
export { configFormats } from './ingest/config-formats.ts';
export { type DetectedFormat, detectFormat } from './ingest/detect-format.ts';
export { type PeeledRecord, type PeelOptions, peelEnvelopes } from './ingest/envelope.ts';
export { createLocalZone } from './ingest/local-zone.ts';
export type { FormatFields, LineParser, LocalZone, LogFormat, ParserOptions } from './ingest/log-format.ts';
export { findLogFormat, logFormats } from './ingest/log-formats.ts';
export { LogLine } from './ingest/log-line.ts';
export type { RangeFormat, RangeReading } from './ingest/range-format.ts';
export { rangeFormats } from './ingest/range-formats.ts';
export {
  createSourceReader,
  createTally,
  type LineTally,
  maxRecordBytes,
  type ReadOrder,
  type RejectTally,
  type SourceReader,
} from './ingest/source-reader.ts';
export { type JsonNesting, JsonSplitter, jsonNestingOf } from './ingest/split-json.ts';
export {
  emptyInventory,
  type Inventory,
  type InventoryService,
  type InventorySource,
  parseInventory,
  throughAddresses,
} from './inventory.ts';
export { createEdgeJudge, type EdgeJudge, type EdgeJudgement, type JudgedEdge } from './judge-edges.ts';
export type {
  AnswerView,
  ClientKey,
  EdgeBasis,
  EdgeQuery,
  EdgeSet,
  FlowLake,
  JudgeableSet,
  LakeWindow,
  LeftOut,
  NameAnswers,
  RankShare,
  Regularity,
  SeenDays,
  SourceEntry,
  SourceWriter,
  ThroughAddress,
} from './lake.ts';
export {
  type Application,
  applications,
  type DeclaredEndpoint,
  type DnsObservation,
  type FlowDraft,
  type InitiatorProof,
  initiatorProofs,
  type LeaseObservation,
  type LineOutcome,
  type NameKind,
  nameKinds,
  type ObservationSink,
  type RejectCode,
  rejects,
  type SkipCode,
  skips,
  type TextId,
  type Vantage,
  vantages,
} from './observation.ts';
export { unpackFacts } from './pack-facts.ts';
export type { ApartReason } from './propose/apart-reasons.ts';
export { declaredText } from './propose/document-lines.ts';
export { createDrafter, type DraftedEntry } from './propose/draft-entry.ts';
export type { RuleChange } from './propose/plan-shrink.ts';
export type {
  ApartEntry,
  Evidence,
  PresentPolicy,
  Proposal,
  ProposedEntry,
  ProposedFile,
  ProposedIdentity,
  ProposedService,
  ProposeParts,
  ProposeSettings,
  Readiness,
} from './propose/proposal.ts';
export { proposePolicy } from './propose/propose-policy.ts';
export { readinessText } from './propose/readiness-of-service.ts';
export { type Shrinkage, type ShrinkSettings, shrinkPolicy } from './propose/shrink-policy.ts';
export type { ProviderRange } from './provider-range.ts';
export { coverageLines } from './render/coverage-lines.ts';
export { renderHtml } from './render/render-html.ts';
export { renderMermaid } from './render/render-mermaid.ts';
export { renderSvg } from './render/render-svg.ts';
export {
  type ComparedEdge,
  compareEdge,
  compareOnEdges,
  type ReplayChange,
  type ReplayComparison,
  withPrincipal,
} from './replay/compare-on-edges.ts';
export {
  createDecisionFold,
  type DecisionFold,
  principalsOfDecisions,
  type RecordedEnd,
} from './replay/fold-decisions.ts';
export { pairPrincipals } from './replay/pair-principals.ts';
export { type ReplayOutcome, type ReplayReport, replayEdges } from './replay/replay-edges.ts';
export type { ReplayGroup, ReplayTotal } from './replay/replay-group.ts';
export { TextTable } from './text-table.ts';
