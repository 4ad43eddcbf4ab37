export { type BucketRun, bucketWidths, coverSpan } from './cover-span.ts';
export {
  boundRows,
  countUnjudged,
  type DraftOutcome,
  type DraftSum,
  missingOf,
  type PolicySays,
  type RowReplay,
  sumOutcomes,
  type TriedRow,
  tryRow,
  type UnjudgedEdges,
} from './draft-outcome.ts';
export { drawRiver } from './draw-river.ts';
export { createTrafficFold, type OpenFlow, type TrafficAddition, type TrafficFold } from './fold-traffic.ts';
export type {
  River,
  RiverFacts,
  RiverGhost,
  RiverLink,
  RiverMeasure,
  RiverNode,
  RiverPath,
  RiverQuery,
  RiverRule,
  RiverSource,
  RiverSum,
  RiverTarget,
} from './river.ts';
export {
  coarser,
  edgeFromKey,
  edgeToKey,
  type TrafficEdge,
  type TrafficRow,
  type TrafficVerdict,
} from './traffic-edge.ts';
export type { TrafficCommit, TrafficOfSpan, TrafficPosition, TrafficStore } from './traffic-store.ts';
