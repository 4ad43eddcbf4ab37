import { ok } from '../../base/index.ts';
import type { LineOutcome, NameKind, ObservationSink } from '../observation.ts';
import { applicationOf } from './application-word.ts';
import { addressOf, countOf, endFlowOf, type FlowFacts, isIcmp, portOf } from './flow-facts.ts';
import { endFortiDns, leaseOfFortiEvent } from './fortigate-events.ts';
import { type FortiRecord, readFortiRecord } from './fortigate-record.ts';
import { splitHostPort } from './host-port.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import { parseEpochTime, parseIsoTime } from './parse-time.ts';
import { zoneNamed } from './parse-written-time.ts';
import { readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Fortinet FortiGate: traffic, UTM, DNS and event logs as key=value or CEF. */
export const fortigateFormat: LogFormat = {
  id: 'fortigate',
  title: 'FortiGate log',
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
      'Traffic logs seldom name a destination: names come from web filter, TLS, application control and DNS logs, where those are on.',
      'A session is logged when it closes; long sessions have interim records, whose bytes count from the record before.',
      'Policies with logging of security events alone leave out every session that no profile minded.',
      'The name of a session that is not inspected is what the client said in the TLS handshake.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => readFortiRecord(text) !== null),
  learn: () => null,
  createParser: ({ zone }) =>
    ok({
      parse: (line, sink) => {
        const record = readFortiRecord(line.text());
        return record === null ? 'other_format' : parseRecord(record, timeOf(record, zone, line.receivedMs), sink);
      },
    }),
};

function parseRecord(record: FortiRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  if (record.type === 'traffic') return endTraffic(record, timeMs, sink);
  if (record.type === 'event') return leaseOfFortiEvent(record, timeMs, sink);
  if (record.type !== 'utm' && record.type !== 'dns') return 'not_network';
  if (record.subtype === 'dns' || record.type === 'dns') return endFortiDns(record, timeMs, sink);
  return endSighting(record, timeMs, sink);
}

// `date` is often eaten by a syslog header; then the time of that header is all there is.
function timeOf(record: FortiRecord, zone: LocalZone, receivedMs: number): number {
  const eventMs = parseEpochTime(record.at('eventtime'));
  if (!Number.isNaN(eventMs)) return eventMs;
  const [date, time] = [record.at('date'), record.at('time')];
  return date === '' ? receivedMs : parseIsoTime(`${date} ${time}`, zoneNamed(record.at('tz'), zone));
}

function endTraffic(record: FortiRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  if (isInbound(record)) return 'inbound';
  // Logged in full when it closes.
  if (record.at('action') === 'start' || kindOf(record) === '00015') return 'repeated';
  const isInterim = kindOf(record) === '00020';
  const durationSeconds = countOf(record.at(isInterim ? 'durationdelta' : 'duration'));
  return endFlowOf(sink, {
    ...sessionOf(record),
    startMs: Number.isNaN(durationSeconds) ? timeMs : timeMs - Math.max(durationSeconds, 0) * 1000,
    endMs: timeMs,
    ...nameOfTraffic(record),
    bytesUp: bytesOf(record, 'sentdelta', 'sentbyte', isInterim),
    bytesDown: bytesOf(record, 'rcvddelta', 'rcvdbyte', isInterim),
    connections: isInterim ? 0 : 1,
    isDenied: refusals.has(record.at('action')) || refusals.has(record.at('utmaction')),
  });
}

/** The administrator marked the interface it came in by as one to the internet, and the one it went out by as none. */
function isInbound(record: FortiRecord): boolean {
  return record.at('srcintfrole') === 'wan' && record.at('dstintfrole') !== 'wan';
}

/** The last five digits of `logid` say what a record is: 00013 a closed session, 00015 a start, 00020 an interim record. */
function kindOf(record: FortiRecord): string {
  return record.at('logid').slice(-5).padStart(5, '0');
}

// Sums of an interim record count from the start of the session: a later record has them again. Deltas never overlap.
function bytesOf(record: FortiRecord, delta: string, sum: string, isInterim: boolean): number {
  const bytes = countOf(record.at(delta));
  return bytes === -1 && !isInterim ? countOf(record.at(sum)) : bytes;
}

/** Words of `action` and `utmaction` for what the firewall itself refused; resets by an end (`client-rst`) are none. */
const refusals: ReadonlySet<string> = new Set(['deny', 'block', 'blocked', 'reset', 'dropped', 'drop', 'dns-block']);

function sessionOf(
  record: FortiRecord,
): Pick<FlowFacts, 'client' | 'user' | 'address' | 'port' | 'protocol' | 'application' | 'provider'> {
  const protocol = readProtocol(record.at('proto'));
  return {
    client: addressOf(record.at('srcip')),
    user: record.at('user') || record.at('unauthuser'),
    address: addressOf(record.at('dstip')),
    port: isIcmp(protocol) ? 0 : portOf(record.at('dstport')),
    protocol,
    application: applicationOf(record.at('service')),
    provider: record.at('dstinetsvc'),
  };
}

function nameOfTraffic(record: FortiRecord): Pick<FlowFacts, 'name' | 'nameKind'> {
  const host = record.at('hostname');
  if (host !== '') return { name: hostOf(host), nameKind: kindOfName(record) };
  // `dstname` may also be an address object or a device; a look-up by the firewall proves nothing in any case.
  const name = record.at('dstname');
  return /^[\w-]+(?:\.[\w-]+)+$/.test(name) && /[a-z]/i.test(name)
    ? { name, nameKind: 'reverse' }
    : { name: '', nameKind: 'none' };
}

function kindOfName(record: FortiRecord): NameKind {
  if (applicationOf(record.at('service')) === 'tls' || record.subtype === 'ssl') return 'sni';
  return record.at('url') === '' ? 'host' : 'url';
}

function hostOf(text: string): string {
  return splitHostPort(text)?.host ?? text;
}

// A record of a security profile names a session that the traffic log counts.
function endSighting(record: FortiRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const host = record.at('hostname');
  if (host === '' || isInbound(record)) return host === '' ? 'repeated' : 'inbound';
  return endFlowOf(sink, {
    ...sessionOf(record),
    startMs: timeMs,
    endMs: timeMs,
    name: hostOf(host),
    nameKind: kindOfName(record),
    bytesUp: -1,
    bytesDown: -1,
    connections: 0,
    isDenied: refusals.has(record.at('action')),
  });
}
