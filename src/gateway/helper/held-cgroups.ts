import { statSync } from 'node:fs';
import type { KernelPlan } from '../kernel/kernel-plan.ts';

/** Where nft looks for cgroups of v2. */
const root = '/sys/fs/cgroup';

/** Which cgroups of a plan are there. The kernel knows them by number, and one that is made anew has another. */
export interface CgroupLook {
  /** The plan with the cgroups that are there now, which are remembered: nft takes no rule for another. */
  look(plan: KernelPlan): KernelPlan;
  /** Whether they are others by now. */
  areOthers(plan: KernelPlan): boolean;
}

/** Makes one. */
export function createCgroupLook(): CgroupLook {
  let last = '';
  return {
    look: (plan) => {
      last = numbersOf(plan);
      const cgroups = plan.local.cgroups.filter(({ path }) => numberOf(path) !== null);
      return { ...plan, local: { ...plan.local, cgroups } };
    },
    areOthers: (plan) => numbersOf(plan) !== last,
  };
}

function numbersOf({ local }: KernelPlan): string {
  return local.cgroups.map(({ path }) => numberOf(path)).join(' ');
}

function numberOf(path: string): string | null {
  try {
    return statSync(`${root}${path}`, { bigint: true }).ino.toString();
  } catch {
    return null;
  }
}
