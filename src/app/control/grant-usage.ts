import type { GrantUsage as GrantUsageRow } from '../../exceptions/index.ts';
import { type DecisionRecord, several, type VerdictRecord, verdictCount } from '../../policy/index.ts';

/** What one grant carried: connections that only it justified, their bytes, and denials just outside its scope. Times are epoch milliseconds. */
export interface GrantUse {
  readonly grantId: string;
  connections: number;
  bytesUp: number;
  bytesDown: number;
  firstUseMs: number | null;
  lastUseMs: number | null;
  /** In how many hours of the clock it was used. */
  hoursUsed: number;
  denialsJustOutside: number;
  /** What was asked for just outside, a few of them. */
  nearHosts: readonly string[];
}

/** Traffic of one day (UTC): all that was allowed, and what of it only grants justified. */
export interface DebtDay {
  readonly day: string;
  connections: number;
  grantConnections: number;
  bytes: number;
  grantBytes: number;
}

/** Use of grants, folded from records. */
export interface GrantUsage {
  readonly uses: Map<string, GrantUse>;
  readonly days: Map<string, DebtDay>;
  /** Bytes of flows that were told by progress records already, so that the close counts the rest. */
  readonly told: Map<string, { readonly bytesUp: number; readonly bytesDown: number }>;
  /** From when on uses were counted: nobody used it means little without. */
  sinceMs: number | null;
}

/** Which live grants a destination lies just outside of: same service, same registrable domain. */
export type NearGrants = (service: string, host: string) => readonly string[];

// A thousand exceptions a month for ten years. The one that was quiet longest goes first.
const maxUses = 120_000;
const maxDays = 400;
const maxTold = 20_000;
const maxNearHosts = 5;
const hourMs = 3_600_000;

/** An empty usage of grants. */
export function createGrantUsage(): GrantUsage {
  return { uses: new Map(), days: new Map(), told: new Map(), sinceMs: null };
}

/** Folds one record in. */
export function foldGrantUse(usage: GrantUsage, record: DecisionRecord, nearGrants: NearGrants): void {
  const atMs = Date.parse(record.time);
  if (Number.isNaN(atMs)) return;
  usage.sinceMs = Math.min(usage.sinceMs ?? atMs, atMs);
  if (record.kind === 'verdict') foldVerdict(usage, record, { atMs, nearGrants });
  if (record.kind === 'progress' || record.kind === 'close') foldBytes(usage, record, atMs);
}

function foldVerdict(
  usage: GrantUsage,
  record: VerdictRecord,
  { atMs, nearGrants }: { readonly atMs: number; readonly nearGrants: NearGrants },
): void {
  // Later stages judge a connection that was counted already.
  if (record.stage !== 'name' || record.principal === null || record.destination === null) return;
  if (record.verdict === 'allow') foldAllow(usage, record, atMs);
  else if (record.reason === 'no_rule_matched') foldMiss(usage, record, nearGrants);
}

function foldAllow(usage: GrantUsage, record: VerdictRecord, atMs: number): void {
  const count = verdictCount(record);
  const day = dayOf(usage, record.time);
  day.connections += count;
  if (record.grantId === null) return;
  day.grantConnections += count;
  const use = useOf(usage, record.grantId);
  use.connections += count;
  noteUse(use, atMs);
}

function foldMiss(usage: GrantUsage, record: VerdictRecord, nearGrants: NearGrants): void {
  const { principal, destination } = record;
  if (principal === null || destination === null || destination.host === several) return;
  const { host, port } = destination;
  const near = port === null ? host : `${host}:${port}`;
  for (const id of nearGrants(principal.service, host)) {
    const use = useOf(usage, id);
    use.denialsJustOutside += verdictCount(record);
    if (use.nearHosts.length < maxNearHosts && !use.nearHosts.includes(near)) use.nearHosts = [...use.nearHosts, near];
  }
}

function noteUse(use: GrantUse, atMs: number): void {
  const isNewHour = use.lastUseMs === null || Math.floor(use.lastUseMs / hourMs) !== Math.floor(atMs / hourMs);
  if (isNewHour) use.hoursUsed += 1;
  use.firstUseMs = Math.min(use.firstUseMs ?? atMs, atMs);
  use.lastUseMs = Math.max(use.lastUseMs ?? atMs, atMs);
}

