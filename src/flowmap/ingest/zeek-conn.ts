import type { Application, FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { readCount, readPort } from './host-port.ts';
import type { LocalZone } from './log-format.ts';
import { orientFlow } from './orient-flow.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';
import type { ZeekRow } from './zeek-row.ts';
import { zeekTime } from './zeek-time.ts';

/** Reads a record of conn.log: a whole connection, written when it is over. */
export function readZeekConn(row: ZeekRow, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const startMs = zeekTime(row, zone);
  if (Number.isNaN(startMs)) return 'bad_time';
  // Never so where the site's own networks are not configured.
  if (row.get('local_orig') === 'F' && row.get('local_resp') === 'T') return 'inbound';
  const [up, down] = [countOf(row, 'orig_bytes'), countOf(row, 'resp_bytes')];
  const seconds = row.get('duration') === '' ? 0 : Number(row.get('duration'));
  if (Number.isNaN(up + down) || !(seconds >= 0 && seconds < Number.MAX_SAFE_INTEGER)) return 'bad_number';
  const draft = beginConnection(row, sink, { up, down });
  if (typeof draft === 'string') return draft;
  draft.startMs = startMs;
  draft.endMs = startMs + Math.round(seconds * 1000);
  return sink.endFlow();
}

/**
 * Reads a record of a connection that is still open. conn.log tells it wholly when it ends, with the same bytes again: here it is only
 * seen, without bytes and without counting.
 */
export function readZeekOpenConn(row: ZeekRow, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const startMs = zeekTime(row, zone);
  if (Number.isNaN(startMs)) return 'bad_time';
  if (row.get('local_orig') === 'F' && row.get('local_resp') === 'T') return 'inbound';
  const draft = beginConnection(row, sink, { up: -1, down: -1 });
  if (typeof draft === 'string') return draft;
  draft.startMs = startMs;
  draft.endMs = startMs;
  draft.connections = 0;
  return sink.endFlow();
}

function beginConnection(
  row: ZeekRow,
  sink: ObservationSink,
  { up, down }: { readonly up: number; readonly down: number },
): FlowDraft | LineOutcome {
  const [source, destination] = [row.get('id.orig_h'), row.get('id.resp_h')];
  if (source === '' || destination === '') return 'bad_fields';
  const [sourcePort, destinationPort] = [readPort(row.get('id.orig_p')), readPort(row.get('id.resp_p'))];
  if (sourcePort < 0 || destinationPort < 0) return 'bad_number';
  const draft = sink.beginFlow();
  draft.protocol = protocolOf(row, destination);
  orientFlow(draft, {
    source: sink.text(source),
    destination: sink.text(destination),
    sourcePort,
    destinationPort,
    bytes: up,
    bytesBack: down,
    // OTH: joined in the middle, so the originator is whoever spoke first after that.
    opener: row.get('conn_state') === 'OTH' && draft.protocol === 6 ? null : 'source',
    tcpFlags: -1,
  });
  // Turned around or not, the record is the whole connection.
  draft.isReply = false;
  // `^`: Zeek itself turned the connection around because of its ports.
  if (row.get('history').startsWith('^')) draft.initiator = 'ports';
  // What stands for ports of ICMP is its type and code.
  if (!hasPorts(draft.protocol) && draft.protocol !== 0) draft.port = 0;
  draft.application = applicationOf(row.get('service'));
  return draft;
}

/** Zeek says `icmp` for both versions. */
function protocolOf(row: ZeekRow, destination: string): number {
  const number = readProtocol(row.get('ip_proto') || row.get('proto'));
  return number === 1 && destination.includes(':') ? 58 : number;
}

/** TLS within HTTP is a CONNECT to a proxy. */
function applicationOf(service: string): Application {
  const services = service.split(',');
  if (services.includes('http') && services.includes('ssl')) return 'tunnel';
  if (services.includes('ssl') || services.includes('quic')) return 'tls';
  if (services.includes('http')) return 'http';
  if (services.includes('dns')) return 'dns';
  return service === '' ? 'unknown' : 'other';
}

/** -1 where the field is unset, NaN for what is no count. */
function countOf(row: ZeekRow, field: string): number {
  const text = row.get(field);
  if (text === '') return -1;
  const count = readCount(text);
  return count < 0 ? Number.NaN : count;
}
