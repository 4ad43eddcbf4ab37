import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { countAt } from './count-at.ts';
import { directedRecord, portAt } from './directed-record.ts';
import { type JsonRecord, parseJsonRecord, textAt } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { type DirectedRecord, orientFlow } from './orient-flow.ts';
import { parseEpochTime } from './parse-time.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';

const syn = 2;
const ack = 16;
const tcp = 6;

/** NetFlow, IPFIX and sFlow as GoFlow2 writes them, one JSON object per line: one direction of a flow, or one sampled packet. */
export const goflow2Format: LogFormat = {
  id: 'goflow2',
  title: 'GoFlow2 JSON (NetFlow, IPFIX, sFlow)',
  fields: {
    names: 'none',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: false,
    unit: 'window',
    time: 'both',
    blindSpots: [
      'Flows of routers never name a destination, and know nothing that was refused.',
      'Where routers sample, rare and short connections can be missing altogether; bytes are multiplied by the rate.',
      'NetFlow puts the TCP flags of all packets together, so who opened a connection is mostly guessed from the ports.',
      'A flow that passes several routers is told by each of them.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isFlowMessage(parseJsonRecord(text))),
  learn: () => null,
  createParser: () => ok({ parse: (line, sink) => parseMessage(line.text(), sink) }),
};

function isFlowMessage(record: JsonRecord | null): boolean {
  return record !== null && 'time_received_ns' in record && 'src_addr' in record && 'dst_addr' in record;
}

function parseMessage(text: string, sink: ObservationSink): LineOutcome {
  const record = parseJsonRecord(text);
  if (record === null) return text.trimStart().startsWith('{') ? 'bad_json' : 'other_format';
  if (!isFlowMessage(record)) return 'other_format';
  const startMs = timeAt(record, 'time_flow_start_ns');
  const endMs = timeAt(record, 'time_flow_end_ns');
  if (Number.isNaN(startMs) || Number.isNaN(endMs)) return 'bad_time';
  const directed = directedOf(record, sink);
  if (typeof directed === 'string') return directed;
  const draft = sink.beginFlow();
  draft.startMs = startMs;
  draft.endMs = endMs;
  draft.protocol = readProtocol(textAt(record, 'proto'));
  draft.sampledOneIn = rateOf(record);
  orientFlow(draft, directed);
  if (draft.protocol !== 0 && !hasPorts(draft.protocol)) draft.port = 0;
  draft.connections = draft.isReply ? 0 : connectionsOf(record, draft.protocol);
  return sink.endFlow();
}

function directedOf(record: JsonRecord, sink: ObservationSink): DirectedRecord | LineOutcome {
  const [source, destination] = [textAt(record, 'src_addr'), textAt(record, 'dst_addr')];
  if (source === '' || destination === '') return 'bad_fields';
  const [counted, flags, rate] = [countAt(record, 'bytes'), countAt(record, 'tcp_flags'), rateOf(record)];
  const bytes = counted < 0 ? counted : counted * rate;
  if (Number.isNaN(rate + flags) || bytes > Number.MAX_SAFE_INTEGER) return 'bad_number';
  const ports = [portAt(record, 'src_port'), portAt(record, 'dst_port')] as const;
  const told = { opener: null, tcpFlags: tellingFlags(record, flags) };
  return directedRecord([sink.text(source), sink.text(destination)], ports, bytes, told) ?? 'bad_number';
}

/** A TCP flow without SYN was counted before; one sampled SYN stands for as many connections as the rate says. */
function connectionsOf(record: JsonRecord, protocol: number): number {
  const flags = countAt(record, 'tcp_flags');
  if (protocol !== tcp || flags <= 0) return 1;
  if ((flags & syn) === 0) return 0;
  return isPacket(record) ? rateOf(record) : 1;
}

/**
 * The flags, where they tell who opened. Of one packet (sFlow) they do; over a whole flow SYN stands with ACK in both directions, and
 * only a SYN that nothing followed tells.
 */
function tellingFlags(record: JsonRecord, flags: number): number {
  return isPacket(record) || (flags & (syn | ack)) === syn ? flags : -1;
}

function isPacket(record: JsonRecord): boolean {
  return textAt(record, 'type').startsWith('SFLOW');
}

/** One in so many; 0 is how exporters say that they do not sample, or do not say. */
function rateOf(record: JsonRecord): number {
  const rate = countAt(record, 'sampling_rate');
  return rate <= 0 ? 1 : rate;
}

/** Exporters that send no time of their own have 0; then it is when the collector received it. */
function timeAt(record: JsonRecord, key: string): number {
  const own = textAt(record, key);
  return parseEpochTime(own === '' || own === '0' ? textAt(record, 'time_received_ns') : own);
}
