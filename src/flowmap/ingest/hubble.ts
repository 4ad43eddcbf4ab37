import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink, SkipCode } from '../observation.ts';
import { type HubbleFlow, hubbleFlowOf } from './hubble-flow.ts';
import { readHubbleDns, readHubbleHttp } from './hubble-layer-seven.ts';
import { readHubblePacket } from './hubble-packet.ts';
import { type JsonRecord, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Flows that Cilium's Hubble has seen (`hubble observe -o jsonpb`), with workloads on both sides and names of its DNS proxy. */
export const hubbleFormat: LogFormat = {
  id: 'hubble',
  title: 'Cilium Hubble flows',
  fields: {
    names: 'answers',
    destinationAddress: true,
    bytesUp: false,
    bytesDown: false,
    identity: true,
    denials: true,
    unit: 'packet',
    time: 'start',
    blindSpots: [
      'Hubble has no bytes.',
      'Hubble keeps a ring of the latest flows: what was not followed or exported in time is gone.',
      'Hubble names a destination only where its DNS proxy saw the question, which needs a DNS rule for the workload.',
      'Connections are counted by the packets that open them, at every point where Hubble observes.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isHubble(parseJsonRecord(text))),
  learn: () => null,
  createParser: () => ok({ parse: (line, sink) => parseEvent(line.text(), sink) }),
};

function isHubble(record: JsonRecord | null): boolean {
  return record !== null && (flowRecordOf(record) !== null || isOtherEvent(record));
}

function isOtherEvent(record: JsonRecord): boolean {
  return 'node_name' in record && ('lost_events' in record || 'node_status' in record || 'agent_event' in record);
}

/** `{"flow":{…},"node_name":…}`, or the flow alone as older versions wrote it. */
function flowRecordOf(record: JsonRecord): JsonRecord | null {
  const flow = recordOf(record['flow']) ?? record;
  return 'verdict' in flow && ('IP' in flow || 'l4' in flow || 'l7' in flow) ? flow : null;
}

function parseEvent(text: string, sink: ObservationSink): LineOutcome {
  const record = parseJsonRecord(text);
  if (record === null) return text.trimStart().startsWith('{') ? 'bad_json' : 'other_format';
  const flowRecord = flowRecordOf(record);
  if (flowRecord === null) return isOtherEvent(record) ? 'no_data' : 'other_format';
  const skipped = skippedVerdicts.get(textAt(flowRecord, 'verdict'));
  return skipped ?? parseFlow(hubbleFlowOf(flowRecord), sink);
}

/** Steps of a connection within the machine are told as the connection too; an error is no verdict on one. */
const skippedVerdicts: ReadonlyMap<string, SkipCode> = new Map([
  ['TRACED', 'repeated'],
  ['TRANSLATED', 'repeated'],
  ['ERROR', 'not_network'],
]);

function parseFlow(flow: HubbleFlow, sink: ObservationSink): LineOutcome {
  if (Number.isNaN(flow.timeMs)) return 'bad_time';
  if (flow.source === '' || flow.destination === '') return 'bad_fields';
  const layer = recordOf(flow.record['l7']);
  if (layer?.['dns'] !== undefined) return readHubbleDns(flow, layer, sink);
  if (layer?.['http'] !== undefined) return readHubbleHttp(flow, layer, sink);
  return readHubblePacket(flow, sink);
}
