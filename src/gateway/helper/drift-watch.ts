import { type ChildProcess, spawn } from 'node:child_process';
import type { Result } from '../../base/index.ts';
import { keptMaps, keptSets } from '../kernel/table-text.ts';
import type { Applier } from './applier.ts';
import { createMonitorReader, type Drift, type SeenChange, watchMark } from './drift.ts';
import { goneShape } from './netlink-reader.ts';
import type { NftLine } from './nft-line.ts';
import { commandEnvironment } from './run-command.ts';
import { findProgram } from './transparent-launcher.ts';

/** Watches what the kernel holds for us. */
export interface DriftWatch {
  /** Does what changes the kernel in our name: what it changes is no drift. */
  expect(work: () => Promise<Result<null>>): Promise<Result<null>>;
  /** Does what changes links, routes and rules, while nobody looks at those. */
  alone<T>(work: () => Promise<T>): Promise<T>;
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

interface Held {
  readonly shape: string;
  readonly elements: string;
}

const defaultPollMs = 1_500;
const restartMs = 100;
const markEveryMs = 200;
// Elements are many: they are looked at whenever there is a sign, and else at every so manyth look.
const looksAtElements = 20;
// Where netlink cannot be read a program is started for each question about routes, and starting one holds up the answers of DNS.
const looksAtRoutes = 2;

/**
 * Starts watching by `nft monitor`, which tells of every change and who made it, and by looking at the shape of the table every 1.5 s and at
 * the routes and the rules every 3 s, since a monitor may be ended or miss something: that of nft 1.0.6 says nothing of elements of sets of intervals of
 * several fields, only that somebody changed something, so then the elements are looked at.
 * What is not ours is undone by putting everything in force again.
 */
export function watchDrift(options: DriftWatchOptions): DriftWatch {
  const { nft, applier } = options;
  // Null while nobody has looked yet: what is there then is not taken for what should be.
  let held: Held | null = null;
  let looks = 0;
  let expected = 0;
  let isClosed = false;
  // Null until the first change of ours was heard. False in a namespace of processes, where the kernel counts them otherwise.
  let knowsPids: boolean | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  // One after the other, each with a look at what it left: what is as it should be is known before the next begins.
  const expect = (work: () => Promise<Result<null>>): Promise<Result<null>> => {
    expected += 1;
    const done = turn.then(work);
    const settle = async (result: Result<null>): Promise<void> => {
      if (!result.ok) return;
      held = await lookAt(applier, null);
      // The monitor of nft 1.0.6 loses track of sets that are declared again: it would say nothing of their elements any more.
      monitor.renew();
    };
    turn = done.then(settle, () => undefined).finally(() => (expected -= 1));
    return done;
  };
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const undo = async (seen: readonly string[], by: string | null): Promise<void> => {
    if (isClosed || applier.plan() === null) return;
    const { ok: isUndone } = await expect(() => applier.repair(writtenSets(seen)));
    options.onDrift({ at: Date.now(), seen, by, isUndone });
  };
  const onChange = (change: SeenChange): void => {
    if (change.isMark) knowsPids = nft.isOwn(change.pid);
    else if (knowsPids !== true || nft.isOwn(change.pid)) return;
    else if (change.lines.length > 0) void undo(change.lines, change.by);
    else void compare(true, change.by);
  };
  const compare = async (withElements: boolean, by: string | null): Promise<void> => {
    if (expected > 0 || applier.plan() === null) return;
    const before = held;
    const now = await lookAt(applier, withElements ? null : before);
    // A plan that came meanwhile has a shape and elements of its own; what could not be read is looked at again soon.
    if (expected > 0 || before !== held || isClosed || now === null) return;
    const seen = differenceOf(before, now);
    if (seen !== null) void undo([seen], by);
  };
  const look = async (): Promise<void> => {
    looks += 1;
    await compare(looks % (knowsPids === false ? 2 : looksAtElements) === 0, null);
    if (expected > 0 || isClosed || looks % looksAtRoutes !== 0) return;
    tellRoutes(await alone(() => applier.checkRoutes()), options.onDrift);
  };
  const suspect = (): void => void compare(true, null);
  const monitor = keepMonitor(() => createMonitorReader(onChange, suspect), suspect);
  const marking = markOnce(nft, () => knowsPids !== null);
  const polling = repeat(() => followCgroups(applier, expect).then(look), options.pollMs ?? defaultPollMs);

  return {
    expect,
    alone,
    close: () => {
      isClosed = true;
      marking.stop();
      polling.stop();
      monitor.stop();
    },
  };
}

function tellRoutes(routes: Result<readonly string[]>, onDrift: DriftWatchOptions['onDrift']): void {
  if (routes.ok && routes.value.length > 0) onDrift({ at: Date.now(), seen: routes.value, by: null, isUndone: true });
}

async function lookAt(applier: Applier, known: Held | null): Promise<Held | null> {
  const [shape, elements] = [await applier.shape(), known?.elements ?? (await applier.elements())];
  return shape === null || elements === null ? null : { shape, elements };
}

function differenceOf(wanted: Held | null, now: Held): string | null {
  if (now.shape === goneShape) return 'the table is gone';
  if (wanted === null) return 'nobody could look at the table when it was made';
  if (now.shape !== wanted.shape) return 'the table is not as it was made';
  return now.elements === wanted.elements ? null : 'elements of our sets are not as they were put there';
}

// A unit that is started again has another cgroup of the same name: nobody, until the rules know it.
async function followCgroups(applier: Applier, expect: DriftWatch['expect']): Promise<void> {
  if (applier.hasOtherCgroups()) await expect(() => applier.repair([]));
}

// Hears the watch: whether the kernel counts processes as we do is known by a change of our own.
function markOnce(nft: NftLine, isKnown: () => boolean): { stop(): void } {
  const marking = setInterval(() => {
    if (isKnown()) clearInterval(marking);
    else void nft.run(['-f', '-'], `add table ${watchMark}\ndelete table ${watchMark}\n`);
  }, markEveryMs);
  return { stop: () => clearInterval(marking) };
}

// Sets that packets and answers fill: what somebody wrote into them cannot be told from what belongs there, so they begin anew.
function writtenSets(seen: readonly string[]): readonly string[] {
  const names = seen.map((line) => /^add element inet exeat (\w+) /.exec(line)?.[1] ?? '');
  return [...new Set(names)].filter((name) => keptSets.includes(name) || keptMaps.includes(name));
}

// A monitor reads nothing, so it would notice only at the next change that nobody listens any more: it ends with who started it.
function monitorCommand(): readonly [program: string, words: readonly string[]] {
  const setpriv = findProgram('setpriv', commandEnvironment()['PATH'] ?? '');
  return setpriv === null ? ['nft', ['monitor']] : [setpriv, ['--pdeathsig', 'KILL', 'nft', 'monitor']];
}

function keepMonitor(createReader: () => (text: string) => void, onEnded: () => void): { renew(): void; stop(): void } {
  let isStopped = false;
  let child: ChildProcess | null = null;
  let restart: NodeJS.Timeout | null = null;
  const begin = (): void => {
    const [program, words] = monitorCommand();
    const mine = spawn(program, words, { env: commandEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] });
    child = mine;
    const ended = (): void => {
      if (isStopped || child !== mine) return;
      child = null;
      restart = setTimeout(begin, restartMs);
      onEnded();
    };
    mine.on('error', ended).on('close', ended);
    mine.stdout.setEncoding('utf8').on('data', createReader());
  };
  begin();
  return {
    renew: () => {
      if (isStopped || child === null) return;
      const last = child;
      begin();
      last.kill();
    },
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
