import { parseIpAddress } from '../../destination/index.ts';
import type { Strength } from '../../identity/index.ts';
import { several, type VerdictRecord, verdictCount } from '../../policy/index.ts';
import { createGrantUsage, type GrantUsage, grantUsageFromData, grantUsageToData } from './grant-usage.ts';
import { createRuleUsage, foldRules, type RuleUsage } from './rule-usage.ts';

/** One edge: a service, a host and a port, with when it was last let through and last refused (epoch ms, null for never). */
export interface UsageEdge {
  readonly service: string;
  readonly host: string;
  readonly port: number | null;
  firstSeen: number;
  lastAllowed: number | null;
  lastDenied: number | null;
  lastDeniedReason: string | null;
  /** The addresses it was dialled at, the latest last. */
  addresses: readonly string[];
  /** What only observe let through; absent where nothing was. */
  observed?: ObservedUse;
}

/** How often an edge was let through only because its service is observed, and why enforce would refuse it. */
export interface ObservedUse {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly reason: string;
  readonly protocol: string | null;
}

/** What is counted on one day (UTC). A connection is a verdict on a name with a known principal. */
export interface UsageDay {
  readonly day: string;
  enforced: number;
  observed: number;
  allowed: number;
  denied: number;
  wouldDeny: number;
  /** Connections whose service and destination are known by name, and those of which one is not; absent where they were not counted yet. */
  named?: number;
  unnamed?: number;
  readonly byStrength: Partial<Record<Strength, number>>;
}

/** Folded records: bounded, and plain data that is kept as JSON. */
export interface Usage {
  readonly edges: Map<string, UsageEdge>;
  readonly days: Map<string, UsageDay>;
  /** Allows of the latest flows, to take one back when its first bytes are refused. Not kept between runs. */
  readonly recent: Map<string, { readonly edge: UsageEdge; readonly lastAllowed: number | null }>;
  /** What each grant carried, and what rules were last used. */
  readonly grants: GrantUsage;
  readonly rules: RuleUsage;
  droppedEdges: number;
}

/** How far back usage looks: the window of "broken flows". */
export const usageWindowMs: number = 30 * 86_400_000;
// About 250 bytes each; past it the edge that was quiet longest is dropped and counted.
const maxEdges = 200_000;
// First bytes follow within seconds; these are the flows of a busy minute.
const maxRecentFlows = 10_000;

/** An empty usage. */
export function createUsage(): Usage {
  return {
    edges: new Map(),
    days: new Map(),
    recent: new Map(),
    grants: createGrantUsage(),
    rules: createRuleUsage(),
    droppedEdges: 0,
  };
}

/**
 * Folds one verdict record in. An observed flow that enforce would refuse counts as let through: nothing broke.
 * Records without a principal or a destination belong to nobody: they are left out, but for how many of them there are without a name.
 */
export function foldVerdict(usage: Usage, record: VerdictRecord): void {
  const atMs = Date.parse(record.time);
  if (record.destination === null || Number.isNaN(atMs)) return;
  foldNamed(usage, record);
  if (record.principal === null) return;
  const { host, port } = record.destination;
  // Denials of several destinations were counted together: they are traffic, and no edge.
  if (host !== several) foldEdge(usage, record, { service: record.principal.service, host, port, atMs });
  foldDay(usage, record, record.principal.strength);
  foldRules(usage.rules, record, atMs);
}

interface EdgeAt {
  readonly service: string;
  readonly host: string;
  readonly port: number | null;
  readonly atMs: number;
}

function foldEdge(usage: Usage, record: VerdictRecord, at: EdgeAt): void {
  const key = `${at.service}\n${at.host}\n${at.port}`;
  const known = usage.edges.get(key);
  const edge = known ?? {
    ...withoutTime(at),
    firstSeen: at.atMs,
    lastAllowed: null,
    lastDenied: null,
    lastDeniedReason: null,
    addresses: [],
  };
  // Taken out and put back: the map stays in order of last use, so the first entry is the one to drop.
  if (known !== undefined) usage.edges.delete(key);
  usage.edges.set(key, edge);
  if (record.verdict === 'allow') noteAllow(usage, record, { edge, atMs: at.atMs });
  else noteDenial(usage, record, { edge, atMs: at.atMs });
  while (usage.edges.size > maxEdges) {
    const [oldest] = usage.edges.keys();
    if (oldest === undefined) break;
    usage.edges.delete(oldest);
    usage.droppedEdges += 1;
  }
}

interface EdgeUse {
  readonly edge: UsageEdge;
  readonly atMs: number;
}

function noteAllow(usage: Usage, record: VerdictRecord, { edge, atMs }: EdgeUse): void {
  rememberAllow(usage, record.flow, edge);
  edge.lastAllowed = Math.max(edge.lastAllowed ?? 0, atMs);
  if (record.wouldDeny) edge.observed = addObserved(edge.observed, record, atMs);
  const address = record.destination?.address ?? null;
  if (address !== null) edge.addresses = addLast(edge.addresses, address);
}

