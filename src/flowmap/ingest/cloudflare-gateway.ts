import { ok } from '../../base/index.ts';
import type { LineOutcome, NameKind, ObservationSink } from '../observation.ts';
import { applicationOf } from './application-word.ts';
import { cloudflareAnswerOf } from './cloudflare-gateway-dns.ts';
import { addressOf, countOf, endFlowOf, type FlowFacts, portOf } from './flow-facts.ts';
import { defaultPortOf, splitHostPort, splitUrl } from './host-port.ts';
import { type JsonRecord, parseJsonRecord, textAt } from './json-record.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import { parseWrittenTime } from './parse-written-time.ts';
import { readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Cloudflare Gateway by Logpush: DNS, HTTP, network and network session records, told apart by their keys. */
export const cloudflareGatewayFormat: LogFormat = {
  id: 'cloudflare-gateway',
  title: 'Cloudflare Gateway Logpush',
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
      'Only network session records have bytes; DNS, HTTP and network records have none.',
      'A connection whose HTTP is inspected is in the network records once and in the HTTP records for every request.',
      'Names of network records are what the client said in the TLS handshake, and only for TLS.',
      'Traffic that a device does not send through the gateway (split tunnels) is not there.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => datasetOf(parseJsonRecord(text)) !== null),
  learn: () => null,
  createParser: ({ zone }) => ok({ parse: (line, sink) => parseRecord(parseJsonRecord(line.text()), zone, sink) }),
};

type Dataset = 'dns' | 'http' | 'network' | 'session';

// The first whose keys are all there; each has one that no other log of this product has.
const datasetKeys: readonly (readonly [Dataset, readonly string[]])[] = [
  ['dns', ['QueryName', 'ResolverDecision']],
  ['dns', ['QueryName', 'ResolvedIPs']],
  ['dns', ['QueryName', 'SrcIP', 'Datetime']],
  ['session', ['SessionStartTime', 'OriginIP']],
  ['http', ['HTTPHost', 'Datetime']],
  ['http', ['URL', 'HTTPMethod', 'Datetime']],
  ['network', ['DestinationIP', 'DestinationPort', 'SourceIP', 'Datetime']],
  ['network', ['SNI', 'SourceIP', 'Datetime']],
];

function datasetOf(record: JsonRecord | null): Dataset | null {
  if (record === null) return null;
  return datasetKeys.find(([, keys]) => keys.every((key) => Object.hasOwn(record, key)))?.[0] ?? null;
}

function parseRecord(record: JsonRecord | null, zone: LocalZone, sink: ObservationSink): LineOutcome {
  if (record === null) return 'bad_json';
  const timeMs = parseWrittenTime(textAt(record, 'Datetime'), zone);
  switch (datasetOf(record)) {
    case 'dns':
      return Number.isNaN(timeMs) ? 'bad_time' : sink.answer(cloudflareAnswerOf(record, timeMs));
    case 'http':
      return endFlowOf(sink, httpFlowOf(record, timeMs));
    case 'network':
      return endFlowOf(sink, networkFlowOf(record, timeMs));
    case 'session':
      return endFlowOf(sink, sessionFlowOf(record, zone));
    default:
      return 'other_format';
  }
}

function clientOf(record: JsonRecord): Pick<FlowFacts, 'client' | 'user'> {
  const email = textAt(record, 'Email');
  return {
    // The public address is that of a whole office; the internal one is the device's.
    client: addressOf(textAt(record, 'SourceInternalIP')) || addressOf(textAt(record, 'SourceIP')),
    user: email.startsWith('non_identity@') ? '' : email,
  };
}

function httpFlowOf(record: JsonRecord, timeMs: number): FlowFacts {
  const url = splitUrl(textAt(record, 'URL'));
  const host = splitHostPort(textAt(record, 'HTTPHost'));
  const port = portOf(textAt(record, 'DestinationPort'));
  return {
    ...clientOf(record),
    startMs: timeMs,
    endMs: timeMs,
    address: addressOf(textAt(record, 'DestinationIP')),
    name: host?.host ?? url?.host ?? '',
    nameKind: url === null ? 'host' : 'url',
    port: port === -1 && url !== null ? (url.port >= 0 ? url.port : defaultPortOf(url.scheme)) : port,
    protocol: textAt(record, 'HTTPVersion') === 'HTTP/3' ? 17 : 6,
    application: applicationOf(url?.scheme ?? ''),
    bytesUp: -1,
    bytesDown: -1,
    connections: 1,
    isDenied: refusals.has(textAt(record, 'Action').toLowerCase()),
  };
}

/** Words of `Action` for what the gateway refused. `override` sends a connection elsewhere, which is not a refusal. */
const refusals: ReadonlySet<string> = new Set(['block', 'blocked', 'redirect', 'quarantine']);

function networkFlowOf(record: JsonRecord, timeMs: number): FlowFacts {
  const name = textAt(record, 'SNI');
  return {
    ...clientOf(record),
    startMs: timeMs,
    endMs: timeMs,
    address: addressOf(textAt(record, 'DestinationIP')),
    ...namedBySni(name, textAt(record, 'DetectedProtocol')),
    port: portOf(textAt(record, 'DestinationPort')),
    protocol: readProtocol(textAt(record, 'Transport')),
    bytesUp: -1,
    bytesDown: -1,
    connections: 1,
    isDenied: refusals.has(textAt(record, 'Action').toLowerCase()),
  };
}

function namedBySni(name: string, protocolWord: string): Pick<FlowFacts, 'name' | 'nameKind' | 'application'> {
  const nameKind: NameKind = name === '' ? 'none' : 'sni';
  return { name, nameKind, application: name === '' ? applicationOf(protocolWord) : 'tls' };
}

function sessionFlowOf(record: JsonRecord, zone: LocalZone): FlowFacts {
  const startMs = parseWrittenTime(textAt(record, 'SessionStartTime'), zone);
  const ended = textAt(record, 'SessionEndTime');
  return {
    ...clientOf(record),
    startMs,
    endMs: ended === '' ? startMs : parseWrittenTime(ended, zone),
    address: addressOf(textAt(record, 'OriginIP')),
    ...namedBySni(textAt(record, 'SNI'), textAt(record, 'DetectedProtocol')),
    port: portOf(textAt(record, 'OriginPort')),
    protocol: readProtocol(textAt(record, 'Protocol')),
    // From the client to the origin, and back.
    bytesUp: countOf(textAt(record, 'BytesSent')),
    bytesDown: countOf(textAt(record, 'BytesReceived')),
    connections: 1,
    isDenied: textAt(record, 'ConnectionCloseReason') === 'PROXY_CONN_REFUSED',
  };
}
