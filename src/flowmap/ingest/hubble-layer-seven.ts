import type { LineOutcome, ObservationSink } from '../observation.ts';
import { defaultPortOf, splitUrl } from './host-port.ts';
import { type HubbleFlow, workloadOf } from './hubble-flow.ts';
import { type JsonRecord, listOf, recordOf, textAt } from './json-record.ts';

/** Codes of answers by their number (RFC 1035 section 4.1.1). */
const codes: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Reads what the DNS proxy saw. A question alone tells nothing that its answer will not, unless it was refused. */
export function readHubbleDns(flow: HubbleFlow, layer: JsonRecord, sink: ObservationSink): LineOutcome {
  const dns = recordOf(layer['dns']);
  const isAnswer = textAt(layer, 'type') === 'RESPONSE' || flow.isReply === true;
  if (!isAnswer && !flow.isDenied) return 'repeated';
  const name = textAt(dns, 'query');
  if (name === '') return 'bad_fields';
  const ttl = textAt(dns, 'ttl');
  const ttlSeconds = /^\d{1,10}$/.test(ttl) ? Number(ttl) : null;
  const addresses = textsOf(dns?.['ips']).map((address) => ({ address, ttlSeconds }));
  return sink.answer({
    timeMs: flow.timeMs,
    client: isAnswer ? flow.destination : flow.source,
    name,
    type: (textsOf(dns?.['qtypes'])[0] ?? 'A').toUpperCase(),
    code: isAnswer ? codeOf(textAt(dns, 'rcode')) : null,
    addresses: isAnswer ? addresses : null,
    aliases: textsOf(dns?.['cnames']),
    isDenied: flow.isDenied,
    resolver: isAnswer ? flow.source : flow.destination,
    service: workloadOf(flow.record, isAnswer ? 'destination' : 'source') || null,
  });
}

/** Reads what the HTTP proxy saw: the name in a connection that its packets count. */
export function readHubbleHttp(flow: HubbleFlow, layer: JsonRecord, sink: ObservationSink): LineOutcome {
  if (textAt(layer, 'type') === 'RESPONSE' || flow.isReply === true) return 'repeated';
  const url = splitUrl(textAt(layer, 'http', 'url'));
  if (url === null) return 'no_destination';
  const port = Number(textAt(flow.record, 'l4', 'TCP', 'destination_port') || Number.NaN);
  const draft = sink.beginFlow();
  draft.startMs = flow.timeMs;
  draft.endMs = flow.timeMs;
  draft.client = sink.text(flow.source);
  draft.service = sink.text(workloadOf(flow.record, 'source'));
  draft.address = sink.text(flow.destination);
  draft.name = sink.text(url.host);
  draft.nameKind = 'host';
  draft.port = Number.isInteger(port) ? port : url.port < 0 ? defaultPortOf(url.scheme) : url.port;
  draft.protocol = 6;
  draft.application = 'http';
  draft.connections = 0;
  draft.isDenied = flow.isDenied;
  return sink.endFlow();
}

/** The number is left out where it is 0 (NOERROR); some exporters write the name. */
function codeOf(code: string): string {
  if (code === '') return 'NOERROR';
  return /^\d+$/.test(code) ? (codes[Number(code)] ?? `RCODE${code}`) : code.toUpperCase();
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((text) => typeof text === 'string');
}
