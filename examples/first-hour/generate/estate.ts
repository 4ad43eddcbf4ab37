import { dayMs, firstDayMs, type Rhythm } from './calendar.ts';

/** A service of the estate: its addresses, and since when or until when. */
export interface EstateService {
  readonly name: string;
  /** Null where the inventory does not say, so that a person has to. */
  readonly owner: string | null;
  readonly kind: 'app' | 'build' | 'operator';
  /** Whether its flows through the proxy carry a credential of its name: all but those of the warehouse go that way. */
  readonly isProxied: boolean;
  readonly places: readonly Place[];
}

/** Where a service ran for a time; epoch milliseconds, null is open. */
export interface Place {
  readonly cidr: string;
  readonly clients: readonly string[];
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}

/** Something that a service does again and again. */
export interface Habit {
  readonly service: string;
  /** `tls://host:443`, `http://host:80`, `tcp://host:22`, `udp://host:123`; `#` in the host is one of {@link Habit.numbers}. */
  readonly to: string;
  readonly rhythm: Rhythm;
  /** KiB of one connection, least and most. */
  readonly upKib: Range;
  readonly downKib: Range;
  /** Not through the proxy: seen by flow logs and DNS only. */
  readonly isDirect?: true;
  /** Names with a number in them: how many there are, and how many of them are in use on one day. */
  readonly numbers?: { readonly of: number; readonly perDay: number };
  /** Only the first client of the service does it. */
  readonly isSingle?: true;
}

/** Least and most. */
export type Range = readonly [least: number, most: number];

/** The forward proxy, which stands for others in the flow log. */
export const proxyAddress = '10.20.0.10';
/** The day on which payments moved to another subnet, and the one on which support got the old one. */
const movedMs = firstDayMs + 22 * dayMs;
const reusedMs = firstDayMs + 29 * dayMs;

/** The five services. */
export const services: readonly EstateService[] = [
  { name: 'shop-web', owner: 'team-shop', kind: 'app', isProxied: true, places: [place('10.20.1.0/27', 3)] },
  {
    name: 'payments-api',
    owner: 'team-payments',
    kind: 'app',
    isProxied: true,
    places: [
      { ...place('10.20.2.0/27', 2), untilMs: movedMs },
      { ...place('10.20.6.0/27', 2), fromMs: movedMs },
    ],
  },
  { name: 'ci-runner', owner: 'team-build', kind: 'build', isProxied: true, places: [place('10.20.3.0/27', 4)] },
  { name: 'warehouse-etl', owner: 'team-data', kind: 'app', isProxied: false, places: [place('10.20.4.0/27', 2)] },
  {
    name: 'support-desk',
    owner: null,
    kind: 'app',
    isProxied: true,
    places: [
      { ...place('10.20.5.0/27', 3), untilMs: reusedMs },
      { ...place('10.20.2.0/27', 3), fromMs: reusedMs },
    ],
  },
];

function place(cidr: string, count: number): Place {
  const [network = ''] = cidr.split('/');
  const clients = Array.from({ length: count }, (_, at) => network.replace(/\.0$/, `.${at + 4}`));
  return { cidr, clients, fromMs: null, untilMs: null };
}
