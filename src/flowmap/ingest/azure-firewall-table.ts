import type { LineOutcome, ObservationSink } from '../observation.ts';
import { takeAzureQuestion } from './azure-firewall-message.ts';
import { type AzureRequest, takeAzureRequest } from './azure-firewall-request.ts';
import { readPort, splitHostPort } from './host-port.ts';
import { type JsonRecord, textAt } from './json-record.ts';

/** Whether a category is one of the structured logs (resource specific tables) or of their aggregates. */
export function isAzureTable(category: string): boolean {
  return category.startsWith('AZFW');
}

/** Takes a record of a structured log by its category: `AZFWApplicationRule`, `AZFWNetworkRule`, … */
export function takeAzureTable(
  category: string,
  properties: JsonRecord,
  timeMs: number,
  sink: ObservationSink,
): LineOutcome {
  const skip = skippedTables[category];
  if (skip !== undefined) return skip;
  if (category === 'AZFWDnsQuery') return takeQuery(properties, timeMs, sink);
  const kind = requestTables[category];
  if (kind === undefined) return 'not_network';
  const ports = [portAt(properties, 'SourcePort'), portAt(properties, 'DestinationPort')] as const;
  if (Number.isNaN(ports[0]) || Number.isNaN(ports[1])) return 'bad_number';
  const named = kind.isNamed ? namedHost(properties) : null;
  return takeAzureRequest(
    {
      timeMs,
      protocol: textAt(properties, 'Protocol'),
      source: textAt(properties, 'SourceIp'),
      sourcePort: ports[0],
      host: named?.host ?? textAt(properties, 'DestinationIp'),
      port: ports[1] < 0 ? (named?.port ?? -1) : ports[1],
      action: textAt(properties, 'Action'),
      isAside: kind.isAside,
      isEitherWay: kind.isEitherWay,
      isProxied: /^(?:true|1)$/i.test(String(properties['IsExplicitProxyRequest'])),
    },
    sink,
  );
}

interface RequestTable extends Pick<AzureRequest, 'isAside' | 'isEitherWay'> {
  readonly isNamed: boolean;
}

const requestTables: Readonly<Record<string, RequestTable | undefined>> = {
  AZFWApplicationRule: { isNamed: true, isAside: false, isEitherWay: false },
  AZFWNetworkRule: { isNamed: false, isAside: false, isEitherWay: false },
  AZFWThreatIntel: { isNamed: true, isAside: true, isEitherWay: false },
  AZFWIdpsSignature: { isNamed: false, isAside: true, isEitherWay: true },
  // The fastest flows, with a rate in place of bytes, in whichever direction is fast.
  AZFWFatFlow: { isNamed: false, isAside: true, isEitherWay: true },
};

const skippedTables: Readonly<Record<string, LineOutcome | undefined>> = {
  // Destination NAT publishes a service to the outside.
  AZFWNatRule: 'inbound',
  AZFWNatRuleAggregation: 'inbound',
  AZFWApplicationRuleAggregation: 'repeated',
  AZFWNetworkRuleAggregation: 'repeated',
  // Packets of connections that their rule has logged.
  AZFWFlowTrace: 'repeated',
};

function takeQuery(properties: JsonRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const question = {
    timeMs,
    client: textAt(properties, 'SourceIp'),
    name: textAt(properties, 'QueryName'),
    type: textAt(properties, 'QueryType'),
    code: textAt(properties, 'ResponseCode'),
  };
  return takeAzureQuestion(question, sink);
}

function namedHost(properties: JsonRecord): { readonly host: string; readonly port: number } | null {
  const name = textAt(properties, 'Fqdn') || textAt(properties, 'TargetUrl').replace(/^[a-z]+:\/\//i, '');
  return name === '' ? null : splitHostPort(name);
}

function portAt(properties: JsonRecord, key: string): number {
  const text = textAt(properties, key);
  if (text === '') return -1;
  const port = readPort(text);
  return port < 0 ? Number.NaN : port;
}
