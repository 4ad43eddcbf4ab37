import type { RecordType } from 'dns-packet';
import type { TownPorts } from './town-policy.ts';

/** One thing that somebody of the town does now and then. */
export interface Habit {
  /** How often, beside the others. */
  readonly weight: number;
  /** When in the day of the town: people work by day, loads run by night. */
  readonly when: 'always' | 'day' | 'night';
  readonly does: Doing;
}

/** What is done, and by which service. */
export type Doing =
  | {
      readonly kind: 'tunnel';
      readonly service: string;
      readonly to: string;
      readonly serverName?: string;
      readonly bytesUp?: number;
      readonly bytesDown?: number;
    }
  | { readonly kind: 'plain'; readonly service: string; readonly to: string }
  | { readonly kind: 'clear'; readonly service: string; readonly to: string }
  | { readonly kind: 'new'; readonly service: string; readonly domain: string; readonly port: number }
  | { readonly kind: 'name'; readonly name: string; readonly type: RecordType };

const kib = 1024;
const mib = 1024 * kib;

/** What the town does: allowed, denied, observed, under a false name, to metadata, by DNS, in bulk, and to names never seen before. */
export function townHabits({ tls, plain }: TownPorts): readonly Habit[] {
  return [
    ...tunnels('payments-api', 'day', [
      [14, `bank-gateway.example:${tls}`, { bytesUp: 4 * kib, bytesDown: 2 * kib }],
      [5, `rates.bank-gateway.example:${tls}`, { bytesDown: 12 * kib }],
      [4, `schemes.cards.example:${tls}`, { bytesUp: kib }],
      [3, `kms.cloud.example:${tls}`, { bytesUp: 300 }],
      [2, `telemetry.vendor.example:${tls}`, {}],
      [1, `files.acquirer.example:${tls}`, {}],
    ]),
    ...tunnels('shop-web', 'day', [
      [10, `cdn.shop.example:${tls}`, { bytesDown: 300 * kib }],
      [7, `search.provider.example:${tls}`, { bytesUp: 900, bytesDown: 30 * kib }],
      [5, `mail.sender.example:${tls}`, { bytesUp: 20 * kib }],
      [1, `a.trackers.example:${tls}`, {}],
      // The hello asks for another name than the tunnel was opened to.
      [1, `cdn.shop.example:${tls}`, { serverName: 'drop.anonymous-files.example' }],
    ]),
    ...tunnels('ci-runner', 'always', [
      [9, `registry.packages.example:${tls}`, { bytesDown: 700 * kib }],
      [1, `gist.paste.example:${tls}`, {}],
      [0.7, '169.254.169.254:80', {}],
    ]),
    {
      weight: 4,
      when: 'always',
      does: { kind: 'plain', service: 'ci-runner', to: `mirror.packages.example:${plain}` },
    },
    ...tunnels('warehouse-etl', 'night', [
      [5, `objects.lake.example:${tls}`, { bytesUp: 3 * mib }],
      [0.6, `objects.lake.example:${tls}`, { bytesUp: 12 * mib }],
      [2, `rates.bank-gateway.example:${tls}`, { bytesDown: 12 * kib }],
      [0.8, `drop.anonymous-files.example:${tls}`, { bytesUp: 8 * mib }],
    ]),
    ...tunnels('support-desk', 'day', [
      [8, `api.tickets.example:${tls}`, { bytesUp: 2 * kib, bytesDown: 40 * kib }],
      [2, `mail.sender.example:${tls}`, { bytesUp: 60 * kib }],
      [0.7, `paste.example:${tls}`, {}],
    ]),
    // A tunnel for TLS in which none is spoken: observed, it passes.
    { weight: 1.5, when: 'day', does: { kind: 'clear', service: 'support-desk', to: `api.tickets.example:${plain}` } },
    { weight: 1.5, when: 'day', does: { kind: 'new', service: 'support-desk', domain: 'vendor.example', port: tls } },
    ...tunnels('research-agent', 'always', [
      [6, `models.lab.example:${tls}`, { bytesUp: 90 * kib, bytesDown: 60 * kib }],
      [0.6, `console.cloud.example:${tls}`, {}],
    ]),
    {
      weight: 2,
      when: 'always',
      does: { kind: 'new', service: 'research-agent', domain: 'papers.example', port: tls },
    },
    // Observed and not there: what no rule names may not reach loopback, observed or not, so its name leads nowhere.
    {
      weight: 1,
      when: 'always',
      does: { kind: 'new', service: 'research-agent', domain: 'startups.example', port: tls },
    },
    {
      weight: 0.6,
      when: 'always',
      does: { kind: 'new', service: 'research-agent', domain: 'tools.example', port: tls },
    },
    ...tunnels('ops-bastion', 'day', [[0.8, `console.cloud.example:${tls}`, {}]]),
    { weight: 0.8, when: 'day', does: { kind: 'new', service: 'ops-bastion', domain: 'tools.example', port: tls } },
    ...names([
      [5, 'api.tickets.example', 'A'],
      [3, 'updates.office.example', 'A'],
      [1.5, 'tracker.games.example', 'A'],
      [0.8, 'b64-9f2c1e.drop.anonymous-files.example', 'TXT'],
    ]),
  ];
}

type Spelled = readonly [weight: number, to: string, rest: Omit<TunnelDoing, 'kind' | 'service' | 'to'>];
type TunnelDoing = Extract<Doing, { readonly kind: 'tunnel' }>;

function tunnels(service: string, when: Habit['when'], all: readonly Spelled[]): readonly Habit[] {
  return all.map(([weight, to, rest]) => ({ weight, when, does: { kind: 'tunnel', service, to, ...rest } }));
}

function names(all: readonly (readonly [number, string, RecordType])[]): readonly Habit[] {
  return all.map(([weight, name, type]) => ({ weight, when: 'day', does: { kind: 'name', name, type } }));
}

// Few enough that what the product keeps of each name stays small however long the town lives.
const first = [
  'amber',
  'birch',
  'cedar',
  'delta',
  'ember',
  'fjord',
  'grove',
  'heron',
  'inlet',
  'juniper',
  'kelp',
  'larch',
];
const second = ['api', 'cdn', 'docs', 'eu', 'files', 'lab', 'ml', 'search', 'sync', 'edge'];

/** A name below the domain, one of 120. `random` gives a number in [0, 1). */
export function newName(domain: string, random: () => number): string {
  const pick = (all: readonly string[]): string => all[Math.floor(random() * all.length)] ?? '';
  return `${pick(first)}-${pick(second)}.${domain}`;
}

/**
 * How busy a habit is `atMs` into the life of the town, whose day takes `dayMs`: by day or by night six times as much as otherwise, and at
 * the weekend (two days in seven) people do a fifth.
 */
export function busyness(when: Habit['when'], atMs: number, dayMs: number): number {
  if (when === 'always') return 1;
  const days = atMs / dayMs;
  // It begins in the morning of the first day.
  const isDay = days % 1 < 0.6;
  if (when === 'night') return isDay ? 1 / 6 : 1;
  const isWeekend = Math.floor(days) % 7 >= 5;
  return (isDay ? 1 : 1 / 6) * (isWeekend ? 0.2 : 1);
}
