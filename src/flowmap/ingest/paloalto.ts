import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { applicationOf } from './application-word.ts';
import { addressOf, countOf, endFlowOf, type FlowFacts, isIcmp, portOf } from './flow-facts.ts';
import { splitHostPort } from './host-port.ts';
import type { LineParser, LocalZone, LogFormat, ParserOptions } from './log-format.ts';
import { isPanHeader, type PanRecord, readPanRecord } from './paloalto-record.ts';
import { parseWrittenTime, zoneNamed } from './parse-written-time.ts';
import { readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Palo Alto Networks firewalls: traffic, URL, User-ID and GlobalProtect logs as CSV, CEF or JSON. */
export const paloaltoFormat: LogFormat = {
  id: 'paloalto',
  title: 'Palo Alto Networks firewall log',
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
      'Traffic logs name no destination: names come from URL logs, which only a URL filtering profile writes.',
      'A session is logged when it ends, so one that is still open is not there.',
      'Times carry no zone unless the high resolution timestamp is logged; `--timezone` must name the zone of the device.',
      'CEF by a template of the device has bytes in either direction, so without the template its bytes are unknown.',
      'The name of a TLS session that is not decrypted may come from the certificate of the server.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'the CEF template of the device, for the meaning of in and out',
    example: 'in=$bytes_received out=$bytes_sent',
  },
  detect: (sample) => shareOfLines(sample, (text) => isPanHeader(text) || readPanRecord(text) !== null),
  learn: () => null,
  createParser: createPaloaltoParser,
};

/** What the user's CEF template says of `in` and `out`; null: nobody told. */
type ByteKeys = 'in_is_received' | 'in_is_sent' | null;

function createPaloaltoParser({ grammar, zone }: ParserOptions): Result<LineParser, Fault<'grammar_invalid'>> {
  const byteKeys = grammar === null ? null : readTemplate(grammar);
  if (byteKeys === undefined) {
    const message = `${quoteInput(grammar ?? '')} does not say what \`in\` and \`out\` hold: write \`in=$bytes_received out=$bytes_sent\` or the other way round`;
    return failed(fault('grammar_invalid', message));
  }
  return ok({
    parse: (line, sink) => {
      const text = line.text();
      const record = readPanRecord(text);
      if (record === null) return isPanHeader(text) ? 'header' : 'other_format';
      return parseRecord(record, { zone: zoneNamed(record.at('zone'), zone), byteKeys }, sink);
    },
  });
}

function readTemplate(template: string): ByteKeys | undefined {
  const into = /\bin=\$bytes_(sent|received)\b/.exec(template)?.[1];
  const out = /\bout=\$bytes_(sent|received)\b/.exec(template)?.[1];
  if ((into === undefined && out === undefined) || into === out) return undefined;
  return into === 'received' || out === 'sent' ? 'in_is_received' : 'in_is_sent';
}

interface Reading {
  readonly zone: LocalZone;
  readonly byteKeys: ByteKeys;
}

function parseRecord(record: PanRecord, reading: Reading, sink: ObservationSink): LineOutcome {
  if (record.at('duplicate') === 'true') return 'repeated';
  switch (record.type) {
    case 'TRAFFIC':
      // The end of the session has the sums; its start would count it twice.
      return record.subtype === 'start' ? 'repeated' : endFlowOf(sink, trafficOf(record, reading));
    case 'THREAT':
      // Other threats happen inside a session that the traffic log tells.
      return record.subtype === 'url' ? endUrl(record, reading, sink) : 'repeated';
    case 'USERID':
      return userLease(record, reading.zone, sink);
    case 'GLOBALPROTECT':
      return tunnelLease(record, reading.zone, sink);
    default:
      return 'not_network';
  }
}

function trafficOf(record: PanRecord, reading: Reading): FlowFacts {
  const { startMs, endMs } = sessionTimes(record, reading.zone);
  return {
    ...sessionOf(record),
    startMs,
    endMs,
    name: '',
    nameKind: 'none',
    ...bytesOf(record, reading.byteKeys),
    // Sessions of the same ends and application within five seconds are one record.
    connections: Math.max(countOf(record.at('repeat')), 1),
    isDenied: isRefused(record),
  };
}

/** What traffic and URL logs share. */
function sessionOf(
  record: PanRecord,
): Pick<FlowFacts, 'client' | 'user' | 'address' | 'port' | 'protocol' | 'application'> {
  const protocol = readProtocol(record.at('protocol'));
  const user = record.at('user');
  return {
    client: addressOf(record.at('source')),
    // A header of a proxy in front may be logged in the user's place; it is an address that anybody can write.
    user: user.startsWith('x-fwd-for:') ? '' : user,
    address: addressOf(record.at('destination')),
    port: isIcmp(protocol) ? 0 : portOf(record.at('port')),
    protocol,
    application: applicationOf(record.at('application')),
  };
}

