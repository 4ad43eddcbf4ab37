import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { directedRecord, portAt } from './directed-record.ts';
import { type HubbleFlow, workloadOf } from './hubble-flow.ts';
import { type JsonRecord, listOf, recordOf, textAt } from './json-record.ts';
import { type DirectedRecord, orientFlow } from './orient-flow.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';

const syn = 2;
const ack = 16;
const tcp = 6;

/** Names of one address that are taken from a flow; the agent's cache may know many. */
const mostNames = 16;

/** Which end observes, by `traffic_direction`: it is that of the connection, for its replies too. */
const vantageOf: ReadonlyMap<string, FlowDraft['vantage']> = new Map([
  ['EGRESS', 'source'],
  ['INGRESS', 'destination'],
]);

/** Reads a packet of layers 3 and 4. Hubble tracks connections, and mostly says itself whether a packet is a reply. */
export function readHubblePacket(flow: HubbleFlow, sink: ObservationSink): LineOutcome {
  const { record } = flow;
  const [protocolName = '', value] = Object.entries(recordOf(record['l4']) ?? {})[0] ?? [];
  const flags = flagsOf(recordOf(recordOf(value)?.['flags']));
  const directed = directedOf(flow, recordOf(value), flags, sink);
  if (directed === null) return 'bad_number';
  const draft = sink.beginFlow();
  orientFlow(draft, directed);
  const { isReply } = draft;
  draft.startMs = flow.timeMs;
  draft.endMs = flow.timeMs;
  draft.protocol = readProtocol(protocolName);
  if (draft.protocol !== 0 && !hasPorts(draft.protocol)) draft.port = 0;
  draft.isDenied = flow.isDenied;
  draft.service = sink.text(workloadOf(record, isReply ? 'destination' : 'source'));
  draft.vantage = vantageOf.get(textAt(record, 'traffic_direction')) ?? 'only';
  draft.connections = flow.isDenied || (!isReply && opens(record, draft.protocol, flags)) ? 1 : 0;
  const outcome = sink.endFlow();
  return outcome === 'taken' ? tellNames(flow, isReply, sink) : outcome;
}

function directedOf(
  { isReply, source, destination }: HubbleFlow,
  layer: JsonRecord | null,
  tcpFlags: number,
  sink: ObservationSink,
): DirectedRecord | null {
  const opener = isReply === null ? null : isReply ? 'destination' : 'source';
  const ports = [portAt(layer, 'source_port'), portAt(layer, 'destination_port')] as const;
  return directedRecord([sink.text(source), sink.text(destination)], ports, -1, { opener, tcpFlags });
}

/** A SYN opens a connection, once: where it comes from an endpoint or the network it is seen again as it goes on. */
function opens(record: JsonRecord, protocol: number, flags: number): boolean {
  if (textAt(record, 'trace_observation_point').startsWith('FROM_')) return false;
  return protocol !== tcp || (flags & (syn | ack)) === syn;
}

function flagsOf(flags: JsonRecord | null): number {
  if (flags === null) return -1;
  return (flags['SYN'] === true ? syn : 0) | (flags['ACK'] === true ? ack : 0);
}

/**
 * The agent names an address by the answers that this endpoint got for it, perhaps several. That is what an answer says, so it is told
 * as one each: the join weighs them, and no single name is made up.
 */
function tellNames(flow: HubbleFlow, isReply: boolean, sink: ObservationSink): LineOutcome {
  const { record, source, destination, timeMs } = flow;
  const names = listOf(record[isReply ? 'source_names' : 'destination_names'])
    .filter((name) => typeof name === 'string')
    .filter((name) => name !== '');
  const [client, address] = isReply ? [destination, source] : [source, destination];
  const outcomes = names.slice(0, mostNames).map((name) =>
    sink.answer({
      timeMs,
      client,
      name,
      type: address.includes(':') ? 'AAAA' : 'A',
      code: 'NOERROR',
      addresses: [{ address, ttlSeconds: null }],
      aliases: [],
      isDenied: false,
      resolver: null,
      service: workloadOf(record, isReply ? 'destination' : 'source') || null,
    }),
  );
  return outcomes.find((outcome) => outcome !== 'taken') ?? 'taken';
}
