import type { Application, LineOutcome, NameKind, ObservationSink } from '../observation.ts';
import { eveApplication, sidesOf } from './eve-flow.ts';
import type { EveHead } from './eve-head.ts';
import { defaultPortOf, splitHostPort, splitUrl } from './host-port.ts';
import { type JsonRecord, recordOf, textAt, valueAt } from './json-record.ts';
import { orientFlow } from './orient-flow.ts';

/** A name that an event shows, and what it says of the destination. */
interface SightedName {
  readonly name: string;
  readonly kind: NameKind;
  readonly application: Application;
  /** The destination of the packet is an explicit proxy: the name's own port then, -1 if not written. Null: the packet's is right. */
  readonly portBehindProxy: number | null;
}

/**
 * Takes an event about a connection that is counted elsewhere (`tls`, `http`, `quic`, `alert`, `drop`): a sighting of its name, and of
 * its refusal. Only a refusal counts as one, because a refused connection may have no other event.
 */
export function takeEveSighting(event: JsonRecord, head: EveHead, sink: ObservationSink): LineOutcome {
  if (textAt(event, 'http', 'status') === '407') return 'challenge';
  const sighted = sightedName(event);
  const isDenied = isEveDenied(event);
  const draft = sink.beginFlow();
  orientFlow(draft, {
    ...sidesOf(head, sink),
    bytes: -1,
    bytesBack: -1,
    opener: openerOf(event, head),
    tcpFlags: packetFlags(event),
  });
  draft.isReply = false;
  draft.startMs = head.timeMs;
  draft.endMs = head.timeMs;
  draft.protocol = head.protocol;
  draft.application = sighted?.application ?? eveApplication(event);
  draft.connections = isDenied ? 1 : 0;
  draft.isDenied = isDenied;
  if (sighted !== null) {
    draft.name = sink.text(sighted.name);
    draft.nameKind = sighted.kind;
  }
  if (sighted !== null && sighted.portBehindProxy !== null) {
    draft.address = 0;
    draft.port = sighted.portBehindProxy;
  }
  return sink.endFlow();
}

/** Whether an event says that its connection was stopped. `verdict` is the last word where there is one, `alert.action` without it. */
export function isEveDenied(event: JsonRecord): boolean {
  if (event['event_type'] === 'drop') return true;
  const verdict = textAt(event, 'verdict', 'action').toLowerCase();
  if (verdict !== '') return verdict === 'drop' || verdict === 'reject';
  const check = textAt(event, 'revocation_check', 'action').toLowerCase();
  return textAt(event, 'alert', 'action') === 'blocked' || check === 'drop' || check === 'reject';
}

function sightedName(event: JsonRecord): SightedName | null {
  // In the firewall's log of TLS inspection the name stands beside the head.
  const serverName = textAt(event, 'tls', 'sni') || textAt(event, 'quic', 'sni') || textAt(event, 'sni');
  if (serverName !== '') return { name: serverName, kind: 'sni', application: 'tls', portBehindProxy: null };
  const http = recordOf(event['http']);
  return http === null ? null : sightedHttpName(http);
}

function sightedHttpName(http: JsonRecord): SightedName | null {
  const [hostname, url] = [textAt(http, 'hostname'), textAt(http, 'url')];
  if (textAt(http, 'http_method').toUpperCase() === 'CONNECT') {
    const target = splitHostPort(url === '' || url.startsWith('/') ? hostname : url);
    if (target === null) return null;
    return { name: target.host, kind: 'connect', application: 'tunnel', portBehindProxy: target.port };
  }
  // Only a request to a proxy has the whole URL in its first line (RFC 9112 section 3.2.2).
  const absolute = splitUrl(url);
  if (absolute !== null) {
    const port = absolute.port < 0 ? defaultPortOf(absolute.scheme) : absolute.port;
    return { name: absolute.host, kind: 'url', application: 'http', portBehindProxy: port };
  }
  const host = splitHostPort(hostname);
  return host === null ? null : { name: host.host, kind: 'host', application: 'http', portBehindProxy: null };
}

/** Events of applications are written from the client's side; alerts and drops from that of the packet, which may be the server's. */
function openerOf(event: JsonRecord, head: EveHead): 'source' | 'destination' | null {
  const type = event['event_type'];
  if (type !== 'alert' && type !== 'drop') return 'source';
  const direction = textAt(event, 'direction');
  if (direction === 'to_server') return 'source';
  if (direction === 'to_client') return 'destination';
  const [client, clientPort] = [textAt(event, 'flow', 'src_ip'), textAt(event, 'flow', 'src_port')];
  if (client === '') return null;
  return client === head.source && (clientPort === '' || clientPort === String(head.sourcePort))
    ? 'source'
    : 'destination';
}

/** A `drop` event tells the flags of its one packet; -1 for others. */
function packetFlags(event: JsonRecord): number {
  const drop = recordOf(event['drop']);
  if (drop === null || !('syn' in drop)) return -1;
  return (valueAt(drop, 'syn') === true ? 2 : 0) | (valueAt(drop, 'ack') === true ? 16 : 0);
}
