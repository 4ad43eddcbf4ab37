import { ok, type Result } from '../../base/index.ts';
import {
  createCoverage,
  drawFlowMap,
  type FlowLake,
  type FlowMap,
  type FlowMapFilter,
  type LakeWindow,
} from '../../flowmap/index.ts';
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
    return ok(await drawLakeMap(lake, context.value, { nowMs: order.nowMs, filter }));
  } finally {
    opened.value.close();
  }
}

/** Draws the map of an open lake in a context. */
export async function drawLakeMap(
  lake: FlowLake,
  context: FlowContext,
  { nowMs, filter }: { readonly nowMs: number; readonly filter: FlowMapFilter },
): Promise<FlowMap> {
  const set = await lake.edges(context.query);
  const parts = {
    edges: set.edges,
    coverage: createCoverage(lake.sources(), set),
    declared: await lake.declared(),
    policy: context.policy?.policy ?? null,
    noPolicy: context.noPolicy,
    ownerOf: ownerFinder(context),
    nowMs,
    localOrigins: context.localOrigins,
  };
  return drawFlowMap(parts, filter);
}

/** Who owns a principal: by the policy, then by the inventory; null where neither says. */
export function ownerFinder({ policy, inventory }: FlowContext): (principal: string) => string | null {
  const owners = new Map(
    inventory.services.flatMap(({ name, owner }) => (owner === null ? [] : [[name, owner] as const])),
  );
  return (principal) => policy?.policy.service(principal)?.owner ?? owners.get(principal) ?? null;
}
