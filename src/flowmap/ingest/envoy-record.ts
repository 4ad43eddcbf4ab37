import { parseIpAddress } from '../../destination/index.ts';
import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { type HostPort, readCount, splitHostPort } from './host-port.ts';
import type { ParserOptions } from './log-format.ts';
import { parseEpochTime, parseIsoTime } from './parse-time.ts';

/** What a record says under the names of {@link compileEnvoyFormat}: the first of these that says anything; empty where none does. */
export type EnvoyWords = (...names: readonly string[]) => string;

/** Reads a record of Envoy into the sink. */
export function takeEnvoyRecord(words: EnvoyWords, options: ParserOptions, sink: ObservationSink): LineOutcome {
  const startMs = timeOf(words('start_time', 'timestamp', 'time', '@timestamp'), options);
  if (Number.isNaN(startMs)) return 'bad_time';
  const cluster = words('upstream_cluster', 'upstream_cluster_raw');
  // A sidecar logs what comes in to its workload, too.
  if (/^inbound\||^InboundPassthroughCluster/.test(cluster)) return 'inbound';
  if (interims.test(words('access_log_type'))) return 'repeated';
  const isDenied = wasRefused(words, cluster);
  if (words('response_code') === '407' && words('upstream_host') === '') return 'challenge';
  const draft = sink.beginFlow();
  draft.startMs = startMs;
  draft.endMs = startMs + Math.max(0, readCount(words('duration')));
  draft.isDenied = isDenied;
  draft.client = sink.text(clientOf(words));
  draft.user = sink.text(words('downstream_peer_uri_san', 'downstream_peer_subject'));
  // Over HTTP/3 the client came by UDP, and how Envoy went on is not told.
  draft.protocol = words('protocol') === 'HTTP/3' ? 0 : 6;
  return fillBytes(draft, words) ?? fillDestination(draft, words, sink) ?? sink.endFlow();
}

// `%START_TIME%` is that of the request; formats of the user's own (`%s.%3f`) come as epoch time.
function timeOf(text: string, { zone }: ParserOptions): number {
  const at = parseIsoTime(text, zone);
  return Number.isNaN(at) ? parseEpochTime(text) : at;
}

/** Records in the middle of a connection: the one at its end has all of its bytes. */
const interims = /Periodic$|Connected$|Established$|^DownstreamStart$|^UpstreamPoolReady$/;

// By a rule of Envoy's own, or by Istio's closed egress (`REGISTRY_ONLY`).
function wasRefused(words: EnvoyWords, cluster: string): boolean {
  if (cluster === 'BlackHoleCluster' || words('route_name') === 'block_all') return true;
  if (words('response_flags').split(',').includes('UAEX')) return true;
  return refusals.test(words('response_code_details')) || refusals.test(words('connection_termination_details'));
}

const refusals = /^(?:rbac_access_denied|ext_authz_denied|jwt_authn_access_denied)/;

// Of X-Forwarded-For the last address is what the nearest hop wrote; those before it are what clients claim.
function clientOf(words: EnvoyWords): string {
  const address = words(
    'downstream_remote_address',
    'downstream_remote_address_without_port',
    'downstream_direct_remote_address',
    'downstream_direct_remote_address_without_port',
  );
  const text = address === '' ? (words('x_forwarded_for').split(',').at(-1)?.trim() ?? '') : address;
  return addressOf(text)?.host ?? '';
}

// What Envoy received from the client goes up, what it sent to the client came down.
function fillBytes(draft: FlowDraft, words: EnvoyWords): LineOutcome | null {
  const [up, down] = [words('bytes_received'), words('bytes_sent')];
  draft.bytesUp = readCount(up);
  draft.bytesDown = readCount(down);
  const isBad = (up !== '' && draft.bytesUp < 0) || (down !== '' && draft.bytesDown < 0);
  return isBad ? 'bad_number' : null;
}

interface Named extends HostPort {
  readonly kind: FlowDraft['nameKind'];
}

function fillDestination(draft: FlowDraft, words: EnvoyWords, sink: ObservationSink): LineOutcome | null {
  const method = words('method');
  const service = serviceOf(words('upstream_cluster', 'upstream_cluster_raw'));
  const serverName = words('requested_server_name');
  const named = (method === '' ? null : namedByAuthority(words, method, service)) ?? namedBySni(serverName) ?? service;
  const dialled = dialledBy(words, named, service);
  if (named === null && dialled === null) return 'no_destination';
  draft.name = sink.text(named?.host ?? '');
  draft.nameKind = named?.kind ?? 'none';
  draft.address = sink.text(dialled?.host ?? '');
  draft.port = [named?.port, service?.port, dialled?.port].find((port) => port !== undefined && port >= 0) ?? -1;
  draft.application = applicationOf(method, serverName);
  return null;
}

function applicationOf(method: string, serverName: string): FlowDraft['application'] {
  if (method === 'CONNECT') return 'tunnel';
  if (serverName !== '') return 'tls';
  return method === '' ? 'unknown' : 'http';
}

// A short name (`reviews`, `reviews.shop`) means the service that the request was routed to, whose full name the cluster has.
function namedByAuthority(words: EnvoyWords, method: string, service: Named | null): Named | null {
  const authority = words('authority', ':authority', 'host');
  const parts = authority === '' ? null : splitHostPort(authority);
  if (parts === null) return null;
  const isShort = service?.host.startsWith(`${parts.host}.`) === true;
  const host = isShort ? (service?.host ?? parts.host) : parts.host;
  return { host, port: parts.port, kind: method === 'CONNECT' ? 'connect' : 'host' };
}

// Between Istio's proxies the server name is one of its own: `outbound_.443_._.www.example.com`.
function namedBySni(serverName: string): Named | null {
  if (serverName === '') return null;
  const inner = /^outbound_\.(\d{1,5})_\.[^_]*_\.(.+)$/.exec(serverName);
  if (inner !== null) return { host: inner[2] ?? '', port: Number(inner[1]), kind: 'sni' };
  return { host: serverName, port: -1, kind: 'sni' };
}

// Istio's clusters are `outbound|port|subset|host`; names of other clusters are only names.
function serviceOf(cluster: string): Named | null {
  const found = /^outbound\|(\d{1,5})\|[^|]*\|([^|]+)$/.exec(cluster);
  return found === null ? null : { host: found[2] ?? '', port: Number(found[1]), kind: 'host' };
}

// What Envoy dialled, unless that is a gateway on the way. A sidecar that refused or passed through has the address that was meant.
function dialledBy(words: EnvoyWords, named: Named | null, service: Named | null): HostPort | null {
  const isOnTheWay =
    service?.host.endsWith('.svc.cluster.local') === true && named !== null && named.host !== service.host;
  if (isOnTheWay) return null;
  const upstream = addressOf(words('upstream_host', 'upstream_remote_address'));
  if (upstream !== null) return upstream;
  const isMeant = /^(?:BlackHole|Passthrough)Cluster$/.test(words('upstream_cluster', 'upstream_cluster_raw'));
  return isMeant ? addressOf(words('downstream_local_address')) : null;
}

// `10.0.0.1:443`, `[2001:db8::1]:443`, `tcp://10.0.0.1:443`; null for sockets of the machine and Envoy's internal listeners.
function addressOf(text: string): HostPort | null {
  const parts = text === '' ? null : splitHostPort(text.replace(/^(?:tcp|udp):\/\//, ''));
  return parts !== null && parseIpAddress(parts.host).ok ? parts : null;
}
