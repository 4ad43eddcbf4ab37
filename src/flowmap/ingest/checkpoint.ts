import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { applicationOf } from './application-word.ts';
import { type CheckpointRecord, readCheckpointRecord } from './checkpoint-record.ts';
import { addressOf, countOf, endFlowOf, type FlowFacts, isIcmp } from './flow-facts.ts';
import { defaultPortOf, readPort, splitHostPort, splitUrl } from './host-port.ts';
import type { LineParser, LogFormat, ParserOptions } from './log-format.ts';
import { parseWrittenTime } from './parse-written-time.ts';
import { readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Check Point gateways by the Log Exporter: syslog, pipes or CEF. */
export const checkpointFormat: LogFormat = {
  id: 'checkpoint',
  title: 'Check Point Log Exporter',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'connection',
    time: 'start',
    blindSpots: [
      'Only rules with tracking write logs: what a rule without it accepts is not there.',
      'Bytes are there only where the rule tracks accounting.',
      'Names come from URL filtering, application control and HTTPS inspection, where those blades are on.',
      'Where a rule logs connections and sessions both, connections are counted in both.',
    ],
  },
  // Accounting exports a record again, under its old id, each time that it has grown.
  isOrdered: true,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => readCheckpointRecord(text) !== null),
  learn: () => null,
  createParser: (options) => ok(createCheckpointParser(options)),
};

/** Bytes that a record id had when it was last seen. */
interface SeenBytes {
  readonly up: number;
  readonly down: number;
}

/** Ids that are remembered: updates come within minutes, of gateways that log thousands a second. */
const mostSeen = 100_000;

function createCheckpointParser({ zone }: ParserOptions): LineParser {
  const seen = new Map<string, SeenBytes>();
  return {
    parse: (line, sink) => {
      const record = readCheckpointRecord(line.text());
      if (record === null) return 'other_format';
      const time = record.at('time');
      const timeMs = time === '' ? line.receivedMs : parseWrittenTime(time, zone);
      return parseRecord(record, timeMs, { sink, seen });
    },
  };
}

interface Reading {
  readonly sink: ObservationSink;
  readonly seen: Map<string, SeenBytes>;
}

function parseRecord(record: CheckpointRecord, timeMs: number, reading: Reading): LineOutcome {
  const action = record.at('action').toLowerCase();
  const isLogon = action === 'log in' || action === 'log out';
  if (isLogon) return leaseOf(record, timeMs, { isStart: action === 'log in', sink: reading.sink });
  if (addressOf(record.at('src')) === '' || (addressOf(record.at('dst')) === '' && record.at('resource') === '')) {
    return 'not_network';
  }
  if (record.at('conn_direction') === 'Incoming') return 'inbound';
  // A late packet of a connection that is over: no rule refused it.
  if (record.at('tcp_packet_out_of_state') !== '') return 'repeated';
  return endConnection(record, timeMs, reading);
}

function leaseOf(
  record: CheckpointRecord,
  timeMs: number,
  { isStart, sink }: { readonly isStart: boolean; readonly sink: ObservationSink },
): LineOutcome {
  const address = addressOf(record.at('src'));
  const holder = record.at('src_user_name') || record.at('user');
  if (address === '' || holder === '') return 'not_network';
  if (Number.isNaN(timeMs)) return 'bad_time';
  const [fromMs, untilMs] = isStart ? [timeMs, null] : [null, timeMs];
  return sink.lease({ address, holder, kind: 'user', fromMs, untilMs, origin: 'logon' });
}

function endConnection(record: CheckpointRecord, timeMs: number, { sink, seen }: Reading): LineOutcome {
  const bytes = { up: firstCount(record, sentFields), down: firstCount(record, receivedFields) };
  const id = record.at('loguid');
  const before = seen.get(id);
  const protocol = readProtocol(record.at('proto'));
  const named = nameOf(record);
  const outcome = endFlowOf(sink, {
    startMs: timeMs,
    endMs: timeMs,
    client: addressOf(record.at('src')),
    user: record.at('src_user_name') || record.at('user'),
    address: addressOf(record.at('dst')),
    name: named.name,
    nameKind: named.nameKind,
    port: isIcmp(protocol) ? 0 : portOfService(record, named.port),
    protocol,
    application: named.application === 'unknown' ? applicationOf(record.at('service_id')) : named.application,
    bytesUp: grownBy(bytes.up, before?.up),
    bytesDown: grownBy(bytes.down, before?.down),
    connections: before === undefined ? connectionsOf(record) : 0,
    isDenied: refusals.has(record.at('action').toLowerCase()),
  });
  if (id !== '' && outcome === 'taken') remember(seen, id, { up: bytes.up, down: bytes.down });
  return outcome;
}

// Bytes of the client's side first; the other side's have what the gateway added or took away.
const sentFields: readonly string[] = ['sent_bytes', 'client_outbound_bytes', 'server_inbound_bytes'];
const receivedFields: readonly string[] = ['received_bytes', 'server_outbound_bytes', 'client_inbound_bytes'];

/** Words of `action` for what the gateway refused; `Detect`, `Monitor` and `Bypass` let pass. */
const refusals: ReadonlySet<string> = new Set(['drop', 'reject', 'block', 'prevent', 'redirect', 'quarantine']);

function firstCount(record: CheckpointRecord, fields: readonly string[]): number {
  const field = fields.find((name) => record.at(name) !== '');
  return field === undefined ? -1 : countOf(record.at(field));
}

function grownBy(bytes: number, before: number | undefined): number {
  return bytes < 0 || before === undefined || before < 0 ? bytes : Math.max(bytes - before, 0);
}

function connectionsOf(record: CheckpointRecord): number {
  const isSession = record.at('type') === 'Session';
  return isSession ? Math.max(countOf(record.at('connection_count') || record.at('aggregated_log_count')), 1) : 1;
}

// `service` is the port; exporters that resolve names write the name of a service object.
function portOfService(record: CheckpointRecord, namedPort: number): number {
  const port = readPort(record.at('service'));
  return port >= 0 ? port : namedPort;
}

interface Named extends Pick<FlowFacts, 'name' | 'nameKind' | 'application'> {
  readonly port: number;
}

function nameOf(record: CheckpointRecord): Named {
  const sni = record.at('tls_server_host_name') || record.at('sni');
  if (sni !== '') return { name: sni, nameKind: 'sni', application: 'tls', port: -1 };
  const resource = record.at('resource');
  const url = splitUrl(resource) ?? splitHostPort(resource);
  if (url !== null) {
    const scheme = 'scheme' in url ? String(url.scheme) : '';
    const port = url.port >= 0 ? url.port : defaultPortOf(scheme);
    return { name: url.host, nameKind: 'url', application: applicationOf(scheme), port };
  }
  const host = record.at('http_host');
  if (host !== '') return { name: splitHostPort(host)?.host ?? host, nameKind: 'host', application: 'http', port: -1 };
  // A name of a domain object or a look-up by the gateway.
  return { name: record.at('dst_domain_name'), nameKind: 'reverse', application: 'unknown', port: -1 };
}

function remember(seen: Map<string, SeenBytes>, id: string, bytes: SeenBytes): void {
  seen.delete(id);
  seen.set(id, bytes);
  if (seen.size <= mostSeen) return;
  const oldest = seen.keys().next();
  if (oldest.done !== true) seen.delete(oldest.value);
}
