import type { Application, FlowDraft, LineOutcome, NameKind, ObservationSink } from '../observation.ts';
import { orientFlow } from './orient-flow.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';

/** A request that the firewall judged, however it was written down. */
export interface AzureRequest {
  readonly timeMs: number;
  /** The firewall's word: `HTTPS`, `TCP`, `ICMP Type=8`. */
  readonly protocol: string;
  readonly source: string;
  readonly sourcePort: number;
  /** Name or address of the destination; empty where the record has none. */
  readonly host: string;
  readonly port: number;
  readonly action: string;
  /** The record stands beside the one of the rule that let it pass (threat intelligence, signatures, fat flows): it is not counted. */
  readonly isAside: boolean;
  /** Written for a packet or for the faster direction, which may be the server's. */
  readonly isEitherWay: boolean;
  /** The client named the host to the firewall as its proxy. */
  readonly isProxied: boolean;
}

/** Takes a request as a flow. The firewall logs neither bytes nor the end of a connection. */
export function takeAzureRequest(request: AzureRequest, sink: ObservationSink): LineOutcome {
  if (request.host === '') return 'no_destination';
  if (request.source === '') return 'bad_fields';
  const spoken = applicationRules[word(request.protocol)];
  const draft = sink.beginFlow();
  draft.protocol = spoken === undefined ? readProtocol(word(request.protocol)) : tcp;
  writeSides(draft, request, sink);
  draft.startMs = request.timeMs;
  draft.endMs = request.timeMs;
  draft.application = spoken?.application ?? 'unknown';
  draft.isDenied = isDenial(request.action);
  draft.connections = request.isAside && !draft.isDenied ? 0 : 1;
  if (!isAddress(request.host)) {
    draft.name = sink.text(request.host);
    draft.nameKind = request.isProxied ? 'connect' : (spoken?.nameKind ?? 'host');
  }
  return sink.endFlow();
}

const tcp = 6;

function writeSides(draft: FlowDraft, request: AzureRequest, sink: ObservationSink): void {
  const hasAddress = isAddress(request.host);
  orientFlow(draft, {
    source: sink.text(request.source),
    sourcePort: request.sourcePort,
    destination: hasAddress ? sink.text(request.host) : 0,
    destinationPort: draft.protocol !== 0 && !hasPorts(draft.protocol) ? 0 : request.port,
    bytes: -1,
    bytesBack: -1,
    opener: request.isEitherWay && hasAddress ? null : 'source',
    tcpFlags: -1,
  });
  draft.isReply = false;
}

/** What application rules look into, and where they find the name. */
const applicationRules: Readonly<
  Record<string, { readonly application: Application; readonly nameKind: NameKind } | undefined>
> = {
  HTTP: { application: 'http', nameKind: 'host' },
  HTTPS: { application: 'tls', nameKind: 'sni' },
  MSSQL: { application: 'other', nameKind: 'sni' },
};

/** The first word of a protocol, upper case: `ICMP Type=8`, `Https:443`. */
function word(protocol: string): string {
  return (/^[A-Za-z0-9-]+/.exec(protocol)?.[0] ?? '').toUpperCase();
}

function isDenial(action: string): boolean {
  return /^(?:deny|denied|drop|block)/i.test(action);
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}
