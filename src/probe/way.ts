import type { Ending } from './ending.ts';
import type { Mark } from './mark.ts';
import type { SettingName } from './settings.ts';

/** What a way cannot be tried without, each with the words of "untested". */
export const needs = {
  address: 'needs an IPv4 address of the canary: --canary-address',
  ipv6: 'needs an IPv6 address of the canary: --canary-address',
  name: 'needs the name of the canary: --canary',
  zone: 'needs a zone that the canary answers for: --zone',
  allowed: 'needs a name that the workload may reach: --allowed',
  proxy: 'needs the address of the proxy: --proxy',
  gateway: 'there is no default route over IPv4',
  root: 'needs root',
  helper: 'needs perl or python3',
  intrusive: 'changes routes for a moment: --intrusive',
} as const;

/** One of {@link needs}. */
export type Need = keyof typeof needs;

/** The parts of the scorecard; `--only` takes them as well as ids. */
export const groups = ['tcp', 'tls', 'http', 'metadata', 'dns', 'udp', 'raw', 'gateway', 'proxy', 'local'] as const;

/** One of {@link groups}. */
export type Group = (typeof groups)[number];

/** One way out: a row of the scorecard. */
export interface Way {
  /** At most 32 characters that a label of DNS may have: `tls-allowed-sni`. */
  readonly id: string;
  readonly group: Group;
  /** One line for people, lower-case. */
  readonly title: string;
  readonly closedBy: SettingName;
  readonly needs: readonly Need[];
  readonly attempt: (target: ProbeTarget, mark: Mark) => Promise<Ending>;
}

/** The router that gets what this machine knows no other way for. */
export interface Gateway {
  readonly address: string;
  readonly device: string;
}

/** Where a proxy listens and what it is told; `authorization` is the value of a `Proxy-Authorization` field, null for none. */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly user: string;
  readonly password: string;
  readonly authorization: string | null;
}

/** All that attempts know: what was asked for, and what was found on this machine. */
export interface ProbeTarget {
  readonly canary: string | null;
  readonly canaryPort: number;
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  readonly zone: string | null;
  readonly allowed: string | null;
  readonly proxy: ProxyAddress | null;
  readonly gateway: Gateway | null;
  readonly helper: 'perl' | 'python3' | null;
  readonly isRoot: boolean;
  readonly isIntrusive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}
