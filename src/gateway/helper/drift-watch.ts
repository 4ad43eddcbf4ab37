import { type ChildProcess, spawn } from 'node:child_process';
import type { Result } from '../../base/index.ts';
import { keptSets } from '../kernel/table-text.ts';
import type { Applier } from './applier.ts';
import { createMonitorReader, type Drift, type SeenChange, watchMark } from './drift.ts';
import type { NftLine } from './nft-line.ts';
import { commandEnvironment } from './run-command.ts';

/** Watches what the kernel holds for us. */
export interface DriftWatch {
  /** Does what changes the kernel in our name: what it changes is no drift. */
  expect(work: () => Promise<Result<null>>): Promise<Result<null>>;
  close(): void;
}

/** What the watch works with. */
export interface DriftWatchOptions {
  readonly nft: NftLine;
  readonly applier: Applier;
  readonly onDrift: (drift: Drift) => void;
  /** How often everything is looked at, whatever was heard. Default 1,500. */
  readonly pollMs?: number;
}

const defaultPollMs = 1_500;
const restartMs = 1_000;
const markEveryMs = 200;
// Events that were lost may have been our own, of a large plan: everything is put in force again, but not over and over.
const suspectEveryMs = 60_000;

/**
 * Starts watching by `nft monitor`, which tells of every change and who made it, and by looking at the shape of the table, the routes and
 * the rules every 1.5 s, since a monitor may be ended or miss something. What is not ours is undone by putting everything in force again.
 */
export function watchDrift(options: DriftWatchOptions): DriftWatch {
  const { nft, applier } = options;
  let shape: string | null = null;
  let expected = 0;
  let isClosed = false;
  let suspectAt = Number.NEGATIVE_INFINITY;
  // Null until the first change of ours was heard. False in a namespace of processes, where the kernel counts them otherwise.
  let knowsPids: boolean | null = null;
  let undoing: Promise<void> = Promise.resolve();

  const expect = async (work: () => Promise<Result<null>>): Promise<Result<null>> => {
    expected += 1;
    try {
      const done = await work();
      if (done.ok) shape = await applier.shape();
      return done;
    } finally {
      expected -= 1;
    }
  };
  const undo = (seen: readonly string[], by: string | null): void => {
    undoing = undoing.then(async () => {
      if (isClosed || applier.plan() === null) return;
      const done = await expect(() => applier.repair(writtenSets(seen)));
      if (seen.length > 0) options.onDrift({ at: Date.now(), seen, by, isUndone: done.ok });
    });
  };
  const suspect = (): void => {
    if (performance.now() - suspectAt < suspectEveryMs) return;
    suspectAt = performance.now();
    undo([], null);
  };
  const onChange = (change: SeenChange): void => {
    if (change.isMark) knowsPids = nft.isOwn(change.pid);
    else if (knowsPids === true && change.lines.length > 0 && !nft.isOwn(change.pid)) undo(change.lines, change.by);
  };
  const look = async (): Promise<void> => {
    if (expected > 0 || applier.plan() === null) return;
    const before = shape;
    const now = await applier.shape();
    // A plan that came meanwhile has a shape of its own.
    if (expected > 0 || before !== shape || isClosed) return;
    if (now !== shape) undo([now === null ? 'the table is gone' : 'the table is not as it was made'], null);
    const routes = await applier.checkRoutes();
    if (routes.ok && routes.value.length > 0) {
      options.onDrift({ at: Date.now(), seen: routes.value, by: null, isUndone: true });
    }
  };
  const monitor = keepMonitor(createMonitorReader(onChange, suspect), suspect);
  const marking = setInterval(() => {
    if (knowsPids === null) void nft.run(['-f', '-'], `add table ${watchMark}\ndelete table ${watchMark}\n`);
    else clearInterval(marking);
  }, markEveryMs);
  const polling = repeat(look, options.pollMs ?? defaultPollMs);

  return {
    expect,
    close: () => {
      isClosed = true;
      clearInterval(marking);
      polling.stop();
      monitor.stop();
    },
  };
}

// Sets that packets and answers fill: what somebody wrote into them cannot be told from what belongs there, so they begin anew.
function writtenSets(seen: readonly string[]): readonly string[] {
  const names = seen.map((line) => /^add element inet exeat (\w+) /.exec(line)?.[1] ?? '');
  return [...new Set(names)].filter((name) => keptSets.includes(name));
}

function keepMonitor(take: (text: string) => void, onEnded: () => void): { stop(): void } {
  let isStopped = false;
  let child: ChildProcess | null = null;
  let restart: NodeJS.Timeout | null = null;
  const begin = (): void => {
    const mine = spawn('nft', ['monitor'], { env: commandEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] });
    child = mine;
    const ended = (): void => {
      if (isStopped || child !== mine) return;
      child = null;
      restart = setTimeout(begin, restartMs);
      onEnded();
    };
    mine.on('error', ended).on('close', ended);
    mine.stdout.setEncoding('utf8').on('data', take);
  };
  begin();
  return {
    stop: () => {
      isStopped = true;
      if (restart !== null) clearTimeout(restart);
      child?.kill();
    },
  };
}

function repeat(work: () => Promise<void>, everyMs: number): { stop(): void } {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const again = (): void => {
    timer = setTimeout(() => void work().finally(() => isStopped || again()), everyMs);
  };
  again();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
