import type { Application, LineOutcome, NameKind, ObservationSink } from '../observation.ts';
import { readCount, readPort } from './host-port.ts';
import { known } from './json-record.ts';

/** What a record of a firewall or a gateway tells of one flow, as texts and numbers; see {@link FlowDraft} for the meaning of each. */
export interface FlowFacts {
  readonly startMs: number;
  readonly endMs: number;
  readonly client: string;
  readonly user: string;
  readonly address: string;
  readonly name: string;
  readonly nameKind: NameKind;
  readonly port: number;
  readonly protocol: number;
  readonly application: Application;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly connections: number;
  readonly isDenied: boolean;
  /** See {@link FlowDraft.provider}; most formats have none. */
  readonly provider?: string;
}

/**
 * Writes facts into the sink's draft and ends it. NaN stands for what could not be read: a time is `bad_time`, any other number
 * `bad_number`; without name and address it is `no_destination`.
 */
export function endFlowOf(sink: ObservationSink, facts: FlowFacts): LineOutcome {
  if (Number.isNaN(facts.startMs) || Number.isNaN(facts.endMs)) return 'bad_time';
  if ([facts.port, facts.bytesUp, facts.bytesDown, facts.connections].some(Number.isNaN)) return 'bad_number';
  if (facts.address === '' && facts.name === '') return 'no_destination';
  const draft = sink.beginFlow();
  draft.startMs = facts.startMs;
  draft.endMs = facts.endMs;
  draft.client = sink.text(facts.client);
  draft.user = sink.text(facts.user);
  draft.address = sink.text(facts.address);
  draft.name = sink.text(facts.name);
  draft.nameKind = facts.name === '' ? 'none' : facts.nameKind;
  draft.port = facts.port;
  draft.protocol = facts.protocol;
  draft.application = facts.application;
  draft.bytesUp = facts.bytesUp;
  draft.bytesDown = facts.bytesDown;
  draft.connections = facts.connections;
  draft.isDenied = facts.isDenied;
  draft.provider = sink.text(facts.provider ?? '');
  return sink.endFlow();
}

/** Reads a count: -1 where the record has none, NaN for text that is no count. */
export function countOf(text: string): number {
  const digits = known(text);
  if (digits === '') return -1;
  const count = readCount(digits);
  return count < 0 ? Number.NaN : count;
}

/** Reads a port: -1 where the record has none, NaN for text that is no port. */
export function portOf(text: string): number {
  const digits = known(text);
  if (digits === '') return -1;
  const port = readPort(digits);
  return port < 0 ? Number.NaN : port;
}

/** The address, or nothing where a record fills the place with the unspecified one. */
export function addressOf(text: string): string {
  const address = known(text);
  return unspecified.has(address) ? '' : address;
}

const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::', '::0', '::ffff:0', '::ffff:0.0.0.0']);

/** Whether a protocol is ICMP, whose records fill the place of a port with type and code. */
export function isIcmp(protocol: number): boolean {
  return protocol === 1 || protocol === 58;
}
