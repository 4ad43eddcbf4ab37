import { ok, type Result } from '../../base/index.ts';
import type { TimedEntry } from '../kernel/entry-changes.ts';
import type {
  CountChanges,
  EdgeCount,
  KernelCounts,
  KernelPlan,
  KindOfCount,
  LeaseEntry,
  ToldEntry,
} from '../kernel/kernel-plan.ts';
import type { LeaseChange } from '../kernel/lease-text.ts';
import type { Drift } from './drift.ts';
import { type HelperLine, keepHelperLine } from './helper-line.ts';
import { type CountsPart, maxEntriesAtOnce } from './helper-protocol.ts';
import type { HelperStatus } from './helper-status.ts';

/** The point's side of the helper. Nothing rejects: a helper that is away is a fault, or `false`. */
export interface KernelClient {
  /** Replaces the plan; it is told again after every start of the helper. */
  apply(plan: KernelPlan): Promise<Result<null>>;
  /** True once the kernel holds every entry. False: it may or may not, and nobody is to be told that it does. */
  learn(entries: readonly TimedEntry[]): Promise<boolean>;
  /** True once the kernel holds none of them and nothing lives by them. */
  forget(entries: readonly ToldEntry[]): Promise<boolean>;
  /** True once the kernel holds the leases as they are to be. False: it may or may not, and the next change resets them. */
  lease(change: LeaseChange): Promise<boolean>;
  /** True once there are no links to runs but these. */
  keepRuns(indices: readonly number[]): Promise<boolean>;
  counts(): Promise<Result<KernelCounts>>;
  /** What of them is another since the last time that this was asked; all of them the first time. Not to be asked twice at a time. */
  changes(): Promise<Result<CountChanges>>;
  status(): Promise<Result<HelperStatus>>;
  /** Whether the helper is there. */
  isConnected(): boolean;
  close(): void;
}

/** What a client needs. */
export interface KernelClientOptions {
  /** Told of every drift, once it is undone. Default: nobody. */
  readonly onDrift?: (drift: Drift) => void;
  /** What the kernel is to hold still, told again after a drift and after every start of the helper. Default: nothing. */
  readonly remaining?: () => readonly TimedEntry[];
  /** The leases that the kernel is to hold, told again with what remains. Default: they are not spoken of. */
  readonly leases?: () => readonly LeaseEntry[];
  /** The numbers of the links to runs that there are to be, told with what remains. Default: they are not spoken of. */
  readonly runs?: () => readonly number[];
  /** Told when the helper comes, and how the plan fared that it was told, or goes. Default: nobody. */
  readonly onState?: (state: HelperConnection) => void;
  /** How long an answer to `learn` and `forget` may take. Default 1,000. */
  readonly entryTimeoutMs?: number;
}

/** Whether the helper is there; `fault` when it refused the plan that it was told on coming. */
export interface HelperConnection {
  readonly isConnected: boolean;
  readonly fault: string | null;
}

const defaultEntryTimeoutMs = 1_000;
// A plan of 1,000 services is in force after about a second.
const slow = { timeoutMs: 60_000 } as const;

/** Connects to the helper at a path, and again whenever the connection ends, until closed. */
export function createKernelClient(path: string, options: KernelClientOptions = {}): KernelClient {
  const entryTimeoutMs = options.entryTimeoutMs ?? defaultEntryTimeoutMs;
  let plan: KernelPlan | null = null;
  // The last reading of counts that came from this helper.
  let lastRound = 0;

  const entries = async (name: 'learn' | 'forget', all: readonly ToldEntry[]): Promise<boolean> => {
    const parts: Promise<Result<boolean>>[] = [];
    for (let at = 0; at < all.length; at += maxEntriesAtOnce) {
      parts.push(line.ask<boolean>(name, all.slice(at, at + maxEntriesAtOnce), { timeoutMs: entryTimeoutMs }));
    }
    return (await Promise.all(parts)).every((done) => done.ok && done.value);
  };
  const lease = async (change: LeaseChange): Promise<boolean> => {
    const done = await line.ask<boolean>('lease', change, slow);
    return done.ok && done.value;
  };
  const keepRuns = async (indices: readonly number[]): Promise<boolean> =>
    (await line.ask<null>('runs', indices, slow)).ok;
  const tellAgain = (): void => {
    // Whoever only asks holds none, and takes none away.
    if (options.leases !== undefined) void lease({ isReset: true, gone: [], held: options.leases() });
    void entries('learn', options.remaining?.() ?? []);
    if (options.runs !== undefined) void keepRuns(options.runs());
  };
  const line = keepHelperLine(path, {
    onDrift: (drift) => {
      tellAgain();
      options.onDrift?.(drift);
    },
    onCome: async () => {
      lastRound = 0;
      const applied = plan === null ? ok(null) : await line.ask<null>('apply', plan, slow);
      if (applied.ok) tellAgain();
      options.onState?.({ isConnected: line.isReady(), fault: applied.ok ? null : applied.fault.message });
    },
    onGo: () => options.onState?.({ isConnected: false, fault: null }),
  });

  return {
    apply: async (wanted) => {
      const before = plan;
      plan = wanted;
      const applied = await line.ask<null>('apply', wanted, slow);
      // Refused, and not merely unheard: what was in force before stays what is told again.
      if (!applied.ok && !applied.fault.code.startsWith('helper_') && plan === wanted) plan = before;
      return applied;
    },
    learn: (all) => entries('learn', all),
    forget: (all) => entries('forget', all),
    lease,
    keepRuns,
    counts: () => askCounts(line, 0),
    changes: async () => {
      const asked = line.isReady() ? lastRound : 0;
      const changes = await askCounts(line, asked);
      // One that did not come whole is asked for again; another helper counts its readings from one.
      lastRound = changes.ok && asked === lastRound ? changes.value.round : 0;
      return changes;
    },
    status: () => line.ask<HelperStatus>('status', null, slow),
    isConnected: () => line.isReady(),
    close: () => line.close(),
  };
}

// Edges come in parts, so that neither side is busy with all of them at a time.
async function askCounts(line: HelperLine, since: number): Promise<Result<CountChanges>> {
  const edges: Record<KindOfCount, EdgeCount[]> = { up: [], down: [], denied: [], observed: [] };
  const gone: CountChanges['gone'][number][] = [];
  const onPart = (part: unknown): void => {
    const { kind, edges: some, isGone } = part as CountsPart;
    if (isGone) gone.push(...some.map((edge) => ({ kind, edge })));
    else edges[kind].push(...some);
  };
  const rest = await line.ask<Pick<CountChanges, 'round' | 'isAll' | 'dropped'>>('counts', since, { ...slow, onPart });
  return rest.ok ? ok({ ...edges, gone, ...rest.value }) : rest;
}
