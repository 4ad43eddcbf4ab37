import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { defaultPortOf, readPort, splitHostPort, splitUrl } from './host-port.ts';
import type { LocalZone } from './log-format.ts';
import type { ZeekRow } from './zeek-row.ts';
import { zeekTime } from './zeek-time.ts';

/** Ports of explicit proxies: the address behind them is the proxy's, and says nothing of where a name is. */
const proxyPorts: ReadonlySet<number> = new Set([3128, 8080, 8118, 8888]);

/** Reads a record of ssl.log: the name of a connection that conn.log counts. */
export function readZeekSsl(row: ZeekRow, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const name = row.get('server_name');
  if (name === '') return 'no_destination';
  const draft = beginSighting(row, zone, sink);
  if (typeof draft === 'string') return draft;
  draft.name = sink.text(name);
  draft.nameKind = 'sni';
  draft.application = 'tls';
  if (row.get('version').startsWith('DTLS')) draft.protocol = 17;
  if (proxyPorts.has(draft.port)) {
    draft.address = 0;
    draft.port = -1;
  }
  return sink.endFlow();
}

/** Reads a record of http.log: the name of a connection that conn.log counts, or a request to a proxy, which nothing else tells of. */
export function readZeekHttp(row: ZeekRow, zone: LocalZone, sink: ObservationSink): LineOutcome {
  if (row.get('status_code') === '407') return 'challenge';
  const target = targetOf(row);
  if (target === null) return 'no_destination';
  const draft = beginSighting(row, zone, sink);
  if (typeof draft === 'string') return draft;
  draft.name = sink.text(target.host);
  draft.nameKind = target.kind;
  draft.application = target.kind === 'connect' ? 'tunnel' : 'http';
  if (target.kind === 'host') return sink.endFlow();
  draft.address = 0;
  draft.port = target.port;
  draft.connections = 1;
  // Only a proxy answers a CONNECT, and what it forbids is not reached.
  draft.isDenied = target.kind === 'connect' && row.get('status_code') === '403';
  return sink.endFlow();
}

interface HttpTarget {
  readonly host: string;
  readonly port: number;
  readonly kind: 'connect' | 'url' | 'host';
}

/** `CONNECT example.org:443` and `GET http://example.org/` are for a proxy; other requests are for the host of their header. */
function targetOf(row: ZeekRow): HttpTarget | null {
  const uri = row.get('uri');
  if (row.get('method') === 'CONNECT') {
    const parts = splitHostPort(uri || row.get('host'));
    return parts === null ? null : { ...parts, kind: 'connect' };
  }
  const url = splitUrl(uri);
  if (url !== null) return { host: url.host, port: url.port < 0 ? defaultPortOf(url.scheme) : url.port, kind: 'url' };
  const parts = splitHostPort(row.get('host'));
  return parts === null ? null : { ...parts, kind: 'host' };
}

function beginSighting(row: ZeekRow, zone: LocalZone, sink: ObservationSink): FlowDraft | LineOutcome {
  const startMs = zeekTime(row, zone);
  if (Number.isNaN(startMs)) return 'bad_time';
  const [client, address] = [row.get('id.orig_h'), row.get('id.resp_h')];
  if (client === '' || address === '') return 'bad_fields';
  const port = readPort(row.get('id.resp_p'));
  if (port < 0) return 'bad_number';
  const draft = sink.beginFlow();
  draft.startMs = startMs;
  draft.endMs = startMs;
  draft.client = sink.text(client);
  draft.address = sink.text(address);
  draft.port = port;
  draft.protocol = 6;
  draft.connections = 0;
  return draft;
}
