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
import { type ConsoleAnswers, type ConsoleListener, listenConsole } from './console-listener.ts';
import { createControlMetrics } from './control-metrics.ts';
import { findBrokenFlows, foldConnections } from './fold-status.ts';
import { openControlLedger } from './open-control-ledger.ts';
import { keepPolicy, type PolicyKeeper } from './policy-keeper.ts';
import { keepUsage, type UsageKeeper } from './usage-keeper.ts';

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
  const ledger = await openControlLedger(paths, logger);
  const usage = keepUsage(paths.spool, paths.control, { logger, nearGrants: () => [] });
  const metrics = createControlMetrics(usage.current);
  const { pointSocket } = paths;
  const policy = keepPolicy({ ...config, pointSocket, logger, onOutcome: metrics.count, onChange: async () => null });
  const server = await serveLocal(paths.controlSocket, {
    status: () => readStatus(paths, usage, policy),
    ...backupAnswers({ paths, ledger, restart }),
  });
  const consoleListener = await openConsole(config, {
    readiness: policy.readiness,
    metrics: async () => {
      const point = await askLocal<string>(pointSocket, 'metrics', null, askTimeoutMs);
      return `${await metrics.text()}${point.ok ? point.value : ''}`;
    },
  });
  tellSupervisor({
    kind: 'listening',
    addresses: consoleListener === null ? {} : { console: consoleListener.address },
  });
  return {
    reload: policy.reload,
    close: async () => {
      await Promise.all([policy.close(), server.close(), consoleListener?.close(), usage.close()]);
      await ledger.close();
      lock.value.release();
    },
  };
}

async function openConsole(config: Config, answers: ConsoleAnswers): Promise<ConsoleListener | null> {
  const at = config.listen.console;
  if (at === null) return null;
  try {
    return await listenConsole(at, answers);
  } catch (error) {
    throw new ExeatError(
      'port_in_use',
      listenFault('listen.console', at, String((error as NodeJS.ErrnoException).code)),
      { cause: error },
    );
  }
}

async function readStatus(paths: StatePaths, usage: UsageKeeper, policy: PolicyKeeper): Promise<StatusReport> {
  const point = await askLocal<PointStatus>(paths.pointSocket, 'status', null, askTimeoutMs);
  await usage.caughtUp();
  const now = Date.now();
  const broken = findBrokenFlows(usage.current(), now);
  return {
    point: point.ok ? point.value : null,
    controlPid: process.pid,
    connections: foldConnections(usage.current(), now),
    brokenFlows: broken.flows,
    brokenFlowCount: broken.count,
    problems: [...policy.problems(), ...(point.ok ? point.value.problems : ['the point does not answer'])],
  };
}
