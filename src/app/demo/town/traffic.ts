import { askName } from './ask-name.ts';
import { busyness, type Doing, type Habit, newName, townHabits } from './habits.ts';
import { askClearInTunnel, askPlain, askThroughTunnel, type WorkloadWay } from './proxy-client.ts';
import { officeAddress, type TownPorts } from './town-policy.ts';

/** What the traffic of the town is made with. */
export interface TrafficOptions {
  readonly ports: TownPorts;
  /** How each service reaches the proxy. */
  readonly wayOf: (service: string) => WorkloadWay;
  /** The port of the DNS filter. */
  readonly dnsPort: number;
  /** Asks a second, on average. */
  readonly ratePerSecond: number;
  readonly signal: AbortSignal;
}

// A day of the town: long enough to be seen coming, short enough to be waited for.
const dayMs = 8 * 60_000;
// What waits for a slow machine is left out rather than piled up.
const mostAtOnce = 32;
// Each habit is had once at the start, so that nobody waits for the rare ones; this long apart at the usual rate.
const roundGapMs = 400;

/** Lets the town live until the signal: each habit once, then all of them by chance, each as often as it is meant to. */
export async function liveOn(options: TrafficOptions): Promise<void> {
  const { signal, ratePerSecond } = options;
  const habits = townHabits(options.ports);
  const running = new Set<Promise<void>>();
  const begin = ({ does }: Habit): void => {
    if (running.size >= mostAtOnce) return;
    const one = run(does, options).finally(() => running.delete(one));
    running.add(one);
  };
  const gapMs = Math.min(roundGapMs, 1_000 / ratePerSecond);
  for (const habit of habits) {
    if (signal.aborted) break;
    begin(habit);
    await pause(gapMs, signal);
  }
  const bornMs = performance.now();
  while (!signal.aborted) {
    const chosen = choose(habits, performance.now() - bornMs);
    if (chosen !== null) begin(chosen);
    // Arrivals that know nothing of each other: the time between two is exponential.
    await pause((-Math.log(1 - Math.random()) * 1_000) / ratePerSecond, signal);
  }
  await Promise.all(running);
}

function choose(habits: readonly Habit[], atMs: number): Habit | null {
  const weights = habits.map(({ weight, when }) => weight * busyness(when, atMs, dayMs));
  let left = Math.random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, habit] of habits.entries()) {
    left -= weights[index] ?? 0;
    if (left < 0) return habit;
  }
  return null;
}

async function run(does: Doing, { wayOf, dnsPort, signal }: TrafficOptions): Promise<void> {
  switch (does.kind) {
    case 'tunnel':
      return askThroughTunnel(wayOf(does.service), does, signal);
    case 'plain':
      return askPlain(wayOf(does.service), does.to, signal);
    case 'clear':
      return askClearInTunnel(wayOf(does.service), does.to, signal);
    case 'new': {
      const to = `${newName(does.domain, Math.random)}:${does.port}`;
      return askThroughTunnel(wayOf(does.service), { to, bytesUp: 1_500, bytesDown: 9_000 }, signal);
    }
    case 'name':
      return askName({ port: dnsPort, from: officeAddress }, does);
  }
  return does satisfies never;
}

/** Waits, or less where the signal comes. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
