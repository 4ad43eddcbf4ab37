import type { VerdictRecord } from '../../policy/index.ts';

/**
 * How traffic was judged: let out by a rule, by an exception, by observe alone (enforce would refuse it), or refused. In the order in which
 * they are drawn.
 */
export const trafficVerdicts = ['allow', 'exception', 'would-deny', 'deny'] as const;

/** One of {@link trafficVerdicts}. */
export type TrafficVerdict = (typeof trafficVerdicts)[number];

/**
 * What traffic is counted by: who, at which point, where to, how it was judged and by what. An empty text: not known; `*`: several that were
 * counted together. `reason` is that of a denial, or of the one that enforce would give.
 */
export interface TrafficEdge {
  readonly service: string;
  readonly identity: string;
  readonly point: string;
  readonly host: string;
  readonly port: number | null;
  readonly protocol: string;
  readonly class: string;
  readonly verdict: TrafficVerdict;
  readonly reason: string;
  readonly ruleIds: readonly string[];
  readonly grantId: string | null;
}

/** Several that were counted together; as in records. */
export const together = '*';

/** Traffic of an edge. Times are epoch milliseconds. */
export interface TrafficRow extends TrafficEdge {
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly lastMs: number;
}

/** The edge of a verdict. */
export function edgeOfVerdict(record: VerdictRecord): TrafficEdge {
  const { principal, destination, point, ruleIds, grantId } = record;
  const verdict = verdictOf(record);
  return {
    service: principal?.service ?? '',
    identity: principal?.identity ?? '',
    point,
    host: destination?.host ?? '',
    port: destination?.port ?? null,
    protocol: destination?.protocol ?? '',
    class: destination?.class ?? 'ordinary',
    verdict,
    reason: verdict === 'deny' ? record.reason : verdict === 'would-deny' ? (record.wouldDenyReason ?? '') : '',
    ruleIds: ruleIds.slice(0, mostRules),
    grantId,
  };
}

function verdictOf({ verdict, wouldDeny, grantId }: VerdictRecord): TrafficVerdict {
  if (verdict === 'deny') return 'deny';
  if (wouldDeny) return 'would-deny';
  return grantId === null ? 'allow' : 'exception';
}

// More rules than these name one destination for nobody who writes them by hand.
const mostRules = 8;
// A host name has at most 253 characters, a rule id a document's name and a target.
const mostChars = 400;

/** An edge as one line, the same for equal edges. */
export function edgeToKey(edge: TrafficEdge): string {
  const { service, identity, point, host, port, protocol, verdict, reason, ruleIds, grantId } = edge;
  const rules = ruleIds.map(clean).join('\t');
  const texts = [service, identity, point, host, port ?? '', protocol, edge.class, verdict, reason].map(clean);
  return [...texts, rules, clean(grantId ?? '')].join('\n');
}

// Fields end at a line end and rules at a tabulator: no text may bring one along, whatever a damaged record holds.
function clean(text: unknown): string {
  return String(text)
    .slice(0, mostChars)
    .replace(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}

/** The edge of a line that {@link edgeToKey} made. */
export function edgeFromKey(key: string): TrafficEdge {
  const texts = key.split('\n');
  const text = (at: number): string => texts[at] ?? '';
  return {
    service: text(0),
    identity: text(1),
    point: text(2),
    host: text(3),
    port: text(4) === '' ? null : Number(text(4)),
    protocol: text(5),
    class: text(6),
    verdict: trafficVerdicts.find((each) => each === text(7)) ?? 'deny',
    reason: text(8),
    ruleIds: text(9) === '' ? [] : text(9).split('\t'),
    grantId: text(10) === '' ? null : text(10),
  };
}

/**
 * An edge told more coarsely, for where there are too many: first without identity and destination, which a workload can make up as it
 * likes, then without rules too. Null where there is nothing left to leave out.
 */
export function coarser(edge: TrafficEdge): TrafficEdge | null {
  if (edge.host !== together || edge.identity !== together) {
    return { ...edge, identity: together, host: together, port: null, protocol: '' };
  }
  if (edge.ruleIds.length > 0 || edge.grantId !== null) return { ...edge, ruleIds: [], grantId: null };
  return null;
}
