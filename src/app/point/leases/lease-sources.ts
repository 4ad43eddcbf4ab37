import { type Clock, ExeatError } from '../../../base/index.ts';
import type { Config, LeaseSourceConfig } from '../../../config/index.ts';
import { type IpPrefix, parseIpAddress, parseIpPrefix } from '../../../destination/index.ts';
import type { CompiledPolicy, NetworkFacts } from '../../../policy/index.ts';
import type { Logger } from '../../logger.ts';
import type { LeaseSourceStatus } from '../../status.ts';
import type { LeaseDesk } from './lease-desk.ts';
import { type LeaseSource, openLeaseSource } from './lease-source.ts';
import type { LeaseBounds } from './parse-leases.ts';

/** Every configured source of leases. */
export interface LeaseSources {
  /** Begins to follow them. */
  start(): void;
  status(): readonly LeaseSourceStatus[];
  /** What is wrong, one line each; empty when all is well. */
  problems(): readonly string[];
  close(): Promise<void>;
}

/** What they work with. */
export interface LeaseSourcesParts {
  readonly config: Pick<Config, 'leases' | 'gateway'>;
  readonly desk: LeaseDesk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly policy: () => CompiledPolicy | null;
  readonly network: () => NetworkFacts;
}

/** As many addresses as the kernel takes, of all sources together. */
const maxAddresses = 65_536;
const statusHeldMs = 500;
// What a person reads in one go.
const mostShown = 3;

/** Makes them; nothing is read yet. Throws an ExeatError with one line for a range that is none. */
export function createLeaseSources(parts: LeaseSourcesParts): LeaseSources {
  const { config, desk, clock, logger, policy } = parts;
  let sources: readonly LeaseSource[] = [];
  for (const { name, ranges } of config.leases) checkRanges(name, ranges);
  const statusOf = (source: LeaseSource): LeaseSourceStatus => {
    const { goodAt, refused, problem, firstRefused } = source.state();
    const counts = desk.book.countsOf(source.name, clock.now());
    return {
      ...{ name: source.name, from: source.from, ...counts, refused, firstRefused, problem },
      goodAt: goodAt === null ? null : new Date(goodAt).toISOString(),
      unclaimed: unclaimedOf(source.name, parts, policy()),
    };
  };
  const open = (one: LeaseSourceConfig): LeaseSource =>
    openLeaseSource({
      ...{ config: one, clock, logger, take: (leases) => desk.replace(one.name, leases) },
      bounds: () => boundsOf(one, parts),
    });
  // Asked several times by each scrape, and counts tens of thousands.
  let [known, knownAt]: [readonly LeaseSourceStatus[], number] = [[], Number.NEGATIVE_INFINITY];
  const status = (): readonly LeaseSourceStatus[] => {
    if (performance.now() - knownAt >= statusHeldMs) [known, knownAt] = [sources.map(statusOf), performance.now()];
    return known;
  };
  return {
    start: () => {
      sources = config.leases.map(open);
    },
    status,
    problems: () => {
      const waiting = desk.problem();
      return [...status().flatMap(problemsOf), ...(waiting === null ? [] : [`leases: ${waiting}`])];
    },
    close: async () => {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

/** What a source of the configuration may say. */
export function boundsOf(
  { name, ranges }: LeaseSourceConfig,
  { config, desk, network }: Pick<LeaseSourcesParts, 'config' | 'network'> & { readonly desk: LeaseDesk | null },
): LeaseBounds {
  const others = config.leases.filter((other) => other.name !== name);
  const taken = others.reduce((sum, other) => sum + (desk?.book.addressesOf(other.name).size ?? 0), 0);
  const neighbours = new Map(config.gateway?.neighbours.map(({ address, mac }) => [canonical(address), mac]));
  return {
    source: name,
    ranges: ranges.flatMap((range): readonly IpPrefix[] => {
      const prefix = parseIpPrefix(range);
      return prefix.ok ? [prefix.value] : [];
    }),
    maxEntries: maxAddresses - taken,
    network: network(),
    boundTo: (address) => neighbours.get(address) ?? null,
  };
}

function checkRanges(name: string, ranges: readonly string[]): void {
  for (const range of ranges) {
    const prefix = parseIpPrefix(range);
    if (!prefix.ok) throw new ExeatError(prefix.fault.code, `\`leases\` of \`${name}\`: ${prefix.fault.message}`);
  }
}

function canonical(address: string): string {
  const parsed = parseIpAddress(address);
  return parsed.ok ? parsed.value.text : address;
}

/** Services that a source leases to and that take none of its leases, by what it says now. */
function unclaimedOf(
  source: string,
  { desk, clock }: LeaseSourcesParts,
  policy: CompiledPolicy | null,
): readonly string[] {
  const now = clock.now();
  const asked = new Map<string, boolean>();
  for (const address of desk.book.addressesOf(source)) {
    for (const lease of desk.book.tenancyAt(address, now).leases) {
      if (lease.source !== source || asked.get(lease.service) === true) continue;
      const named = policy?.matchSource(address, now, [lease]).some(({ service }) => service === lease.service);
      asked.set(lease.service, named === true);
    }
  }
  return [...asked].filter(([, isClaimed]) => !isClaimed).map(([service]) => service);
}

function problemsOf(status: LeaseSourceStatus): readonly string[] {
  const { name, problem, conflicts, refused, firstRefused, unclaimed } = status;
  const shown = unclaimed.slice(0, mostShown).map((service) => `\`${service}\``);
  const rest = unclaimed.length > mostShown ? ` and ${unclaimed.length - mostShown} more` : '';
  return [
    ...(problem === null ? [] : [problem]),
    ...(conflicts === 0 ? [] : [`${conflicts} addresses are leased to two at once and belong to nobody`]),
    ...(refused === 0 ? [] : [`${refused} leases do not count: ${firstRefused}`]),
    ...(unclaimed.length === 0
      ? []
      : [`${shown.join(', ')}${rest} take none of its leases: write \`leased:${name}\` in their \`identities\``]),
  ].map((one) => `leases of \`${name}\`: ${one}`);
}
