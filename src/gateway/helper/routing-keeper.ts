import { ok, type Result } from '../../base/index.ts';
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

/** Makes one. `stateFile`: where the settings of the machine are kept. */
export function createRoutingKeeper(reader: Pick<NetlinkReader, 'routing'>, stateFile: string): RoutingKeeper {
  // How the machine routed when nothing was amiss: as long as it is that, no program has to be started to look, which holds up the loop
  // for milliseconds each time.
  let settled: string | null = null;
  return {
    settle: async (plan) => {
      settled = null;
      const routes = await applyRoutes(plan.place);
      if (!routes.ok) return routes;
      const pinned = await pinNeighbours(plan);
      if (!pinned.ok) return pinned;
      return applySysctls(stateFile, plan.place, plan.place.guardsRoutes ? await uplinkInterfaces() : []);
    },
    check: async (plan) => {
      // Read before the look, so that what comes in between is another one.
      const routing = await reader.routing();
      if (routing !== null && routing === settled) return ok([]);
      settled = null;
      const report = await applyRoutes(plan.place);
      if (!report.ok) return report;
      const pinned = await pinNeighbours(plan);
      if (!pinned.ok) return pinned;
      const amiss = [...report.value.amiss, ...pinned.value];
      if (amiss.length === 0) settled = routing;
      return ok(amiss);
    },
  };
}
