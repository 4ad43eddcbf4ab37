import { join } from 'node:path';
import { ExeatError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { backupAnswers } from '../backup/backup-answers.ts';
import { tellSupervisor } from '../ipc.ts';
import { listenFault } from '../listen-fault.ts';
import { askLocal, serveLocal } from '../local-socket.ts';
import { createLogger } from '../logger.ts';
import { type StatePaths, statePaths } from '../state-folder.ts';
import { acquireStateLock } from '../state-lock.ts';
import type { PointStatus, StatusReport } from '../status.ts';
import { assembleActs, type ControlActs } from './assemble-acts.ts';
import { type ConsoleAnswers, type ConsoleListener, listenConsole } from './console-listener.ts';
import { createControlMetrics } from './control-metrics.ts';
import { createConsoleApi } from './create-console-api.ts';
import { createFindDenial } from './find-denial.ts';
import { findBrokenFlows, foldConnections } from './fold-status.ts';

/** The control process, running. */
export interface Control {
  reload(): void;
  close(): Promise<void>;
}

// An `up` that was killed leaves its control for a moment; the next one waits for it to go.
const lockWaitMs = 3_000;
const askTimeoutMs = 5_000;

/** Assembles control, top to bottom; `restart` ends the process so that it is started again. Throws an ExeatError with one line when it cannot start. */
export async function createControl(config: Config, restart: () => void): Promise<Control> {
  const logger = createLogger('control');
  const paths = statePaths(config.state);
  const lock = acquireStateLock(join(paths.control, 'lock.db'), lockWaitMs);
  if (!lock.ok) throw new ExeatError(lock.fault.code, lock.fault.message);
  const acts = await assembleActs({ config, paths, logger });
  const metrics = createControlMetrics(acts);
  acts.onPolicyOutcome(metrics.count);
  const server = await serveLocal(paths.controlSocket, {
    status: () => readStatus(paths, acts),
    ...backupAnswers({ paths, ledger: acts.ledger, restart }),
  });
  const consoleListener = await openConsole(config, acts, {
    readiness: acts.readiness,
    metrics: async () => {
      const point = await askLocal<string>(paths.pointSocket, 'metrics', null, askTimeoutMs);
      return `${await metrics.text()}${point.ok ? point.value : ''}`;
    },
    findDenial: createFindDenial(paths.spool),
  });
  tellSupervisor({
    kind: 'listening',
    addresses: addressesOf(consoleListener),
    founding: acts.founding,
  });
  return {
    reload: acts.policy.reload,
    close: async () => {
      await Promise.all([server.close(), consoleListener?.close()]);
      await acts.close();
      lock.value.release();
    },
  };
}

function addressesOf(listener: ConsoleListener | null): Readonly<Record<string, string>> {
  if (listener === null) return {};
  return { console: listener.address, ...(listener.name === null ? {} : { consoleName: listener.name }) };
}

async function openConsole(
  config: Config,
  acts: ControlActs,
  answers: ConsoleAnswers,
): Promise<ConsoleListener | null> {
  const at = config.listen.console;
  if (at === null) return null;
  try {
    return await listenConsole(at, createConsoleApi(config, acts), answers);
  } catch (error) {
    if (error instanceof ExeatError) throw error;
    const why = String((error as NodeJS.ErrnoException).code);
    throw new ExeatError('port_in_use', listenFault('listen.console', at, why), { cause: error });
  }
}

async function readStatus(paths: StatePaths, acts: ControlActs): Promise<StatusReport> {
  const point = await askLocal<PointStatus>(paths.pointSocket, 'status', null, askTimeoutMs);
  await acts.usage.caughtUp();
  const now = acts.clock.now();
  const usage = acts.usage.current();
  const broken = findBrokenFlows(usage, now);
  return {
    point: point.ok ? point.value : null,
    controlPid: process.pid,
    connections: foldConnections(usage, now),
    brokenFlows: broken.flows,
    brokenFlowCount: broken.count,
    problems: [
      ...acts.notices(),
      ...acts.problems(),
      ...(point.ok ? point.value.problems : ['the point does not answer']),
    ],
  };
}
