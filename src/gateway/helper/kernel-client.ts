import { createConnection, type Socket } from 'node:net';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { TimedEntry } from '../kernel/entry-text.ts';
import type { KernelCounts, KernelPlan, ToldEntry } from '../kernel/kernel-plan.ts';
import type { Drift } from './drift.ts';
import { maxEntriesAtOnce, maxLineBytes } from './helper-protocol.ts';
import type { HelperStatus } from './helper-status.ts';
import { onLines } from './line-reader.ts';

/** The point's side of the helper. Nothing rejects: a helper that is away is a fault, or `false`. */
export interface KernelClient {
  /** Replaces the plan; it is told again after every start of the helper. */
  apply(plan: KernelPlan): Promise<Result<null>>;
  /** True once the kernel holds every entry. False: it may or may not, and nobody is to be told that it does. */
  learn(entries: readonly TimedEntry[]): Promise<boolean>;
  /** True once the kernel holds none of them and nothing lives by them. */
  forget(entries: readonly ToldEntry[]): Promise<boolean>;
  counts(): Promise<Result<KernelCounts>>;
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
const slowTimeoutMs = 60_000;
const firstRetryMs = 50;
const lastRetryMs = 1_000;
const mostWaiting = 100_000;

/** Connects to the helper at a path, and again whenever the connection ends, until closed. */
export function createKernelClient(path: string, options: KernelClientOptions = {}): KernelClient {
  const waiting = new Map<number, (answer: Result<unknown>) => void>();
  const entryTimeoutMs = options.entryTimeoutMs ?? defaultEntryTimeoutMs;
  let socket: Socket | null = null;
  let isReady = false;
  let retry: NodeJS.Timeout | null = null;
  let attempt = 0;
  let isClosed = false;
  let lastId = 0;
  let plan: KernelPlan | null = null;

  const ask = <T>(name: string, body: unknown, timeoutMs: number): Promise<Result<T>> =>
    new Promise((resolve) => {
      if (socket === null || !isReady) return resolve(failed(away()));
      if (waiting.size >= mostWaiting) return resolve(failed(fault('helper_busy', 'too much waits for the helper')));
      lastId += 1;
      const id = lastId;
      const end = (answer: Result<unknown>): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(answer as Result<T>);
      };
      const late = fault('helper_late', `the helper did not answer within ${timeoutMs} ms`);
      const timer = setTimeout(() => end(failed(late)), timeoutMs);
      waiting.set(id, end);
      socket.write(`${JSON.stringify({ id, ask: name, body })}\n`);
    });
  const entries = async (name: 'learn' | 'forget', all: readonly ToldEntry[]): Promise<boolean> => {
    const parts: Promise<Result<boolean>>[] = [];
    for (let at = 0; at < all.length; at += maxEntriesAtOnce) {
      parts.push(ask<boolean>(name, all.slice(at, at + maxEntriesAtOnce), entryTimeoutMs));
    }
    return (await Promise.all(parts)).every((done) => done.ok && done.value);
  };
  const tellAgain = (): void => {
    void entries('learn', options.remaining?.() ?? []);
  };
  const take = (line: string): void => {
    const { id, drift, ...answer } = JSON.parse(line) as { id?: number | null; drift?: Drift } & Result<unknown>;
    if (drift !== undefined) {
      tellAgain();
      options.onDrift?.(drift);
    } else waiting.get(id ?? -1)?.(answer);
  };
  const greet = async (): Promise<void> => {
    attempt = 0;
    isReady = true;
    const applied = plan === null ? ok(null) : await ask<null>('apply', plan, slowTimeoutMs);
    if (applied.ok) tellAgain();
    options.onState?.({ isConnected: isReady, fault: applied.ok ? null : applied.fault.message });
  };
  const begin = (): void => {
    const mine = createConnection(path);
    socket = mine;
    mine.on('error', () => mine.destroy());
    mine.on('connect', () => void greet());
    mine.on('close', () => {
      const wasReady = isReady;
      isReady = false;
      for (const end of [...waiting.values()]) end(failed(away()));
      if (isClosed) return;
      if (wasReady) options.onState?.({ isConnected: false, fault: null });
      retry = setTimeout(begin, Math.min(firstRetryMs * 2 ** attempt, lastRetryMs));
      attempt += 1;
    });
    onLines(mine, maxLineBytes, take);
  };

  begin();
  return {
    apply: async (wanted) => {
      const before = plan;
      plan = wanted;
      const applied = await ask<null>('apply', wanted, slowTimeoutMs);
      // Refused, and not merely unheard: what was in force before stays what is told again.
      if (!applied.ok && !applied.fault.code.startsWith('helper_') && plan === wanted) plan = before;
      return applied;
    },
    learn: (all) => entries('learn', all),
    forget: (all) => entries('forget', all),
    counts: () => ask<KernelCounts>('counts', null, slowTimeoutMs),
    status: () => ask<HelperStatus>('status', null, slowTimeoutMs),
    isConnected: () => isReady,
    close: () => {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
      socket?.destroy();
    },
  };
}

function away(): ReturnType<typeof fault> {
  return fault('helper_away', 'the helper of the gateway is not there, it is started again or look at its log');
}
