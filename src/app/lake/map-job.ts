import { ok, type Result } from '../../base/index.ts';
import {
  beginFlowMap,
  countEdges,
  coverageOf,
  createCoverage,
  createEdgeCounts,
  drawFlowMap,
  type FlowLake,
  type FlowMap,
  type FlowMapBasis,
  type FlowMapFilter,
  type LakeWindow,
} from '../../flowmap/index.ts';
import type { JobPorts } from '../front/index.ts';
import { type FlowContext, readFlowContext } from './flow-context.ts';
import { openLakeToRead } from './open-lake.ts';

/** What of the flows is wanted. */
export interface MapOptions {
  readonly window: LakeWindow;
  readonly filter: FlowMapFilter;
  /** How many edges are given at most, those with most connections. */
  readonly mostEdges: number;
}

/** Draws the map of a window. Faults: `lake_empty`, those of the inventory. */
export async function mapJob({ window, filter, mostEdges }: MapOptions, { order }: JobPorts): Promise<Result<FlowMap>> {
  const opened = await openLakeToRead(order.config);
  if (!opened.ok) return opened;
  const { lake } = opened.value;
  try {
    const context = await readFlowContext(lake, order.config, window);
    if (!context.ok) return context;
    return ok(await drawLargest(lake, context.value, { nowMs: order.nowMs, filter, mostEdges }));
  } finally {
    opened.value.close();
  }
}

/** Draws the map of an open lake with every edge, for what compares them. Throws where there are too many. */
export async function drawWholeMap(lake: FlowLake, context: FlowContext, nowMs: number): Promise<FlowMap> {
  const set = await lake.edges(context.query);
  const coverage = createCoverage(lake.sources(), set);
  const parts = { ...(await readBasis(lake, context, nowMs)), edges: set.edges, coverage };
  return drawFlowMap(parts, { service: null, newSinceMs: null, class: null });
}

async function drawLargest(
  lake: FlowLake,
  context: FlowContext,
  { nowMs, filter, mostEdges }: Omit<MapOptions, 'window'> & { readonly nowMs: number },
): Promise<FlowMap> {
  const basis = await readBasis(lake, context, nowMs);
  const drawing = beginFlowMap(basis, filter, mostEdges);
  const counts = createEdgeCounts();
  for await (const edges of lake.edgeBatches(context.query)) {
    countEdges(counts, edges);
    drawing.add(edges);
  }
  return drawing.finish(coverageOf(lake.sources(), counts, await lake.edgeBasis(context.query)));
}

async function readBasis(lake: FlowLake, context: FlowContext, nowMs: number): Promise<FlowMapBasis> {
  return {
    declared: await lake.declared(),
    policy: context.policy?.policy ?? null,
    noPolicy: context.noPolicy,
    ownerOf: ownerFinder(context),
    nowMs,
    localOrigins: context.localOrigins,
  };
}

/** Who owns a principal: by the policy, then by the inventory; null where neither says. */
export function ownerFinder({ policy, inventory }: FlowContext): (principal: string) => string | null {
  const owners = new Map(
    inventory.services.flatMap(({ name, owner }) => (owner === null ? [] : [[name, owner] as const])),
  );
  return (principal) => policy?.policy.service(principal)?.owner ?? owners.get(principal) ?? null;
}
