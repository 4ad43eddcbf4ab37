import { type Ending, ended } from './ending.ts';
import { createToken } from './mark.ts';
import { foldScores, type Score, type Scorecard, scoreWay } from './scorecard.ts';
import { type Need, needs, type ProbeTarget, type Way } from './way.ts';

/** What a run is told while it goes on. */
export interface ProbeRun {
  readonly target: ProbeTarget;
  readonly ways: readonly Way[];
  /** Told each score as it comes, in the order of ending. */
  readonly onScore: (score: Score) => void;
}

// A few at a time: enough that timeouts of a silent network do not add up, too few to look like a flood.
const atATime = 8;
// An attempt ends by its own time, some after two waits and the start of an interpreter; nothing hangs past three and this.
const mostStartMs = 15_000;
/** Longest run, whatever the timeout is. */
export const mostRunMs = 300_000;

/** Tries every way, a few at a time, and gives the scorecard in the order of the ways. Never throws for what the network does. */
export async function runProbe({ target, ways, onScore }: ProbeRun): Promise<Scorecard> {
  const token = createToken();
  const scores = new Map<Way, Score>();
  const left = [...ways];
  const endsAtMs = performance.now() + mostRunMs;
  const work = async (): Promise<void> => {
    for (let way = left.shift(); way !== undefined; way = left.shift()) {
      const score = performance.now() > endsAtMs ? cut(way) : await tryWay(way, target, token);
      scores.set(way, score);
      onScore(score);
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return foldScores(
    token,
    ways.map((way) => scores.get(way) ?? cut(way)),
  );
}

/** Why a way cannot be tried here, or null. */
export function findLack(way: Way, target: ProbeTarget): string | null {
  const lacking = way.needs.find((need) => !isThere(need, target));
  return lacking === undefined ? null : needs[lacking];
}

async function tryWay(way: Way, target: ProbeTarget, token: string): Promise<Score> {
  const lack = findLack(way, target);
  if (lack !== null) return scoreWay(way, ended('lacking', lack), null);
  const startedAtMs = performance.now();
  const ending = await within(3 * target.timeoutMs + mostStartMs, () => way.attempt(target, { token, way: way.id }));
  return scoreWay(way, ending, Math.round(performance.now() - startedAtMs));
}

async function within(mostMs: number, attempt: () => Promise<Ending>): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const timer = setTimeout(() => resolve(ended('failed', 'took too long')), mostMs);
  try {
    return await Promise.race([attempt(), promise]);
  } catch (error) {
    // A fault of ours is no wall of theirs: the way counts as untested.
    return ended('failed', error instanceof Error ? error.message : null);
  } finally {
    clearTimeout(timer);
  }
}

function cut(way: Way): Score {
  return scoreWay(way, ended('lacking', 'the run had to end'), null);
}

function isThere(need: Need, target: ProbeTarget): boolean {
  const there: Readonly<Record<Need, boolean>> = {
    address: target.ipv4 !== null,
    ipv6: target.ipv6 !== null,
    name: target.canary !== null,
    zone: target.zone !== null,
    allowed: target.allowed !== null,
    proxy: target.proxy !== null,
    gateway: target.gateway !== null,
    root: target.isRoot,
    helper: target.helper !== null,
    intrusive: target.isIntrusive,
  };
  return there[need];
}
