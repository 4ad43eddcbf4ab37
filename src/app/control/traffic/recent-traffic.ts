import type { NowAnswer, NowRow } from '../../../api/contract/index.ts';
import type { TrafficAddition } from '../../../flowmap/traffic/index.ts';

/** What went out within the last minutes, in memory only. */
export interface RecentTraffic {
  take(addition: TrafficAddition): void;
  tell(nowMs: number): NowAnswer;
}

/** How far "now" looks back, and how finely it is cut. */
export const recentMs: number = 5 * 60_000;
const tickMs = 10_000;
const ticks = recentMs / tickMs;
// Names that a workload makes up must not fill the memory: past it a tick counts its sums, and no further destination.
const mostPerTick = 1_000;
// What a person takes in at a glance.
const mostRows = 6;

interface Sums {
  allowed: number;
  wouldDeny: number;
  denied: number;
  bytesUp: number;
  bytesDown: number;
}

interface Tick {
  readonly all: Sums;
  readonly byService: Map<string, Sums>;
  readonly byHost: Map<string, Sums>;
}

/** Begins to count at `startMs`; what records tell of before is left to the flow map. Questions to the DNS filter are no connections. */
export function createRecentTraffic(startMs: number): RecentTraffic {
  const byTime = new Map<number, Tick>();
  const tickOf = (at: number): Tick => {
    const known = byTime.get(at);
    if (known !== undefined) return known;
    const tick = { all: nothing(), byService: new Map<string, Sums>(), byHost: new Map<string, Sums>() };
    byTime.set(at, tick);
    // A damaged record may tell of any time: only so many ticks are kept, the latest ones.
    while (byTime.size > ticks + 1) byTime.delete(Math.min(...byTime.keys()));
    return tick;
  };
  return {
    take: (addition) => {
      const { edge, atMs } = addition;
      if (edge.point === 'dns' || atMs < startMs) return;
      const tick = tickOf(Math.floor(atMs / tickMs));
      add(tick.all, addition);
      addTo(tick.byService, edge.service, addition);
      addTo(tick.byHost, `${edge.service}\n${edge.host}`, addition);
    },
    tell: (nowMs) => {
      const last = Math.floor(nowMs / tickMs);
      const shown = [...byTime].filter(([at]) => at > last - ticks && at <= last).map(([, tick]) => tick);
      const services = rank(shown.map(({ byService }) => byService));
      const destinations = rank(shown.map(({ byHost }) => byHost));
      return {
        since: new Date(Math.max(startMs, nowMs - recentMs)).toISOString(),
        ...sum(shown.map(({ all }) => all)),
        ticks: Array.from({ length: ticks }, (_, at) => {
          const { allowed, wouldDeny, denied } = byTime.get(last - ticks + 1 + at)?.all ?? nothing();
          return { allowed: Math.max(0, allowed + wouldDeny), denied: Math.max(0, denied) };
        }),
        services: services.slice(0, mostRows).map(([service, sums]): NowRow => ({ service, host: null, ...sums })),
        serviceCount: services.length,
        destinations: destinations.slice(0, mostRows).map(([key, sums]): NowRow => {
          const [service = '', host = ''] = key.split('\n', 2);
          return { service, host, ...sums };
        }),
        destinationCount: destinations.length,
      };
    },
  };
}

function nothing(): Sums {
  return { allowed: 0, wouldDeny: 0, denied: 0, bytesUp: 0, bytesDown: 0 };
}

function addTo(sums: Map<string, Sums>, key: string, addition: TrafficAddition): void {
  const known = sums.get(key);
  if (known !== undefined) add(known, addition);
  else if (sums.size < mostPerTick) sums.set(key, add(nothing(), addition));
}

function add(sums: Sums, { edge, connections, bytesUp, bytesDown }: TrafficAddition): Sums {
  if (edge.verdict === 'deny') sums.denied += connections;
  else if (edge.verdict === 'would-deny') sums.wouldDeny += connections;
  else sums.allowed += connections;
  sums.bytesUp += bytesUp;
  sums.bytesDown += bytesDown;
  return sums;
}

function sum(all: readonly Sums[]): Sums {
  const total = nothing();
  for (const one of all) {
    for (const field of Object.keys(total) as (keyof Sums)[]) total[field] += one[field];
  }
  return total;
}

/** Sums of several ticks together: those that carried most first, then those that were asked for most. */
function rank(maps: readonly ReadonlyMap<string, Sums>[]): readonly (readonly [string, Sums])[] {
  const together = new Map<string, Sums>();
  for (const [key, one] of maps.flatMap((map) => [...map]))
    together.set(key, sum([together.get(key) ?? nothing(), one]));
  const asked = ({ allowed, wouldDeny, denied }: Sums): number => allowed + wouldDeny + denied;
  const carried = ({ bytesUp, bytesDown }: Sums): number => bytesUp + bytesDown;
  return [...together].sort(([, one], [, other]) => carried(other) - carried(one) || asked(other) - asked(one));
}
