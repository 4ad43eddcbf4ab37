import type { Protocol } from '../../destination/index.ts';
import {
  type CompiledPolicy,
  listEveryIdentity,
  several,
  type VerdictRecord,
  verdictCount,
} from '../../policy/index.ts';
import type { JudgeableEdge } from '../edge.ts';
import type { PrincipalPair } from './compare-on-edges.ts';

/**
 * Recorded decisions as edges that a policy can be tried on. The principal of an edge is service and identity as they were recorded: under
 * another policy the identity may be another service's, or nobody's. Records come newest first.
 */
export interface DecisionFold {
  /** Takes a verdict; what says nothing of who or where, or is past the bound, is counted as left out. */
  add(record: VerdictRecord): void;
  edges(): readonly JudgeableEdge[];
  /** The edge of an end, with the addresses and the source of its records; where no record is in the fold, of its name alone. */
  edgeOf(end: RecordedEnd): { readonly edge: JudgeableEdge; readonly isRecorded: boolean };
  /** Connections that are in the edges, and those that are not, though they were judged. */
  readonly counts: { readonly judged: number; readonly leftOut: number };
}

/** Who asked for what, as a record has it. */
export interface RecordedEnd {
  readonly service: string;
  readonly identity: string;
  readonly host: string;
  readonly port: number | null;
  readonly protocol: Protocol | null;
}

/** About 300 bytes each. */
const mostEdges = 50_000;
/** First bytes follow a name within seconds; these are the flows of a busy minute. */
const mostRefusedFlows = 10_000;
const mostAddresses = 16;

interface Growing {
  readonly edge: JudgeableEdge;
  readonly addresses: Set<string>;
  connections: number;
  denied: number;
  firstMs: number;
  lastMs: number;
}

/** Makes an empty fold. */
export function createDecisionFold(): DecisionFold {
  const edges = new Map<string, Growing>();
  const refusedLater = new Set<string>();
  const counts = { judged: 0, leftOut: 0 };
  return {
    counts,
    add: (record) => {
      if (record.point === 'dns' || record.stage === 'recheck') return;
      if (record.stage === 'sni') {
        // Its name was let through a moment before, and is read after it: such a flow never worked.
        if (record.verdict === 'deny' && refusedLater.size < mostRefusedFlows) refusedLater.add(record.flow);
        return;
      }
      const count = verdictCount(record);
      const growing = growingOf(edges, record);
      if (growing === null) {
        counts.leftOut += count;
        return;
      }
      counts.judged += count;
      addTo(growing, record, { count, isLetOut: record.verdict === 'allow' && !refusedLater.has(record.flow) });
    },
    edges: () => [...edges.values()].map(grownEdge),
    edgeOf: (end) => {
      const known = edges.get(keyOf(end));
      const isRecorded = known !== undefined;
      return { isRecorded, edge: isRecorded ? grownEdge(known) : edgeOf(end, null) };
    },
  };
}

function grownEdge({ edge, addresses, connections, denied, firstMs, lastMs }: Growing): JudgeableEdge {
  return { ...edge, ...{ addresses: [...addresses], connections, denied, firstMs, lastMs } };
}

function growingOf(edges: Map<string, Growing>, record: VerdictRecord): Growing | null {
  const { principal, destination } = record;
  if (principal === null || destination === null || destination.host === several) return null;
  const { host, port, protocol } = destination;
  const end = { ...{ service: principal.service, identity: principal.identity }, host, port, protocol };
  const key = keyOf(end);
  const known = edges.get(key);
  if (known !== undefined) return known;
  if (edges.size >= mostEdges) return null;
  const made: Growing = {
    edge: edgeOf(end, addressOf(record.source)),
    addresses: new Set(),
    connections: 0,
    denied: 0,
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: 0,
  };
  edges.set(key, made);
  return made;
}

function keyOf({ service, identity, host, port, protocol }: RecordedEnd): string {
  return [service, identity, host, port, protocol].join('\n');
}

function edgeOf({ service, identity, host, port, protocol }: RecordedEnd, source: string | null): JudgeableEdge {
  return {
    principal: writePrincipal(service, identity),
    how: ['record'],
    destination: host,
    isName: !/^[\d.]+$|:/.test(host),
    port: port ?? -1,
    protocol: protocol === 'udp' ? 17 : 6,
    application: applications[protocol ?? 'unknown'],
    rank: 'record',
    candidates: [],
    clients: source === null ? [] : [source],
    addresses: [],
    connections: 0,
    bytesUp: null,
    bytesDown: null,
    denied: 0,
    firstMs: 0,
    lastMs: 0,
    initiator: 'stated',
    isSampled: false,
  };
}

const applications = { tls: 'tls', http: 'http', tcp: 'other', udp: 'other', unknown: 'unknown' } as const;

/** `192.0.2.7:51234` and `[2001:db8::7]:51234` without their port. */
function addressOf(source: string): string | null {
  return /^\[?([0-9a-f.:]+?)\]?:\d+$/i.exec(source)?.[1] ?? null;
}

function addTo(
  growing: Growing,
  { time, destination }: VerdictRecord,
  { count, isLetOut }: { readonly count: number; readonly isLetOut: boolean },
): void {
  const atMs = Date.parse(time);
  if (isLetOut) growing.connections += count;
  else growing.denied += count;
  growing.firstMs = Math.min(growing.firstMs, atMs);
  growing.lastMs = Math.max(growing.lastMs, atMs);
  const address = destination?.address ?? null;
  if (address !== null && growing.addresses.size < mostAddresses) growing.addresses.add(address);
}

function writePrincipal(service: string, identity: string): string {
  return `${service}\n${identity}`;
}

/**
 * Who the principals of {@link DecisionFold} are under two policies: the service that has the identity. One that only the old policy has is
 * nobody under the new one, and stands there under its own text; one that neither has (sources that are observed) stays its service.
 */
export function principalsOfDecisions(
  now: CompiledPolicy,
  before: CompiledPolicy,
): (principal: string) => PrincipalPair {
  const [services, servicesBefore] = [servicesByIdentity(now), servicesByIdentity(before)];
  return (principal) => {
    const cut = principal.indexOf('\n');
    const [service, identity] = [principal.slice(0, cut), principal.slice(cut + 1)];
    const stood = servicesBefore.get(identity);
    return { now: services.get(identity) ?? (stood === undefined ? service : identity), before: stood ?? service };
  };
}

function servicesByIdentity(policy: CompiledPolicy): ReadonlyMap<string, string> {
  return new Map(listEveryIdentity(policy).map(({ text, service }) => [text, service]));
}
