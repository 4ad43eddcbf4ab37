import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { readPort } from './host-port.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import { parseIsoTime, utcZone } from './parse-time.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';
import { codeOfQueryStatus, readSysmonAnswers } from './sysmon-answers.ts';
import { readWindowsEvent, type WindowsEvent } from './windows-event.ts';

/**
 * Events 3 (connection) and 22 (DNS query) of Sysmon, and 5156, 5157 and 5152 of Windows Security (filtering platform), one event per
 * line. The program is the record's word for the service: an address of a workstation says less.
 */
export const sysmonFormat: LogFormat = {
  id: 'sysmon',
  title: 'Sysmon and Windows filtering events',
  fields: {
    names: 'answers',
    destinationAddress: true,
    bytesUp: false,
    bytesDown: false,
    identity: true,
    denials: true,
    unit: 'connection',
    time: 'start',
    blindSpots: [
      'Only connections and queries that the Sysmon configuration includes are logged, and the usual ones leave browsers and system programs out.',
      'No event has bytes.',
      'The host name beside an address is a reverse look-up and proves nothing.',
      'Queries that do not go through the Windows resolver (DNS over HTTPS of a browser, other resolvers) are not seen.',
      'A query tells its machine by name only, not by address.',
      'Sysmon logs no refusals: only events of the filtering platform do.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isWindowsLine(withoutSyslogTag(text))),
  learn: () => null,
  createParser: ({ zone }) => ok({ parse: (line, sink) => takeText(withoutSyslogTag(line.text()), zone, sink) }),
};

function takeText(text: string, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const event = readWindowsEvent(text);
  if (event === null)
    return text.trimStart().startsWith('{') && !text.trimEnd().endsWith('}') ? 'bad_json' : 'other_format';
  if (Number.isNaN(event.id)) return 'bad_fields';
  const isSecurity = event.provider.includes('Security');
  if (isSecurity) return takeFiltered(event, zone, sink);
  if (event.provider !== '' && !event.provider.includes('Sysmon')) return 'not_network';
  if (event.id === 3) return takeConnection(event, sink);
  return event.id === 22 ? takeQuery(event, sink) : 'not_network';
}

function takeConnection(event: WindowsEvent, sink: ObservationSink): LineOutcome {
  const initiated = event.field('Initiated').toLowerCase();
  if (initiated === 'false') return 'inbound';
  if (initiated !== 'true') return 'bad_fields';
  return takeFlow(
    event,
    {
      timeMs: parseIsoTime(event.field('UtcTime'), utcZone),
      source: event.field('SourceIp'),
      destination: event.field('DestinationIp'),
      port: event.field('DestinationPort'),
      program: event.field('Image'),
      isDenied: false,
    },
    sink,
  );
}

/** Events of the filtering platform that are about a connection or a packet, and whether it was stopped. */
const filtered: Readonly<Record<number, boolean | undefined>> = { 5152: true, 5156: false, 5157: true };

function takeFiltered(event: WindowsEvent, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const isDenied = filtered[event.id];
  if (isDenied === undefined) return 'not_network';
  const direction = directions.get(event.field('Direction').toLowerCase());
  if (direction === undefined) return 'bad_fields';
  if (direction === 'in') return 'inbound';
  return takeFlow(
    event,
    {
      timeMs: parseIsoTime(event.time, zone),
      source: event.field('SourceAddress'),
      destination: event.field('DestAddress'),
      port: event.field('DestPort'),
      program: event.field('Application'),
      isDenied,
    },
    sink,
  );
}

/** Numbers of messages, which some carriers put into words. */
const directions: ReadonlyMap<string, 'in' | 'out'> = new Map([
  ['%%14592', 'in'],
  ['inbound', 'in'],
  ['%%14593', 'out'],
  ['outbound', 'out'],
]);

interface Connection {
  readonly timeMs: number;
  readonly source: string;
  readonly destination: string;
  readonly port: string;
  readonly program: string;
  readonly isDenied: boolean;
}

function takeFlow(event: WindowsEvent, connection: Connection, sink: ObservationSink): LineOutcome {
  if (Number.isNaN(connection.timeMs)) return 'bad_time';
  if (connection.destination === '') return 'bad_fields';
  const protocol = readProtocol(event.field('Protocol'));
  const port = connection.port === '' ? -1 : readPort(connection.port);
  if (port < 0 && connection.port !== '') return 'bad_number';
  const draft = sink.beginFlow();
  draft.startMs = connection.timeMs;
  draft.endMs = connection.timeMs;
  draft.client = textId(sink, connection.source);
  draft.user = textId(sink, event.field('User'));
  draft.service = textId(sink, connection.program);
  draft.address = sink.text(connection.destination);
  const hostname = event.field('DestinationHostname');
  if (hostname !== '') {
    draft.name = sink.text(hostname);
    draft.nameKind = 'reverse';
  }
  // The filtering platform writes type and code of ICMP as its ports.
  draft.port = protocol === 0 || hasPorts(protocol) ? port : 0;
  draft.protocol = protocol;
  draft.isDenied = connection.isDenied;
  return sink.endFlow();
}

function textId(sink: ObservationSink, text: string): number {
  return text === '' ? 0 : sink.text(text);
}

function takeQuery(event: WindowsEvent, sink: ObservationSink): LineOutcome {
  const timeMs = parseIsoTime(event.field('UtcTime'), utcZone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  const name = event.field('QueryName');
  if (name === '') return 'bad_fields';
  return sink.answer({
    timeMs,
    client: null,
    name,
    ...readSysmonAnswers(event.field('QueryResults')),
    code: codeOfQueryStatus(event.field('QueryStatus')),
    isDenied: false,
    resolver: null,
    service: event.field('Image') || null,
  });
}

function isWindowsLine(text: string): boolean {
  if (!/Sysmon|Security-Auditing/.test(text)) return false;
  const event = readWindowsEvent(text);
  if (event === null) return false;
  return event.provider.includes('Sysmon') || (event.provider.includes('Security') && event.id in filtered);
}
