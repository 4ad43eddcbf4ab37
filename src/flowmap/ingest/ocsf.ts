import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { takeOcsfDns } from './ocsf-dns.ts';
import { takeOcsfFlow } from './ocsf-flow.ts';
import { ocsfTime } from './ocsf-record.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

/**
 * Records of the Open Cybersecurity Schema Framework, category network activity, as JSON lines: network (4001), HTTP (4002) and
 * DNS (4003), and connections of RDP, SMB, SSH and FTP.
 */
export const ocsfFormat: LogFormat = {
  id: 'ocsf',
  title: 'OCSF network activity',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'connection',
    time: 'both',
    blindSpots: [
      'What is missing is what the product behind the records leaves out, and the schema does not say.',
      'Flow logs that were mapped to OCSF keep their gaps: traffic to the resolver, to metadata services and to DHCP is not in them.',
      'A producer that writes a record when a connection opens and another when it closes has it counted twice.',
      'The host name of a destination outside HTTP and TLS may be a reverse look-up and is taken for no more.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isOcsfLine(withoutSyslogTag(text))),
  learn: () => null,
  createParser: () => ok({ parse: (line, sink) => takeText(withoutSyslogTag(line.text()), sink) }),
};

const dns = '4003';
/** Classes of connections: network, HTTP, RDP, SMB, SSH, FTP. */
const connections: ReadonlySet<string> = new Set(['4001', '4002', '4005', '4006', '4007', '4008']);
/** Of activities of a network only listening is no connection. */
const listening = '7';

function takeText(text: string, sink: ObservationSink): LineOutcome {
  const record = parseJsonRecord(text);
  if (record === null) return text.trimStart().startsWith('{') ? 'bad_json' : 'other_format';
  const classUid = textAt(record, 'class_uid');
  if (classUid === '') return 'other_format';
  if (classUid !== dns && !connections.has(classUid)) return 'not_network';
  if (classUid === '4001' && textAt(record, 'activity_id') === listening) return 'not_network';
  const timeMs = ocsfTime(record, 'time');
  if (Number.isNaN(timeMs)) return 'bad_time';
  return classUid === dns ? takeOcsfDns(record, timeMs, sink) : takeOcsfFlow(record, timeMs, sink);
}

function isOcsfLine(text: string): boolean {
  if (!text.startsWith('{') || !text.includes('"class_uid"')) return false;
  const record = parseJsonRecord(text);
  if (record === null || !/^[1-9]\d{3,6}$/.test(textAt(record, 'class_uid'))) return false;
  return 'category_uid' in record || recordOf(record['metadata']) !== null;
}
