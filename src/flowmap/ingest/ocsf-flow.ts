import type { Application, FlowDraft, LineOutcome, NameKind, ObservationSink } from '../observation.ts';
import { countAt } from './count-at.ts';
import { defaultPortOf, readPort, splitHostPort, splitUrl } from './host-port.ts';
import { type JsonRecord, recordOf, textAt } from './json-record.ts';
import { isOcsfDenied, ocsfDirection, ocsfTime } from './ocsf-record.ts';
import { orientFlow } from './orient-flow.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';

/**
 * Takes a network, HTTP or other connection. `src_endpoint` is who opened it, except in flow logs that were mapped to OCSF: they tell
 * one direction with `traffic.bytes` alone, and then the source is whoever sent those.
 */
export function takeOcsfFlow(record: JsonRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  if (textAt(record, 'http_response', 'code') === '407') return 'challenge';
  const sides = readSides(record);
  if (typeof sides === 'string') return sides;
  const target = readTarget(record);
  if (sides.destination === '' && target === null) return 'no_destination';
  const draft = sink.beginFlow();
  writeSides(draft, sides, sink);
  if (isInbound(draft, record, sides.isOneWay)) return 'inbound';
  draft.startMs = Number.isNaN(ocsfTime(record, 'start_time')) ? timeMs : ocsfTime(record, 'start_time');
  const endMs = ocsfTime(record, 'end_time');
  draft.endMs = Math.max(draft.startMs, Number.isNaN(endMs) ? timeMs : endMs);
  draft.protocol = sides.protocol;
  draft.isDenied = isOcsfDenied(record);
  draft.user = textId(sink, userOf(record));
  // A name belongs to the side that was asked: of a reply that is the other one.
  if (target !== null && !draft.isReply) writeTarget(draft, target, sink);
  return sink.endFlow();
}

interface Sides {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly protocol: number;
  readonly bytes: number;
  readonly bytesBack: number;
  readonly tcpFlags: number;
  readonly isOneWay: boolean;
}

function readSides(record: JsonRecord): Sides | LineOutcome {
  const protocol =
    readProtocol(textAt(record, 'connection_info', 'protocol_num')) ||
    readProtocol(textAt(record, 'connection_info', 'protocol_name'));
  const [out, back, all] = ['bytes_out', 'bytes_in', 'bytes'].map((key) => countAt(record, 'traffic', key));
  const sourcePort = portAt(record, 'src_endpoint', protocol);
  const destinationPort = portAt(record, 'dst_endpoint', protocol);
  const tcpFlags = countAt(record, 'connection_info', 'tcp_flags');
  if ([out, back, all, sourcePort, destinationPort, tcpFlags].some(Number.isNaN)) return 'bad_number';
  const isOneWay = out === -1 && back === -1 && all !== -1;
  return {
    source: textAt(record, 'src_endpoint', 'ip'),
    sourcePort,
    destination: textAt(record, 'dst_endpoint', 'ip'),
    destinationPort,
    protocol,
    bytes: (isOneWay ? all : out) ?? -1,
    bytesBack: back ?? -1,
    tcpFlags,
    isOneWay,
  };
}

function portAt(record: JsonRecord, endpoint: string, protocol: number): number {
  if (protocol !== 0 && !hasPorts(protocol)) return 0;
  const text = textAt(record, endpoint, 'port');
  if (text === '') return -1;
  const port = readPort(text);
  return port < 0 ? Number.NaN : port;
}

function writeSides(draft: FlowDraft, sides: Sides, sink: ObservationSink): void {
  const [source, destination] = [textId(sink, sides.source), textId(sink, sides.destination)];
  orientFlow(draft, { ...sides, source, destination, opener: sides.isOneWay ? null : 'source' });
  // The connection is counted by the record of its other direction.
  if (draft.isReply) draft.connections = 0;
}

/** Of one direction, what comes in may be the answer to what went out, and what goes out the answer to what came in. */
function isInbound(draft: FlowDraft, record: JsonRecord, isOneWay: boolean): boolean {
  const direction = ocsfDirection(record);
  if (direction === 'in') return !draft.isReply;
  return direction === 'out' && isOneWay && draft.isReply;
}

interface OcsfTarget {
  readonly name: string;
  readonly kind: NameKind;
  /** -1 where the name came without a port. */
  readonly port: number;
  readonly application: Application;
}

function readTarget(record: JsonRecord): OcsfTarget | null {
  const request = recordOf(record['http_request']);
  const asked = request === null ? null : readRequest(request);
  if (asked !== null) return asked;
  const serverName = textAt(record, 'tls', 'sni');
  if (serverName !== '') return { name: serverName, kind: 'sni', port: -1, application: 'tls' };
  const hostname = textAt(record, 'dst_endpoint', 'hostname') || textAt(record, 'dst_endpoint', 'domain');
  const host = splitHostPort(hostname);
  if (host === null) return null;
  const isHttp = textAt(record, 'class_uid') === '4002';
  // Where a product of the network has its names from is not said; most map reverse look-ups here.
  return {
    name: host.host,
    kind: isHttp ? 'host' : 'reverse',
    port: host.port,
    application: isHttp ? 'http' : 'unknown',
  };
}

function readRequest(request: JsonRecord): OcsfTarget | null {
  const url = splitUrl(textAt(request, 'url', 'url_string')) ?? splitUrl(textAt(request, 'url', 'text'));
  const host = splitHostPort(textAt(request, 'url', 'hostname')) ?? url;
  if (host === null) return null;
  const scheme = (textAt(request, 'url', 'scheme') || (url?.scheme ?? '')).toLowerCase();
  const stated = [readPort(textAt(request, 'url', 'port')), host.port, url?.port ?? -1, defaultPortOf(scheme)];
  const port = stated.find((one) => one > 0) ?? -1;
  if (textAt(request, 'http_method').toUpperCase() === 'CONNECT') {
    return { name: host.host, kind: 'connect', port, application: 'tunnel' };
  }
  return { name: host.host, kind: 'url', port, application: scheme === 'https' ? 'tls' : 'http' };
}

function writeTarget(draft: FlowDraft, target: OcsfTarget, sink: ObservationSink): void {
  draft.name = sink.text(target.name);
  draft.nameKind = target.kind;
  draft.application = target.application;
  if (draft.port < 0) draft.port = target.port;
}

function userOf(record: JsonRecord): string {
  return (
    ['name', 'email_addr', 'uid'].map((key) => textAt(record, 'actor', 'user', key)).find((text) => text !== '') ?? ''
  );
}

function textId(sink: ObservationSink, text: string): number {
  return text === '' ? 0 : sink.text(text);
}
