import type { Application, LineOutcome, ObservationSink } from '../observation.ts';
import { countAt } from './count-at.ts';
import { type EveHead, eveTime } from './eve-head.ts';
import { type JsonRecord, recordOf, textAt } from './json-record.ts';
import type { LocalZone } from './log-format.ts';
import { orientFlow } from './orient-flow.ts';

const syn = 2;
const ack = 16;
const tcp = 6;

/** Takes a `flow` event: one whole connection in both directions, written when it ended or was given up. */
export function takeEveFlow(event: JsonRecord, head: EveHead, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const flow = recordOf(event['flow']);
  if (flow === null) return 'bad_fields';
  const [up, down] = [countAt(flow, 'bytes_toserver'), countAt(flow, 'bytes_toclient')];
  if (Number.isNaN(up) || Number.isNaN(down)) return 'bad_number';
  const draft = sink.beginFlow();
  draft.startMs = eveTime(textAt(flow, 'start'), head.timeMs, zone);
  draft.endMs = Math.max(eveTime(textAt(flow, 'end'), head.timeMs, zone), draft.startMs);
  // A connection picked up in its middle has whoever spoke next as its client.
  const clientFlags = flagsAt(event, 'tcp_flags_ts');
  const isWhole = head.protocol !== tcp || clientFlags < 0 || (clientFlags & syn) !== 0;
  orientFlow(draft, {
    ...sidesOf(head, sink),
    bytes: up,
    bytesBack: down,
    opener: isWhole ? 'source' : null,
    tcpFlags: -1,
  });
  // Both directions are on the record, whichever side stands first.
  draft.isReply = false;
  draft.protocol = head.protocol;
  draft.application = eveApplication(event);
  draft.isDenied = textAt(flow, 'action') === 'drop';
  return sink.endFlow();
}

/** Takes a `netflow` event: one direction of a connection. The other one is an event of its own with the same `flow_id`. */
export function takeEveNetflow(event: JsonRecord, head: EveHead, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const netflow = recordOf(event['netflow']);
  if (netflow === null) return 'bad_fields';
  const bytes = countAt(netflow, 'bytes');
  if (Number.isNaN(bytes)) return 'bad_number';
  const draft = sink.beginFlow();
  draft.startMs = eveTime(textAt(netflow, 'start'), head.timeMs, zone);
  draft.endMs = Math.max(eveTime(textAt(netflow, 'end'), head.timeMs, zone), draft.startMs);
  const tcpFlags = tellingFlags(event, netflow);
  orientFlow(draft, { ...sidesOf(head, sink), bytes, bytesBack: -1, opener: null, tcpFlags });
  // The connection is counted by the event of its other direction.
  draft.connections = draft.isReply ? 0 : 1;
  draft.protocol = head.protocol;
  draft.application = eveApplication(event);
  return sink.endFlow();
}

/** What Suricata found the connection to speak. `failed` is its word for what it could not tell. */
export function eveApplication(event: JsonRecord): Application {
  const protocol = textAt(event, 'app_proto');
  if (protocol === '' || protocol === 'failed' || protocol === 'unknown') return 'unknown';
  return (Object.hasOwn(applicationsByProtocol, protocol) ? applicationsByProtocol[protocol] : undefined) ?? 'other';
}

const applicationsByProtocol: Readonly<Record<string, Application>> = {
  tls: 'tls',
  quic: 'tls',
  http: 'http',
  http2: 'http',
  dns: 'dns',
};

/** The sides of an event as a directed record. */
export function sidesOf(head: EveHead, sink: ObservationSink): Sides {
  return {
    source: sink.text(head.source),
    sourcePort: head.sourcePort,
    destination: sink.text(head.destination),
    destinationPort: head.destinationPort,
  };
}

interface Sides {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
}

// Flags are OR-ed over a direction, and ACK is in both of any connection that came about: SYN and ACK together name the server only
// where the direction was one packet. (VPC flow logs leave the plain ACK out, so there the pair does tell.)
function tellingFlags(event: JsonRecord, netflow: JsonRecord): number {
  const flags = flagsAt(event, 'tcp_flags');
  const areBoth = flags > 0 && (flags & syn) !== 0 && (flags & ack) !== 0;
  return areBoth && countAt(netflow, 'pkts') !== 1 ? -1 : flags;
}

/** The flags under a key of `tcp`, which are hexadecimal; -1 where there are none. */
function flagsAt(event: JsonRecord, key: string): number {
  const text = textAt(recordOf(event['tcp']), key);
  return /^[0-9a-f]{1,4}$/i.test(text) ? Number.parseInt(text, 16) : -1;
}
