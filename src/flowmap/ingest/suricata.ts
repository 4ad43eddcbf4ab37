import { ok } from '../../base/index.ts';
import { createEveReader } from './eve-reader.ts';
import { parseJsonRecord } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

/**
 * Suricata's `eve.json`, one event per line. `flow` events count; `tls`, `http`, `quic`, `alert` and `drop` events show names and
 * refusals of connections that are counted by their `flow`; `dns` events are questions and answers. `flow_id` (64 bits, more than
 * a JSON number keeps) is not read.
 */
export const suricataFormat: LogFormat = {
  id: 'suricata',
  title: 'Suricata EVE JSON',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: true,
    unit: 'connection',
    time: 'both',
    blindSpots: [
      'Only event types that `eve-log` names are written: without `flow` nothing is counted, without `tls`, `http` and `dns` nothing is named.',
      'Traffic that does not pass the sensor, and packets that it lost, are not seen.',
      'Connections that were open when the log ends have no `flow` event yet.',
      'With `netflow` events each direction stands alone, and SYN and ACK are in both: who opened it is then a guess by the ports.',
    ],
  },
  // Answers in the events of Suricata 4 are spread over lines.
  isOrdered: true,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isEveLine(withoutSyslogTag(text))),
  learn: () => null,
  createParser: ({ zone }) => {
    const reader = createEveReader(zone);
    return ok({
      parse: (line, sink) => {
        const text = withoutSyslogTag(line.text());
        const event = parseJsonRecord(text);
        if (event === null) return text.trimStart().startsWith('{') ? 'bad_json' : 'other_format';
        return typeof event['event_type'] === 'string' ? reader.read(event, sink) : 'other_format';
      },
    });
  },
};

/** Every event has its type and time; those of packets have their sides, by names that are Suricata's own. */
function isEveLine(text: string): boolean {
  if (!text.startsWith('{') || !text.includes('"event_type"')) return false;
  const event = parseJsonRecord(text);
  if (event === null || typeof event['event_type'] !== 'string' || typeof event['timestamp'] !== 'string') return false;
  return 'dest_ip' in event || 'flow_id' in event || event['event_type'] === 'stats';
}
