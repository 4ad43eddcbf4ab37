import { join } from 'node:path';
import { ExeatError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { SegmentSummary } from '../../policy/index.ts';
import { createPacListener, type PacListener, type ProxyListener } from '../../proxy/index.ts';
import { tellSupervisor } from '../ipc.ts';
import { listenFault } from '../listen-fault.ts';
import { serveLocal } from '../local-socket.ts';
import { createLogger } from '../logger.ts';
import { runSocket, type StatePaths, statePaths } from '../state-folder.ts';
import { acquireStateLock } from '../state-lock.ts';
import { assemblePoint } from './assemble-point.ts';
import { addressText, openDns } from './open-dns.ts';
import { createPointAnswers } from './point-answers.ts';
import type { PolicyHolder } from './policy-holder.ts';
import { openRunDoor, type RunDoorOptions } from './run-door.ts';

/** The point process, running. */
export interface Point {
  reload(): void;
  close(): Promise<void>;
}

// An `up` that was killed leaves its point for a moment; the next one waits for it to go.
const lockWaitMs = 3_000;
// Within the time that the supervisor gives; what is still open then is cut and recorded as `shutdown`.
const drainMs = 800;

/** Starts the point: parts, last good policy, local socket, listeners. Throws an ExeatError with one line when it cannot start. */
export async function createPoint(config: Config): Promise<Point> {
  const logger = createLogger('point');
  const paths = statePaths(config.state);
  const lock = acquireStateLock(join(paths.point, 'lock.db'), lockWaitMs);
  if (!lock.ok) throw new ExeatError(lock.fault.code, lock.fault.message);
  const parts = await assemblePoint(config, paths, logger);
  const { trust, policy, listener, gateway, recheckAll } = parts;
  trust.onChange(() => void recheckAll());
  const apply = async (): Promise<string> => {
    const applied = await policy.apply();
    if (!applied.ok) throw new ExeatError(applied.fault.code, applied.fault.message);
    await recheckAll();
    return applied.value;
  };
  // The last good policy is in force before the first connection; without one everything is denied.
  const first = await policy.apply();
  if (!first.ok) logger.warn('no policy in force yet, everything is denied', { cause: first.fault.message });
  const server = await serveLocal(paths.pointSocket, createPointAnswers({ ...parts, config, apply }));
  // Read once control can reach us: a list that is written before that is found here, one after it is told.
  const granted = await parts.grants.apply();
  if (!granted.ok) logger.error('no list of grants in force yet, none counts', { cause: granted.fault.message });
  const door = await openRunDoor({ ...doorOf(config, paths), logger, admit: (caller) => parts.runs.admit(caller) });
  const proxy = config.run.isOnly ? null : await openProxy(config, listener);
  const pac = await openPac(config, listener.addresses[0]?.port ?? 0, policy);
  const dns = await openDns(config, parts.dns.listener);
  await gateway?.listen();
  void gateway?.recheckAll();
  // Once the policy is in force that says whose leases count.
  parts.leaseSources.start();
  const addresses = {
    ...(proxy === null ? {} : { proxy }),
    ...(pac === null ? {} : { pac: addressText(pac.address) }),
    ...dns,
  };
  tellSupervisor({ kind: 'listening', addresses });
  return {
    reload: () =>
      void trust
        .reload()
        .catch((error: unknown) => logger.error('trust material was not read', { cause: String(error) })),
    close: async () => {
      // Records of what is cut now are still written: the spool closes last.
      await parts.leaseSources.close();
      await door.close();
      const closing = [listener, parts.runs, parts.dns, gateway].map((one) => one?.close({ drainMs }));
      await Promise.all([...closing, server.close(), pac?.close()]);
      parts.leases.close();
      parts.network.close();
      parts.budgets.close();
      await Promise.all([parts.firstSeen.close(), trust.close(), parts.spool.close(), parts.clock.close()]);
      lock.value.release();
    },
  };
}

function doorOf(config: Config, paths: StatePaths): Pick<RunDoorOptions, 'path' | 'isOpen'> {
  return { path: runSocket(config, paths), isOpen: config.run.socket !== null };
}

async function openProxy(config: Config, listener: ProxyListener): Promise<string> {
  const { address, port } = config.listen.proxy;
  const bound = await listener.listen({ host: address, port });
  if (bound.ok) return addressText(bound.value);
  const { code, message } = bound.fault;
  throw new ExeatError(code, listenFault('listen.proxy', config.listen.proxy, `${code} ${message}`));
}

async function openPac(config: Config, proxyPort: number, policy: PolicyHolder): Promise<PacListener | null> {
  const at = config.listen.pac;
  if (at === null) return null;
  const segments = (): readonly SegmentSummary[] => policy.current()?.segments() ?? [];
  const pac = await createPacListener({ address: { host: at.address, port: at.port }, proxyPort, segments });
  if (pac.ok) return pac.value;
  throw new ExeatError(pac.fault.code, listenFault('listen.pac', at, pac.fault.message));
}
