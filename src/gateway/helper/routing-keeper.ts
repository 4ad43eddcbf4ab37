import { failed, ok, type Result } from '../../base/index.ts';
import type { KernelPlan } from '../kernel/kernel-plan.ts';
import { pinNeighbours } from './neighbours.ts';
import type { NetlinkReader } from './netlink-reader.ts';
import { applyRoutes, uplinkInterfaces } from './route-guard.ts';
import { applySysctls } from './sysctls.ts';

/** Keeps routes, routing rules, neighbours and settings of the machine as a plan needs them. Not to be asked twice at the same time. */
export interface RoutingKeeper {
  /** Puts all of it in force. */
  settle(plan: KernelPlan): Promise<Result<null>>;
  /** What was amiss with routes, rules and neighbours, one line each, which is put right by this. */
  check(plan: KernelPlan): Promise<Result<readonly string[]>>;
}

/** What was there when nothing was amiss, and for what of a plan. */
interface Settled {
  readonly routing: string;
  readonly wanted: string;
  readonly uplinks: readonly string[];
}

/** Makes one. `stateFile`: where the settings of the machine are kept. */
export function createRoutingKeeper(reader: Pick<NetlinkReader, 'routing'>, stateFile: string): RoutingKeeper {
  // As long as the machine routes as it did then, no program has to be started to look: each start holds up the loop for milliseconds.
  let settled: Settled | null = null;

  const putRight = async (plan: KernelPlan): Promise<Result<readonly string[]>> => {
    const wanted = JSON.stringify([plan.place, plan.bindings]);
    // Read before the look, so that what comes in between is another one.
    const routing = await reader.routing();
    if (routing !== null && routing === settled?.routing && wanted === settled.wanted) return ok([]);
    settled = null;
    const report = await applyRoutes(plan.place);
    if (!report.ok) return report;
    const pinned = await pinNeighbours(plan);
    if (!pinned.ok) return pinned;
    const amiss = [...report.value.amiss, ...pinned.value];
    if (routing !== null && amiss.length === 0) settled = { routing, wanted, uplinks: await uplinkInterfaces() };
    return ok(amiss);
  };
  return {
    settle: async (plan) => {
      const done = await putRight(plan);
      if (!done.ok) return failed(done.fault);
      const uplinks = plan.place.guardsRoutes ? (settled?.uplinks ?? (await uplinkInterfaces())) : [];
      return applySysctls(stateFile, plan.place, uplinks);
    },
    check: putRight,
  };
}
