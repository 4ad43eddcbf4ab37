import { createHash } from 'node:crypto';
import { failed, ok, type Result } from '../../base/index.ts';
import { forgetChanges, learnChanges, liveSetOf, type TimedEntry } from '../kernel/entry-changes.ts';
import { tableName } from '../kernel/kernel-names.ts';
import type { CountChanges, KernelCounts, KernelPlan, RunLink, ToldEntry } from '../kernel/kernel-plan.ts';
import { type LeaseChange, leaseText } from '../kernel/lease-text.ts';
import { countSetNames, foldCounts, readElements } from '../kernel/parse-counts.ts';
import { newTableText, planText } from '../kernel/plan-text.ts';
import { keptMaps, planMaps, planSets } from '../kernel/table-text.ts';
import { createCgroupLook } from './held-cgroups.ts';
import { createKernelQueue } from './kernel-queue.ts';
import { goneShape, type NetlinkReader } from './netlink-reader.ts';
import { commandFault } from './nft-fault.ts';
import type { NftLine } from './nft-line.ts';
import { createRoutingKeeper } from './routing-keeper.ts';
import { makeRunLink } from './run-links.ts';
import { findStrange } from './strange-objects.ts';

/**
 * The one that puts plans and entries into the kernel. Transactions go one after the other; plans, repairs and looks at routes are asked
 * for one after the other by the watch, so that an entry never waits for them longer than for a transaction.
 */
export interface Applier {
  /** Replaces the plan: all of it or nothing. What was told, lives and was counted stays. */
  apply(plan: KernelPlan): Promise<Result<null>>;
  /** Puts the plan in force again, with everything foreign out of our table. `empties` are kept sets that somebody wrote into. */
  repair(empties: readonly string[]): Promise<Result<null>>;
  /** True once the kernel holds every entry for its time from now on. */
  learn(entries: readonly TimedEntry[]): Promise<boolean>;
  /** True once the kernel holds none of the entries, and nothing lives by them. */
  forget(entries: readonly ToldEntry[]): Promise<boolean>;
  /** True once the kernel holds the leases as they are to be; before the first plan it holds none. */
  lease(change: LeaseChange): Promise<boolean>;
  /** What is counted, as far as it is another since a reading; 0: all of it. */
  changes(since: number): Promise<CountChanges>;
  /** The rules and shapes of our table without what moves, as text or a digest. */
  shape(): Promise<Look>;
  /** A digest of what the sets of the plan hold. */
  elements(): Promise<Look>;
  /** What was amiss with routes, rules and neighbours, which is put right by this. */
  checkRoutes(): Promise<Result<readonly string[]>>;
  /** Makes the link to a run, as {@link makeRunLink} does. */
  linkRun(link: RunLink, into: Parameters<typeof makeRunLink>[2]): Promise<Result<null>>;
  /** Whether a cgroup that the plan names came, went or was made anew since the plan was put in force. */
  hasOtherCgroups(): boolean;
  /** The plan in force, or null before the first. */
  plan(): KernelPlan | null;
}

/** What was seen, to be compared with what was there before; `goneShape` for a table that is not there, null when nobody could look. */
export type Look = string | null;

/** What the applier works with. */
export interface ApplierOptions {
  readonly nft: NftLine;
  readonly reader: NetlinkReader;
  readonly renewsTimeouts: boolean;
  /** Where the settings of the machine are kept. */
  readonly stateFile: string;
  /** How long an entry may wait for its turn. Default 1,000. */
  readonly deadlineMs?: number;
}

const defaultDeadlineMs = 1_000;
const table = tableName.split(' ');