function foldBytes(
  usage: GrantUsage,
  record: Extract<DecisionRecord, { readonly kind: 'progress' | 'close' }>,
  atMs: number,
): void {
  const { flow, bytesUp, bytesDown } = record;
  const told = usage.told.get(flow) ?? { bytesUp: 0, bytesDown: 0 };
  if (record.kind === 'close') usage.told.delete(flow);
  else remember(usage.told, flow, { bytesUp, bytesDown }, maxTold);
  const up = Math.max(bytesUp - told.bytesUp, 0);
  const down = Math.max(bytesDown - told.bytesDown, 0);
  const day = dayOf(usage, record.time);
  day.bytes += up + down;
  const grantId = record.grantId ?? null;
  if (grantId === null) return;
  day.grantBytes += up + down;
  const use = useOf(usage, grantId);
  use.bytesUp += up;
  use.bytesDown += down;
  noteUse(use, atMs);
}

function useOf(usage: GrantUsage, grantId: string): GrantUse {
  const use = usage.uses.get(grantId) ?? {
    grantId,
    connections: 0,
    bytesUp: 0,
    bytesDown: 0,
    firstUseMs: null,
    lastUseMs: null,
    hoursUsed: 0,
    denialsJustOutside: 0,
    nearHosts: [],
  };
  remember(usage.uses, grantId, use, maxUses);
  return use;
}

function dayOf(usage: GrantUsage, time: string): DebtDay {
  const name = time.slice(0, 10);
  const day = usage.days.get(name) ?? { day: name, connections: 0, grantConnections: 0, bytes: 0, grantBytes: 0 };
  remember(usage.days, name, day, maxDays);
  return day;
}

// Taken out and put back: a map stays in order of last use, so the first entry is the one to drop.
function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

/** What the traffic of the last `days` days came to, the day of `nowMs` included. */
export function sumDebt(usage: GrantUsage, nowMs: number, days: number): Omit<DebtDay, 'day'> {
  const first = new Date(nowMs - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  const sum = { connections: 0, grantConnections: 0, bytes: 0, grantBytes: 0 };
  for (const day of usage.days.values()) {
    if (day.day < first) continue;
    sum.connections += day.connections;
    sum.grantConnections += day.grantConnections;
    sum.bytes += day.bytes;
    sum.grantBytes += day.grantBytes;
  }
  return sum;
}

/** Usage as reports of exceptions take it. Use is counted by the hours of the clock that it fell into. */
export function toUsageRows({ uses, sinceMs }: GrantUsage): ReadonlyMap<string, GrantUsageRow> {
  return new Map(
    [...uses.values()].map((use) => [
      use.grantId,
      {
        grantId: use.grantId,
        sinceMs: sinceMs ?? 0,
        connections: use.connections,
        bytesUp: use.bytesUp,
        bytesDown: use.bytesDown,
        firstUsedMs: use.firstUseMs,
        lastUsedMs: use.lastUseMs,
        minutesUsed: use.hoursUsed * 60,
        nearMisses: use.denialsJustOutside,
      },
    ]),
  );
}

/** Usage of grants as plain data for a file. */
export function grantUsageToData(usage: GrantUsage): unknown {
  return {
    sinceMs: usage.sinceMs,
    uses: [...usage.uses.values()],
    days: [...usage.days.values()],
    told: [...usage.told],
  };
}

/** Reads what {@link grantUsageToData} gave; throws where it is something else. */
export function grantUsageFromData(data: unknown): GrantUsage {
  const { sinceMs, uses, days, told } = data as {
    sinceMs: number | null;
    uses: GrantUse[];
    days: DebtDay[];
    told: [string, { bytesUp: number; bytesDown: number }][];
  };
  return {
    sinceMs,
    uses: new Map(uses.map((use) => [use.grantId, use])),
    days: new Map(days.map((day) => [day.day, day])),
    told: new Map(told),
  };
}
