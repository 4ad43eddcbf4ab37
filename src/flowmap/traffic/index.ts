export { type BucketRun, bucketWidths, coverSpan } from './cover-span.ts';
export { drawRiver } from './draw-river.ts';
export { createTrafficFold, type OpenFlow, type TrafficAddition, type TrafficFold } from './fold-traffic.ts';
export type { River, RiverFacts, RiverQuery, RiverRule } from './river.ts';
export { coarser, edgeFromKey, edgeToKey, type TrafficEdge, type TrafficRow } from './traffic-edge.ts';
export type { TrafficCommit, TrafficOfSpan, TrafficPosition, TrafficStore } from './traffic-store.ts';
