import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { createEveReader, type EveReader } from './eve-reader.ts';
import { type JsonRecord, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { parseEpochTime } from './parse-time.ts';
import { shareOfLines } from './share-of-lines.ts';

/**
 * Logs of AWS Network Firewall (ALERT, FLOW and TLS), one JSON object per line: an event of Suricata in an envelope that names the
 * firewall. Flow logs are `netflow` events, one per direction.
 */
export const awsNetworkFirewallFormat: LogFormat = {
  id: 'aws-network-firewall',
  title: 'AWS Network Firewall',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: true,
    unit: 'window',
    time: 'both',
    blindSpots: [
      'Flow logs have no names: server names and HTTP hosts stand only on alerts, so traffic that passes without an alert rule has none.',
      'Only traffic that the stateless engine forwards to the stateful engine is logged.',
      'The two directions of a connection are two records; who opened it is a guess by the ports unless one of them is a lone SYN.',
      'Behind a NAT gateway in front of the firewall all clients share its address.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, isFirewallLine),
  learn: () => null,
  createParser: ({ zone }) => {
    const reader = createEveReader(zone);
    return ok({
      parse: (line, sink) => {
        const record = parseJsonRecord(line.text());
        if (record === null) return line.text().trimStart().startsWith('{') ? 'bad_json' : 'other_format';
        return readEnvelope(record, reader, sink);
      },
    });
  },
};

function readEnvelope(record: JsonRecord, reader: EveReader, sink: ObservationSink): LineOutcome {
  const event = recordOf(record['event']);
  if (!('firewall_name' in record) || event === null) return 'other_format';
  const timed = 'timestamp' in event ? event : { ...event, timestamp: envelopeTime(record) };
  // Records of TLS inspection have no type: an error of a handshake, or a certificate that was looked up.
  const isInspection = !('event_type' in event) && ('tls_error' in event || 'revocation_check' in event);
  if (!isInspection) return reader.read(timed, sink);
  return reader.read({ proto: 'TCP', app_proto: 'tls', ...timed, event_type: 'tls' }, sink);
}

/** The envelope's own time, epoch seconds as text, as an event writes its time; empty for none. */
function envelopeTime(record: JsonRecord): string {
  const timeMs = parseEpochTime(textAt(record, 'event_timestamp'));
  return Number.isNaN(timeMs) ? '' : new Date(timeMs).toISOString();
}

function isFirewallLine(text: string): boolean {
  if (!text.startsWith('{') || !text.includes('"firewall_name"')) return false;
  const record = parseJsonRecord(text);
  return record !== null && 'availability_zone' in record && recordOf(record['event']) !== null;
}