function bytesOf(record: PanRecord, byteKeys: ByteKeys): { readonly bytesUp: number; readonly bytesDown: number } {
  const [sent, received] = [countOf(record.at('sent')), countOf(record.at('received'))];
  if (record.carrier !== 'classic' || byteKeys === 'in_is_received') return { bytesUp: sent, bytesDown: received };
  return byteKeys === null ? { bytesUp: -1, bytesDown: -1 } : { bytesUp: received, bytesDown: sent };
}

function isRefused(record: PanRecord): boolean {
  if (record.subtype === 'deny' || record.subtype === 'drop') return true;
  const action = record.at('action');
  return (action !== '' && action !== 'allow') || refusingReasons.has(record.at('endReason'));
}

/** Ends of a session that was let through at first, and then cut off by the firewall. */
const refusingReasons: ReadonlySet<string> = new Set(['policy-deny', 'threat']);

function sessionTimes(record: PanRecord, zone: LocalZone): { readonly startMs: number; readonly endMs: number } {
  const generatedMs = generatedAt(record, zone);
  const started = record.at('start');
  if (started === '') return { startMs: generatedMs, endMs: generatedMs };
  // Both clocks are the device's: what the zone of `--timezone` is off for one, it is off for the other.
  const offMs =
    record.at('highRes') === '' ? 0 : wholeSeconds(generatedMs) - parseWrittenTime(record.at('generated'), zone);
  const startMs = parseWrittenTime(started, zone) + offMs;
  const elapsed = countOf(record.at('elapsed'));
  return { startMs, endMs: elapsed < 0 ? Math.max(startMs, generatedMs) : startMs + elapsed * 1000 };
}

function generatedAt(record: PanRecord, zone: LocalZone): number {
  const exact = record.at('highRes');
  return parseWrittenTime(exact === '' ? record.at('generated') : exact, zone);
}

function wholeSeconds(instantMs: number): number {
  return Math.floor(instantMs / 1000) * 1000;
}

// A URL log names a session that the traffic log counts.
function endUrl(record: PanRecord, { zone }: Reading, sink: ObservationSink): LineOutcome {
  const timeMs = generatedAt(record, zone);
  const session = sessionOf(record);
  const url = record.at('url').replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const named = splitHostPort(url);
  if (named === null) return url === '' ? 'no_destination' : 'bad_name';
  // Another port than the session's: what it went to is a proxy, whose address is not that of the name.
  const isProxied = named.port >= 0 && named.port !== session.port;
  return endFlowOf(sink, {
    ...session,
    startMs: timeMs,
    endMs: timeMs,
    ...(isProxied ? { address: '', port: named.port } : {}),
    name: named.host,
    nameKind: session.application === 'tls' ? 'sni' : 'url',
    bytesUp: -1,
    bytesDown: -1,
    connections: 0,
    isDenied: /^(?:block|deny|drop|reset|override-lockout)/.test(record.at('action')),
  });
}

function userLease(record: PanRecord, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const [address, holder] = [addressOf(record.at('source')), record.at('user')];
  if (address === '' || holder === '') return 'not_network';
  const timeMs = generatedAt(record, zone);
  const timeoutSeconds = countOf(record.at('timeout'));
  if (Number.isNaN(timeMs)) return 'bad_time';
  if (Number.isNaN(timeoutSeconds)) return 'bad_number';
  const lease = { address, holder, kind: 'user', origin: 'logon' } as const;
  if (record.subtype === 'logout') return sink.lease({ ...lease, fromMs: null, untilMs: timeMs });
  if (record.subtype !== 'login') return 'not_network';
  return sink.lease({ ...lease, fromMs: timeMs, untilMs: timeoutSeconds > 0 ? timeMs + timeoutSeconds * 1000 : null });
}

function tunnelLease(record: PanRecord, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const [address, holder] = [addressOf(record.at('source')) || addressOf(record.at('source6')), record.at('user')];
  const status = record.at('status');
  const [event, stage] = [record.at('event'), record.at('stage')];
  const isEnd = stage === 'logout' || event.endsWith('logout');
  const isStart = stage === 'connected' || event === 'gateway-connected';
  if (address === '' || holder === '' || !(isEnd || isStart)) return 'not_network';
  if (status !== '' && status !== 'success') return 'not_network';
  const timeMs = generatedAt(record, zone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  const lease = { address, holder, kind: 'user', origin: 'logon' } as const;
  return sink.lease(isEnd ? { ...lease, fromMs: null, untilMs: timeMs } : { ...lease, fromMs: timeMs, untilMs: null });
}
