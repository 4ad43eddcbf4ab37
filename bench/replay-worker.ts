import { compileFolder, openLakeToRead, replayHistory } from '../src/app/index.ts';
import type { Config } from '../src/config/index.ts';

/** What a process of its own is asked: to replay the history of a state by a policy. */
export interface ReplayOrder {
  readonly policy: string;
  readonly state: string;
}

/** What it answers: the time from the opened lake to the report, and how many edges the policy allows. */
export interface ReplayTimes {
  readonly seconds: number;
  readonly policySeconds: number;
  readonly allowedEdges: number;
}

// In a process of its own, as in the product: what earlier rounds left in a heap is in nobody's way.
process.once('message', (order: ReplayOrder) => void replay(order).then((times) => process.send?.(times)));

async function replay({ policy, state }: ReplayOrder): Promise<ReplayTimes> {
  const started = performance.now();
  const compiled = compileFolder(policy, { acceptsPlaceholders: true });
  if (!compiled.ok) throw new Error(compiled.fault.message);
  const policySeconds = (performance.now() - started) / 1000;
  // Replaying reads no more of a configuration than this.
  const config = { policy, state, inventory: null, localOrigins: [] } as unknown as Config;
  const opened = await openLakeToRead(config);
  if (!opened.ok) throw new Error(opened.fault.message);
  const openedAt = performance.now();
  const replayed = await replayHistory({
    lake: opened.value.lake,
    config,
    options: { window: { sinceMs: null, untilMs: null }, policy, against: null, service: null, isEnforced: false },
    policy: compiled.value,
    nowMs: Date.now(),
  });
  const seconds = (performance.now() - openedAt) / 1000;
  opened.value.close();
  if (!replayed.ok || replayed.value.kind !== 'replay') throw new Error('there is no replay');
  return { seconds, policySeconds, allowedEdges: replayed.value.report.totals.allowed.edges };
}
