export { createFlowDraft, resetFlowDraft } from './flow-draft.ts';
export type { ConfigDocument, ConfigFormat, ConfigReading } from './ingest/config-format.ts';
export { configFormats } from './ingest/config-formats.ts';
export { type PeeledRecord, type PeelOptions, peelEnvelopes } from './ingest/envelope.ts';
export { createLocalZone } from './ingest/local-zone.ts';
export type { FormatFields, LineParser, LocalZone, LogFormat, ParserOptions } from './ingest/log-format.ts';
export { findLogFormat, logFormats } from './ingest/log-formats.ts';
export { LogLine } from './ingest/log-line.ts';
export {
  type Application,
  applications,
  type DeclaredEndpoint,
  type DnsObservation,
  type FlowDraft,
  type InitiatorProof,
  initiatorProofs,
  isReject,
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
export { TextTable } from './text-table.ts';
