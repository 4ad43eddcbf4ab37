import { type ChildProcess, fork } from 'node:child_process';
import { type Config, type Endpoint, parseEndpoint } from '../config/index.ts';
import { entryBeside } from './front/index.ts';
import { type FromChild, restartExitCode, type ToChild } from './ipc.ts';
import type { Logger } from './logger.ts';

/** One child that is kept alive. */
export interface ChildKeeper {
  /** Settles when the child first listens or first says that it cannot: an error line, or null. */
  readonly started: Promise<string | null>;
  readonly pid: () => number | null;
  reload(): void;
  /** Ends the child: told first, killed when it is not gone in time. */
  stop(): Promise<void>;
}

/** What to keep alive. */
export interface ChildKeeperOptions {
  /** Name in the log, and the entry beside this file: `point` is `point-process`. */
  readonly name: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly onMessage: (message: FromChild) => void;
  /** A command that becomes Node once it has made what Node cannot; the arguments of Node follow. Default: Node itself. */
  readonly launcher?: readonly [string, ...string[]];
  /** Where the child logs: a descriptor of ours. Default: our stderr. */
  readonly logDescriptor?: number;
  /** Descriptors of ours that the child is given from 4 on, and the variables that tell it so. Default: none. */
  readonly descriptors?: { readonly given: readonly number[]; readonly env: Readonly<Record<string, string>> };
}

// Back-off between restarts: quick at first, since nothing is let out while the point is down; then once every 5 s.
const firstRestartMs = 100;
const lastRestartMs = 5_000;
// A child that lived this long was well: the next crash is a new one.
const healthyMs = 30_000;
// Within the 2 s that `exeat up` has to end.
const killAfterMs = 1_200;

/**
 * Forks a child and forks it again whenever it ends, until stopped. States: starting, running, waiting (to restart), stopped.
 * A child that fails before it ever listened is not restarted: its fault is the fault of the start.
 */
export function keepChild(options: ChildKeeperOptions): ChildKeeper {
  const { name, logger } = options;
  let { config } = options;
  const started = Promise.withResolvers<string | null>();
  let child: ChildProcess | null = null;
  let restart: NodeJS.Timeout | null = null;
  let isStopped = false;
  let hasListened = false;
  let attempt = 0;

  const beginLater = (livedMs: number, facts: Readonly<Record<string, unknown>>): void => {
    if (isStopped) return;
    const isAsked = facts['code'] === restartExitCode;
    if (livedMs > healthyMs || isAsked) attempt = 0;
    const afterMs = Math.min(firstRestartMs * 2 ** attempt, lastRestartMs);
    if (isAsked) logger.info(`${name} is started again, as it asked`);
    else logger.error(`${name} ended and is started again`, { ...facts, afterMs });
    restart = setTimeout(begin, afterMs);
  };
  const begin = (): void => {
    const beganAt = Date.now();
    attempt += 1;
    const mine = forkChild(options);
    child = mine;
    let failure: string | null = null;
    mine.on('message', (message: FromChild) => {
      if (message.kind === 'failed') failure = message.message;
      if (message.kind === 'listening') {
        config = keepPorts(config, message.addresses);
        hasListened = true;
        started.resolve(null);
      }
      options.onMessage(message);
    });
    const ended = (code: number | null, signal: string | null): void => {
      if (child !== mine) return;
      child = null;
      if (hasListened) beginLater(Date.now() - beganAt, { code, signal, cause: failure });
      else started.resolve(failure ?? `the ${name} process ended at its start (${signal ?? code})`);
    };
    mine.on('exit', ended);
    mine.on('error', (error) => {
      logger.error(`${name} cannot be reached`, { cause: error.message });
      // No process came to be (no memory, no descriptors), so no exit will be told either.
      if (mine.pid === undefined) ended(null, error.message);
    });
    send(mine, { kind: 'start', config, attempt });
  };

  begin();
  return {
    started: started.promise,
    pid: () => child?.pid ?? null,
    reload: () => {
      if (child !== null) send(child, { kind: 'reload' });
    },
    stop: async () => {
      isStopped = true;
      if (restart !== null) clearTimeout(restart);
      if (child !== null) await endChild(child);
    },
  };
}

function forkChild({ name, launcher, descriptors, logDescriptor = 'inherit' }: ForkOptions): ChildProcess {
  const [program, ...words] = launcher ?? [process.execPath];
  return fork(entryBeside(import.meta.url, `${name}-process`), [], {
    stdio: ['ignore', logDescriptor, logDescriptor, 'ipc', ...(descriptors?.given ?? [])],
    env: { ...process.env, ...descriptors?.env },
    execPath: program,
    execArgv: [...words, ...process.execArgv],
  });
}

type ForkOptions = Pick<ChildKeeperOptions, 'name' | 'launcher' | 'descriptors'> & {
  readonly logDescriptor?: number | 'inherit';
};

// Port 0 means a free one, once: a child that is started again must be found where it was.
function keepPorts(config: Config, addresses: Readonly<Record<string, string>>): Config {
  const kept = Object.entries(config.listen).map(([name, at]: [string, Endpoint | null]) => {
    const bound = parseEndpoint(addresses[name] ?? '');
    return [name, at !== null && at.port === 0 && bound.ok ? bound.value : at];
  });
  return { ...config, listen: Object.fromEntries(kept) };
}

async function endChild(child: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  send(child, { kind: 'stop' });
  await gone;
  clearTimeout(kill);
}

function send(child: ChildProcess, message: ToChild): void {
  // A child that is gone already is handled by its exit.
  if (child.connected) child.send(message, () => undefined);
}
