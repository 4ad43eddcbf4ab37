import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { readCloudDnsQuery } from './gcp-dns.ts';
import type { GcpEntry } from './gcp-entry.ts';
import { readGcpFirewall, readGcpFlow } from './gcp-flow.ts';
import { type JsonRecord, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import { shareOfLines } from './share-of-lines.ts';

/** A log of Google Cloud: where it is written, and what its payload has where it came without its envelope. */
interface GcpLog {
  readonly logName: RegExp;
  readonly isPayload: (payload: JsonRecord) => boolean;
  readonly read: (payload: JsonRecord, entry: GcpEntry, sink: ObservationSink) => LineOutcome;
}

const logs: readonly GcpLog[] = [
  {
    logName: /%2Fvpc_flows$/,
    isPayload: (payload) => 'connection' in payload && 'reporter' in payload,
    read: readGcpFlow,
  },
  {
    logName: /compute\.googleapis\.com%2Ffirewall$/,
    isPayload: (payload) => 'connection' in payload && 'disposition' in payload,
    read: readGcpFirewall,
  },
  {
    logName: /dns\.googleapis\.com%2Fdns_queries$/,
    isPayload: (payload) => 'queryName' in payload && 'responseCode' in payload,
    read: readCloudDnsQuery,
  },
];

/** Google Cloud: VPC flow logs, firewall rules logging and Cloud DNS queries, as LogEntry objects one per line. */
export const gcpFormat: LogFormat = {
  id: 'gcp',
  title: 'Google Cloud VPC flows, firewall and DNS',
  fields: {
    names: 'answers',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'window',
    time: 'both',
    blindSpots: [
      'VPC flow logs of Google Cloud are sampled, so rare and short connections can be missing altogether.',
      'VPC flow logs of Google Cloud do not say who opened a connection: it is guessed from the ports.',
      'VPC flow logs of Google Cloud know nothing that was refused, and firewall logs hold only rules with logging on.',
      'Cloud DNS cuts long answers, so some addresses of a name may be missing.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isGcpRecord(parseJsonRecord(text))),
  learn: () => null,
  createParser: ({ zone }) => ok({ parse: (line, sink) => parseEntry(line.text(), zone, sink) }),
};

function isGcpRecord(entry: JsonRecord | null): boolean {
  const payload = recordOf(entry?.['jsonPayload']);
  return payload !== null && findLog(textAt(entry, 'logName'), payload) !== null;
}

function parseEntry(text: string, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const entry = parseJsonRecord(text);
  if (entry === null) return text.trimStart().startsWith('{') ? 'bad_json' : 'other_format';
  const logName = textAt(entry, 'logName');
  const payload = recordOf(entry['jsonPayload']) ?? entry;
  const log = findLog(logName, payload);
  if (log === null) return logName === '' ? 'other_format' : 'not_network';
  const timestamp = textAt(entry, 'timestamp') || textAt(entry, 'receiveTimestamp');
  return log.read(payload, { timestamp, labels: recordOf(recordOf(entry['resource'])?.['labels']), zone }, sink);
}

function findLog(logName: string, payload: JsonRecord): GcpLog | null {
  const found =
    logName === '' ? logs.find(({ isPayload }) => isPayload(payload)) : logs.find((log) => log.logName.test(logName));
  return found ?? null;
}