function noteDenial(usage: Usage, record: VerdictRecord, { edge, atMs }: EdgeUse): void {
  if (record.stage === 'sni') takeBackAllow(usage, record.flow);
  edge.lastDenied = Math.max(edge.lastDenied ?? 0, atMs);
  edge.lastDeniedReason = record.reason;
}

function addObserved(known: ObservedUse | undefined, record: VerdictRecord, atMs: number): ObservedUse {
  return {
    count: (known?.count ?? 0) + verdictCount(record),
    firstMs: Math.min(known?.firstMs ?? atMs, atMs),
    lastMs: Math.max(known?.lastMs ?? 0, atMs),
    reason: record.wouldDenyReason ?? record.reason,
    protocol: record.destination?.protocol ?? null,
  };
}

// A name behind a load balancer changes its addresses all day; the latest are those that still may answer.
const maxAddresses = 16;

function addLast(addresses: readonly string[], address: string): readonly string[] {
  if (addresses.at(-1) === address) return addresses;
  return [...addresses.filter((one) => one !== address), address].slice(-maxAddresses);
}

function rememberAllow(usage: Usage, flow: string, edge: UsageEdge): void {
  usage.recent.set(flow, { edge, lastAllowed: edge.lastAllowed });
  if (usage.recent.size <= maxRecentFlows) return;
  const [oldest] = usage.recent.keys();
  if (oldest !== undefined) usage.recent.delete(oldest);
}

// A tunnel whose first bytes were refused never worked, though its name was let through a moment before.
function takeBackAllow(usage: Usage, flow: string): void {
  const allow = usage.recent.get(flow);
  if (allow === undefined) return;
  allow.edge.lastAllowed = allow.lastAllowed;
  usage.recent.delete(flow);
}

function withoutTime({ service, host, port }: EdgeAt): Pick<UsageEdge, 'service' | 'host' | 'port'> {
  return { service, host, port };
}

// Later stages judge a connection that was counted already.
function isFirst({ stage }: VerdictRecord): boolean {
  return stage !== 'recheck' && stage !== 'sni';
}

/** A question to the DNS filter is no connection, and has a name by its nature. */
function foldNamed(usage: Usage, record: VerdictRecord): void {
  const host = record.destination?.host ?? several;
  if (!isFirst(record) || record.point === 'dns' || host === several) return;
  const isNamed = record.principal !== null && !parseIpAddress(host).ok;
  const day = dayOf(usage, record);
  day.named = (day.named ?? 0) + (isNamed ? verdictCount(record) : 0);
  day.unnamed = (day.unnamed ?? 0) + (isNamed ? 0 : verdictCount(record));
}

function dayOf(usage: Usage, record: VerdictRecord): UsageDay {
  const name = record.time.slice(0, 10);
  const day = usage.days.get(name) ?? {
    day: name,
    enforced: 0,
    observed: 0,
    allowed: 0,
    denied: 0,
    wouldDeny: 0,
    byStrength: {},
  };
  usage.days.set(name, day);
  return day;
}

function foldDay(usage: Usage, record: VerdictRecord, strength: Strength): void {
  if (!isFirst(record)) return;
  const day = dayOf(usage, record);
  const count = verdictCount(record);
  if (record.mode === 'observe') day.observed += count;
  else day.enforced += count;
  if (record.verdict === 'allow') day.allowed += count;
  else day.denied += count;
  if (record.wouldDeny) day.wouldDeny += count;
  day.byStrength[strength] = (day.byStrength[strength] ?? 0) + count;
}

/** Drops what is older than the window. `nowMs` is epoch milliseconds. */
export function pruneUsage(usage: Usage, nowMs: number): void {
  const since = nowMs - usageWindowMs;
  const firstDay = new Date(since).toISOString().slice(0, 10);
  for (const name of usage.days.keys()) if (name < firstDay) usage.days.delete(name);
  for (const [key, edge] of usage.edges) {
    if (Math.max(edge.lastAllowed ?? 0, edge.lastDenied ?? 0) < since) usage.edges.delete(key);
  }
}

/** Usage as plain data for a file. */
export function usageToJson(usage: Usage): string {
  return JSON.stringify({
    version: 2,
    droppedEdges: usage.droppedEdges,
    edges: [...usage.edges.values()],
    days: [...usage.days.values()],
    rules: [...usage.rules],
    grants: grantUsageToData(usage.grants),
  });
}

/** Reads what {@link usageToJson} wrote; anything else is an empty usage, since records can be folded again. */
export function usageFromJson(text: string): Usage | null {
  try {
    const data = JSON.parse(text) as {
      version: number;
      droppedEdges: number;
      edges: UsageEdge[];
      days: UsageDay[];
      rules: [string, number][];
      grants: unknown;
    };
    if (data.version !== 2) return null;
    return {
      recent: new Map(),
      droppedEdges: data.droppedEdges,
      edges: new Map(data.edges.map((edge) => [`${edge.service}\n${edge.host}\n${edge.port}`, edge])),
      days: new Map(data.days.map((day) => [day.day, day])),
      rules: new Map(data.rules),
      grants: grantUsageFromData(data.grants),
    };
  } catch {
    return null;
  }
}