/** Makes an applier. */
export function createApplier(options: ApplierOptions): Applier {
  const { nft, reader, renewsTimeouts, stateFile } = options;
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  let plan: KernelPlan | null = null;
  const cgroups = createCgroupLook();
  const routing = createRoutingKeeper(reader, stateFile);

  const queue = createKernelQueue<ToldEntry | TimedEntry>(async (kind, entries) => {
    // Edges of a run of ports are looked for first: they live under the port that was taken.
    const changes =
      kind === 'learn'
        ? learnChanges(entries as readonly TimedEntry[], renewsTimeouts)
        : forgetChanges(entries, await liveEdgesOf(nft, entries));
    return (await nft.put(changes)).ok;
  });
  const apply = async (wanted: KernelPlan): Promise<Result<null>> => {
    const present = cgroups.look(wanted);
    const text = planText(present);
    if (!text.ok) return text;
    const loaded = await queue.alone(() => load(nft, text.value, newTableText(present)));
    if (!loaded.ok) return loaded;
    plan = wanted;
    nft.open();
    // Last: nothing is forwarded before the ruleset is in force.
    return routing.settle(wanted);
  };
  const repair = async (empties: readonly string[]): Promise<Result<null>> => {
    if (plan === null) return ok(null);
    const held = cgroups.look(plan);
    const text = planText(held, await findStrange(nft, reader));
    if (!text.ok) return text;
    const emptied = empties
      .map((set) => `flush ${keptMaps.includes(set) ? 'map' : 'set'} ${tableName} ${set}\n`)
      .join('');
    const loaded = await queue.alone(() => load(nft, `${text.value}${emptied}`, newTableText(held)));
    return loaded.ok ? routing.settle(held) : loaded;
  };

  return {
    apply,
    repair,
    learn: (entries) => queue.together('learn', entries, deadlineMs),
    forget: (entries) => queue.together('forget', entries, deadlineMs),
    lease: (change) =>
      queue.alone(
        async () => plan?.place.hasLeases === true && (await nft.run(['-f', '-'], leaseText(change))).code === 0,
      ),
    changes: async (since) =>
      (await reader.changes(since)) ?? { ...(await readCounts(nft)), round: 0, isAll: true, gone: [] },
    shape: async () => (await reader.shape()) ?? (reader.isPossible() ? null : readShape(nft)),
    elements: async () => (await reader.elements()) ?? (reader.isPossible() ? null : digestPlanSets(nft)),
    checkRoutes: async () => (plan === null ? ok([]) : routing.check(plan)),
    plan: () => plan,
    linkRun: (link, into) => makeRunLink(plan?.place ?? null, link, into),
    hasOtherCgroups: () => plan !== null && cgroups.areOthers(plan),
  };
}

// One transaction, of which the kernel takes all or nothing: what it refuses leaves everything as it is, so it is not checked before, which
// takes as long again. A table of another shape (of an older version) is made anew.
async function load(nft: NftLine, text: string, anew: Result<string>): Promise<Result<null>> {
  const loaded = await nft.run(['-f', '-'], text);
  if (loaded.code === 0) return ok(null);
  const isOtherShape = /File exists|Device or resource busy/.test(loaded.stderr);
  if (!isOtherShape || !anew.ok) return failed(commandFault('nft', loaded));
  const made = await nft.run(['-f', '-'], anew.value);
  return made.code === 0 ? ok(null) : failed(commandFault('nft', made));
}

async function readShape(nft: NftLine): Promise<string> {
  const shown = await nft.run(['-s', '-t', 'list', 'table', ...table]);
  if (shown.code !== 0) return goneShape;
  // A cgroup is shown as its path while it is there, and as a number afterwards: that says nothing of the rule.
  return shown.stdout.replaceAll(/(socket cgroupv2 level \d+) (?:"[^"]*"|\S+)/g, '$1');
}

async function digestPlanSets(nft: NftLine): Promise<string> {
  const digest = createHash('sha256');
  const kinds = [...planSets.map((name) => ['set', name]), ...planMaps.map((name) => ['map', name])];
  for (const [kind, name] of kinds) {
    digest.update((await nft.run(['list', kind ?? '', ...table, name ?? ''])).stdout);
  }
  return digest.digest('hex');
}

async function readCounts(nft: NftLine): Promise<KernelCounts> {
  const listed = new Map<string, string>();
  for (const name of countSetNames) {
    for (const family of [4, 6]) listed.set(`${name}${family}`, (await listSet(nft, `${name}${family}`)) ?? '');
  }
  const counters = await nft.run(['-j', 'list', 'counters', 'table', ...table]);
  return foldCounts(listed, counters.code === 0 ? counters.stdout : '');
}

/** The live edges of entries that have a run of ports, each with its one port. */
async function liveEdgesOf(nft: NftLine, entries: readonly ToldEntry[]): Promise<readonly ToldEntry[]> {
  const runs = entries.filter(({ ports }) => ports.from !== ports.to);
  const edges: ToldEntry[] = [];
  for (const [set, mine] of Map.groupBy(runs, liveSetOf)) {
    for (const element of readElements((await listSet(nft, set)) ?? '')) {
      const { concat } = (element as { val?: { concat?: readonly unknown[] } }).val ?? {};
      const found = mine.find((entry) => covers(entry, concat ?? []));
      const port = Number(concat?.[3]);
      if (found !== undefined) edges.push({ ...found, ports: { from: port, to: port } });
    }
  }
  return edges;
}

function covers(entry: ToldEntry, [serviceId, address, protocol, port]: readonly unknown[]): boolean {
  return (
    serviceId === entry.serviceId &&
    address === entry.address &&
    protocol === (entry.protocol === 'tcp' ? 6 : 17) &&
    typeof port === 'number' &&
    port >= entry.ports.from &&
    port <= entry.ports.to
  );
}

async function listSet(nft: NftLine, name: string): Promise<string | null> {
  const shown = await nft.run(['-j', '-p', 'list', 'set', ...table, name]);
  return shown.code === 0 ? shown.stdout : null;
}
