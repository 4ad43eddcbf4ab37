import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { type GatewayRemoval, removeGateway } from '../gateway/index.ts';
import { type HelperPaths, helperPlaces } from './gateway-helper.ts';
import { type StatePaths, statePaths } from './state-folder.ts';
import { acquireStateLock, type StateLock } from './state-lock.ts';

export { type GatewayRemoval, type HelperStart, runHelper as runGatewayHelper } from '../gateway/index.ts';

/** What a removal asks of the machine. */
export interface RemovalMachine {
  /** Null where there are no users. */
  readonly userId: number | null;
  readonly remove: (stateFile: string) => Promise<Result<GatewayRemoval>>;
}

const thisMachine: RemovalMachine = { userId: process.getuid?.() ?? null, remove: removeGateway };

/**
 * Takes everything of the gateway out of the kernel: routes, rules, tables and settings are as they were before. `stateFile` is the file of a
 * helper that was a unit of its own; null for the one of `exeat up`. Faults: `root_needed`, `state_locked`, `helper_running`, those
 * of {@link removeGateway}.
 */
export async function removeFromKernel(
  config: Pick<Config, 'state' | 'gateway'>,
  stateFile: string | null,
  machine: RemovalMachine = thisMachine,
): Promise<Result<GatewayRemoval>> {
  if (machine.userId !== 0) {
    return failed(fault('root_needed', 'routes, rules and settings of the machine are put back, run it as root'));
  }
  const locks = takeLocks(statePaths(config.state));
  if (!locks.ok) return locks;
  try {
    const places = helperPlaces(config);
    const served = await findServed(places);
    if (served !== null) {
      const says = `a helper of the gateway serves at \`${served}\` and would put everything back, stop it first`;
      return failed(fault('helper_running', says));
    }
    return await machine.remove(stateFile ?? keptFile(places));
  } finally {
    for (const lock of locks.value) lock.release();
  }
}

// Both: a supervisor that was killed leaves its point for a moment. A lock that was never there is not made: nothing ran on this state.
function takeLocks(paths: StatePaths): Result<readonly StateLock[]> {
  const taken: StateLock[] = [];
  for (const path of [paths.lock, join(paths.point, 'lock.db')].filter((one) => existsSync(one))) {
    const lock = acquireStateLock(path);
    if (lock.ok) taken.push(lock.value);
    else {
      for (const one of taken) one.release();
      return lock;
    }
  }
  return ok(taken);
}

async function findServed(places: readonly HelperPaths[]): Promise<string | null> {
  for (const { socket } of places) if (await isServed(socket)) return socket;
  return null;
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on('error', () => end(false)).on('connect', () => end(true));
  });
}

// Another user than root may have had another place.
function keptFile(places: readonly [HelperPaths, ...HelperPaths[]]): string {
  return (places.find(({ state }) => existsSync(state)) ?? places[0]).state;
}
