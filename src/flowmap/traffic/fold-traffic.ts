import type { DecisionRecord, FlowShare, VerdictRecord } from '../../policy/index.ts';
import { edgeOfVerdict, type TrafficEdge } from './traffic-edge.ts';

/** What a record adds to an edge at an instant (epoch milliseconds). `connections` is -1 where one turns out to belong to another edge. */
export interface TrafficAddition {
  readonly edge: TrafficEdge;
  readonly atMs: number;
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** A flow that is under way: where its bytes go, and when it was let through. */
export interface OpenFlow {
  readonly edge: TrafficEdge;
  readonly atMs: number;
}

/** What became of flows since it was asked last: those that are under way, and those that are over. */
export interface FlowChanges {
  readonly opened: ReadonlyMap<string, OpenFlow>;
  readonly closed: ReadonlySet<string>;
}

/** Turns records into what they add, each once, whatever their order. */
export interface TrafficFold {
  take(record: DecisionRecord): readonly TrafficAddition[];
  /** Gives what is to be kept of flows beside the sums, so that a restart counts their bytes where they belong. */
  takeChanges(): FlowChanges;
}

// Six times the connections that a point holds at once by default; past it the eldest goes, and its bytes are counted without a rule.
const maxOpenFlows = 50_000;
// First bytes follow within seconds.
const takeBackMs = 600_000;

/** Makes a fold that knows the flows which were under way when its records begin. */
export function createTrafficFold(under: Iterable<readonly [string, OpenFlow]>): TrafficFold {
  const open = new Map(under);
  let opened = new Map<string, OpenFlow>();
  let closed = new Set<string>();

  const end = (flow: string): void => {
    open.delete(flow);
    if (!opened.delete(flow)) closed.add(flow);
  };
  const begin = (flow: string, at: OpenFlow): void => {
    open.set(flow, at);
    opened.set(flow, at);
    if (open.size <= maxOpenFlows) return;
    const [eldest] = open.keys();
    if (eldest !== undefined) end(eldest);
  };
  const takeAllow = (record: VerdictRecord, counted: TrafficAddition): readonly TrafficAddition[] => {
    const { edge, atMs } = counted;
    // A question that was answered is over: nothing comes after it.
    if (record.point !== 'dns') begin(record.flow, { edge, atMs });
    return [counted];
  };
  const takeDenial = (record: VerdictRecord, counted: TrafficAddition): readonly TrafficAddition[] => {
    const before = open.get(record.flow);
    if (record.stage !== 'sni' || before === undefined) return [counted];
    // A tunnel whose first bytes were refused never worked, though its name was let through a moment before.
    end(record.flow);
    if (counted.atMs - before.atMs > takeBackMs) return [counted];
    return [counted, { ...before, connections: -1, bytesUp: 0, bytesDown: 0 }];
  };
  const takeVerdict = (record: VerdictRecord, atMs: number): readonly TrafficAddition[] => {
    // A connection that is judged again was counted already.
    if (record.stage === 'recheck') return [];
    const connections = countOf(record.repeats ?? 1);
    const counted = { edge: edgeOfVerdict(record), atMs, connections, bytesUp: 0, bytesDown: 0 };
    return record.verdict === 'allow' ? takeAllow(record, counted) : takeDenial(record, counted);
  };
  const takeBytes = (record: BytesRecord, atMs: number): readonly TrafficAddition[] => {
    const under = open.get(record.flow);
    if (record.kind === 'close') end(record.flow);
    const bytes = bytesOf(record);
    const edge = under?.edge ?? edgeOfShare(record.share);
    if (bytes === null || edge === null) return [];
    return [{ edge: underGrant(edge, record.grantId ?? null), atMs, connections: 0, ...bytes }];
  };
  return {
    take: (record) => {
      const atMs = Date.parse(record.time);
      if (Number.isNaN(atMs)) return [];
      if (record.kind === 'verdict') return takeVerdict(record, atMs);
      return record.kind === 'progress' || record.kind === 'close' ? takeBytes(record, atMs) : [];
    },
    takeChanges: () => {
      const changes = { opened, closed };
      opened = new Map();
      closed = new Set();
      return changes;
    },
  };
}

type BytesRecord = Extract<DecisionRecord, { readonly kind: 'progress' | 'close' }>;

// Records of old versions tell totals only: then the close has all that there is to know.
function bytesOf({ kind, share, ...totals }: BytesRecord): Pick<TrafficAddition, 'bytesUp' | 'bytesDown'> | null {
  if (share === undefined && kind === 'progress') return null;
  const { bytesUp, bytesDown } = share ?? totals;
  const bytes = { bytesUp: countOf(bytesUp), bytesDown: countOf(bytesDown) };
  return bytes.bytesUp + bytes.bytesDown === 0 ? null : bytes;
}

// The verdict lies before the oldest record, or too many flows were under way to remember it.
function edgeOfShare(share: FlowShare | undefined): TrafficEdge | null {
  if (share === undefined) return null;
  const { host, port, protocol, class: kind } = share.destination;
  return {
    ...{ service: share.service, identity: '', point: '', host, port, class: kind },
    ...{ protocol: protocol ?? '', verdict: 'allow', reason: '', ruleIds: [], grantId: null },
  };
}

// A tunnel may outlive the rule that let it out when a grant justifies it as well, and the other way round.
function underGrant(edge: TrafficEdge, grantId: string | null): TrafficEdge {
  if (edge.grantId === grantId || edge.verdict === 'would-deny') return edge;
  return { ...edge, grantId, verdict: grantId === null ? 'allow' : 'exception' };
}

// Eight TiB in one record is a damaged one; a sum of a million such still fits.
const mostCounted = 2 ** 43;

function countOf(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? Math.min(value, mostCounted) : 0;
}
