import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { Config, GatewayConfig } from '../config/index.ts';
import { hasNetAdmin, helperEntry, transparentCommand, transparentFdsVariable } from '../gateway/index.ts';
import type { ChildKeeper, ChildKeeperOptions } from './child-keeper.ts';
import { takeGivenSockets } from './given-sockets.ts';
import type { Logger } from './logger.ts';

/** Where the helper of a state folder is spoken to, and where it keeps what it changed in the machine. */
export interface HelperPaths {
  readonly socket: string;
  readonly state: string;
}

const runFolder = '/run/exeat';
const firstRestartMs = 100;
const lastRestartMs = 5_000;
const killAfterMs = 1_200;

/**
 * The files of the helper: under `/run`, which is emptied with the machine as the kernel is, and named after the state folder; where that
 * cannot be, in the state folder. A unit of its own has its socket where the configuration says.
 */
export function helperPaths(config: Pick<Config, 'state' | 'gateway'>): HelperPaths {
  const [inRun, inState] = helperPlaces(config);
  return usableFolder(runFolder) ? inRun : inState;
}

/** Both places that they may be in: another user may have had the other one. Touches nothing. */
export function helperPlaces(config: Pick<Config, 'state' | 'gateway'>): readonly [HelperPaths, HelperPaths] {
  const name = createHash('sha256').update(config.state).digest('hex').slice(0, 16);
  const placeIn = (folder: string): HelperPaths => ({
    socket: config.gateway?.helper ?? join(folder, `${name}.sock`),
    state: join(folder, `${name}.json`),
  });
  return [placeIn(runFolder), placeIn(join(config.state, 'gateway'))];
}

/** Starts the helper and starts it again whenever it ends, until stopped. What it told the kernel stays when it goes: that closes, not opens. */
export function keepHelper(paths: HelperPaths, logger: Logger): ChildKeeper {
  const started = Promise.withResolvers<string | null>();
  let child: ChildProcess | null = null;
  let restart: NodeJS.Timeout | null = null;
  let isStopped = false;
  let hasServed = false;
  let attempt = 0;

  const begin = (): void => {
    const words = [helperEntry(), '--socket', paths.socket, '--state', paths.state, '--bound'];
    const mine = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    child = mine;
    mine.stdin.on('error', () => undefined);
    let said = '';
    createInterface({ input: mine.stdout }).on('line', () => {
      hasServed = true;
      attempt = 0;
      started.resolve(null);
    });
    createInterface({ input: mine.stderr }).on('line', (line) => {
      said = line;
      if (hasServed) logger.warn('the helper of the gateway says', { line });
    });
    mine.on('error', (error) => {
      said = error.message;
    });
    mine.on('close', (code, signal) => {
      child = null;
      if (isStopped) return;
      if (!hasServed) {
        started.resolve(
          `the helper of the gateway did not start: ${said === '' ? `it ended (${signal ?? code})` : said}`,
        );
        return;
      }
      const afterMs = Math.min(firstRestartMs * 2 ** attempt, lastRestartMs);
      attempt += 1;
      logger.error('the helper of the gateway ended and is started again', { code, signal, afterMs });
      restart = setTimeout(begin, afterMs);
    });
  };

  begin();
  return {
    started: started.promise,
    pid: () => child?.pid ?? null,
    reload: () => undefined,
    stop: async () => {
      isStopped = true;
      if (restart !== null) clearTimeout(restart);
      if (child !== null) await endHelper(child);
    },
  };
}

async function endHelper(child: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(kill);
}

/** How the point comes to its transparent sockets: by a command that makes them, or by descriptors that are there. */
export type PointSockets = Pick<ChildKeeperOptions, 'launcher' | 'descriptors'>;

// After its three streams and the channel to the supervisor.
const firstOfPoint = 4;

/**
 * Finds how the point of this gateway comes to its transparent sockets. Beside a helper that is a unit of its own systemd may make them, so
 * that no process of the product needs a right; else they are made at the start of the point. Faults: `launcher_missing`, `net_admin_missing`.
 */
export function pointSockets(gateway: GatewayConfig | null): Result<PointSockets> {
  if (gateway === null) return ok({});
  const given = gateway.helper === null ? [] : takeGivenSockets();
  if (given.length > 0) {
    const told = given.map((_, index) => firstOfPoint + index).join(',');
    return ok({ descriptors: { given, env: { [transparentFdsVariable]: told } } });
  }
  // Found out here: later each process would say on its own what it could not do, and the last one would be heard.
  if (!hasNetAdmin()) return failed(fault('net_admin_missing', missingRight(gateway)));
  const launcher = pointLauncher(gateway.port);
  return launcher.ok ? ok({ launcher: launcher.value }) : launcher;
}

function missingRight({ helper }: GatewayConfig): string {
  return helper === null
    ? 'the gateway changes rules and routes of this machine, and this user has no CAP_NET_ADMIN: start it as root, or give the right to a helper that is a unit of its own (`gateway.helper`, examples/gateway)'
    : 'the sockets of the gateway need CAP_NET_ADMIN, which this user does not have: let systemd make them (`exeat.socket` in examples/gateway), or start it as root';
}

/** The command that becomes the point with its transparent sockets, without the rights over the network that made them. */
function pointLauncher(port: number): Result<readonly [string, ...string[]]> {
  const bounded = ['setpriv', '--bounding-set', '-net_admin,-net_raw,-sys_module,-sys_ptrace', '--'];
  const [first = process.execPath, ...rest] = [...(isOnPath('setpriv') ? bounded : []), process.execPath];
  const launcher = transparentCommand({ port, command: [first, ...rest] });
  return launcher.ok ? ok([launcher.value.program, ...launcher.value.words]) : launcher;
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => isUsable(join(folder, program), constants.X_OK));
}

function usableFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch {
    return false;
  }
  return isUsable(folder, constants.W_OK);
}

function isUsable(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
