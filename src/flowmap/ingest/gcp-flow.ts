import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { countAt } from './count-at.ts';
import { directedRecord, portAt } from './directed-record.ts';
import type { GcpEntry } from './gcp-entry.ts';
import { type JsonRecord, recordOf, textAt } from './json-record.ts';
import { orientFlow } from './orient-flow.ts';
import { parseIsoTime } from './parse-time.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';

/**
 * About one packet in thirty is looked at, before what the user's own rate leaves out; records do not say the rate. Bytes are already
 * scaled up by the service.
 */
const sampledOneIn = 30;

/** Reads a VPC flow: packets of one direction, as the end that `reporter` names has seen them. */
export function readGcpFlow(payload: JsonRecord, entry: GcpEntry, sink: ObservationSink): LineOutcome {
  const startMs = timeOf(textAt(payload, 'start_time') || entry.timestamp, entry);
  const endMs = timeOf(textAt(payload, 'end_time') || entry.timestamp, entry);
  if (Number.isNaN(startMs) || Number.isNaN(endMs)) return 'bad_time';
  const bytes = countAt(payload, 'bytes_sent');
  const draft = beginConnection(payload, sink, { bytes, opener: null });
  if (typeof draft === 'string') return draft;
  draft.startMs = startMs;
  draft.endMs = endMs;
  draft.sampledOneIn = sampledOneIn;
  if (draft.isReply) draft.connections = 0;
  const reporter = textAt(payload, 'reporter');
  // The reporter is an end of the packets; the vantage is an end of the connection.
  if (reporter !== '') draft.vantage = reporter.startsWith('SRC') === draft.isReply ? 'destination' : 'source';
  const side = draft.isReply ? 'dest' : 'src';
  draft.service = sink.text(serviceOf(payload, side));
  const service = recordOf(payload[draft.isReply ? 'src_google_service' : 'dest_google_service']);
  draft.provider = sink.text(textAt(service, 'service_name') || textAt(service, 'type'));
  return sink.endFlow();
}

/** Reads a decision of the firewall on a new connection; the source of its packets is who opens it. */
export function readGcpFirewall(payload: JsonRecord, entry: GcpEntry, sink: ObservationSink): LineOutcome {
  const atMs = timeOf(entry.timestamp, entry);
  if (Number.isNaN(atMs)) return 'bad_time';
  const draft = beginConnection(payload, sink, { bytes: -1, opener: 'source' });
  if (typeof draft === 'string') return draft;
  draft.startMs = atMs;
  draft.endMs = atMs;
  draft.isDenied = textAt(payload, 'disposition') === 'DENIED';
  const isInbound = textAt(payload, 'rule_details', 'direction') === 'INGRESS';
  draft.vantage = isInbound ? 'destination' : 'source';
  // `instance` is the one whose rule decided: the destination where the rule is for what comes in.
  draft.service = sink.text(textAt(payload, isInbound ? 'remote_instance' : 'instance', 'vm_name'));
  return sink.endFlow();
}

function beginConnection(
  payload: JsonRecord,
  sink: ObservationSink,
  { bytes, opener }: { readonly bytes: number; readonly opener: 'source' | null },
): FlowDraft | LineOutcome {
  const connection = recordOf(payload['connection']);
  const [source, destination] = [textAt(connection, 'src_ip'), textAt(connection, 'dest_ip')];
  if (source === '' || destination === '') return 'bad_fields';
  const ports = [portAt(connection, 'src_port'), portAt(connection, 'dest_port')] as const;
  const record = directedRecord([sink.text(source), sink.text(destination)], ports, bytes, { opener, tcpFlags: -1 });
  if (record === null) return 'bad_number';
  const draft = sink.beginFlow();
  draft.protocol = readProtocol(textAt(connection, 'protocol'));
  orientFlow(draft, record);
  if (draft.protocol !== 0 && !hasPorts(draft.protocol)) draft.port = 0;
  return draft;
}

/** `namespace/workload` in GKE, else the name of the machine. */
function serviceOf(payload: JsonRecord, side: 'src' | 'dest'): string {
  const pod = recordOf(recordOf(payload[`${side}_gke_details`])?.['pod']);
  const workload = textAt(pod, 'pod_workload', 'workload_name') || textAt(pod, 'pod_name');
  if (workload !== '') return `${textAt(pod, 'pod_namespace')}/${workload}`;
  return textAt(payload, `${side}_instance`, 'vm_name');
}

function timeOf(text: string, { zone }: GcpEntry): number {
  return parseIsoTime(text, zone);
}
