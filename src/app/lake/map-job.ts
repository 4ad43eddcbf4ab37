import { ok, type Result } from '../../base/index.ts';
import { createCoverage, drawFlowMap, type FlowMap, type FlowMapFilter, type LakeWindow } from '../../flowmap/index.ts';
import { type FlowContext, readFlowContext } from './flow-context.ts';
import type { JobPorts } from './lake-messages.ts';
import { openLakeToRead } from './open-lake.ts';

/** What of the flows is wanted. */
export interface MapOptions {
  readonly window: LakeWindow;
  readonly filter: FlowMapFilter;
}

/** Draws the map of a window. Faults: `lake_empty`, those of the inventory. */
export async function mapJob({ window, filter }: MapOptions, { order }: JobPorts): Promise<Result<FlowMap>> {
  const opened = await openLakeToRead(order.config);
  if (!opened.ok) return opened;
  const { lake } = opened.value;
  try {
    const context = await readFlowContext(lake, order.config, window);
    if (!context.ok) return context;
    const set = await lake.edges(context.value.query);
    const { policy, noPolicy } = context.value;
    const parts = {
      edges: set.edges,
      coverage: createCoverage(lake.sources(), set),
      declared: await lake.declared(),
      policy: policy?.policy ?? null,
      noPolicy,
      ownerOf: ownerFinder(context.value),
      nowMs: order.nowMs,
    };
    return ok(drawFlowMap(parts, filter));
  } finally {
    opened.value.close();
  }
}

/** Who owns a principal: by the policy, then by the inventory; null where neither says. */
export function ownerFinder({ policy, inventory }: FlowContext): (principal: string) => string | null {
  const owners = new Map(
    inventory.services.flatMap(({ name, owner }) => (owner === null ? [] : [[name, owner] as const])),
  );
  return (principal) => policy?.policy.service(principal)?.owner ?? owners.get(principal) ?? null;
}
