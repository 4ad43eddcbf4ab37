export type { Arrival } from './canary/arrival.ts';
export {
  type Canary,
  type CanaryOptions,
  canaryTcpPorts,
  canaryUdpPorts,
  createCanary,
} from './canary/create-canary.ts';
export { chooseWays } from './choose-ways.ts';
export type { WayResult } from './ending.ts';
export { findTarget, type ProbeRequest } from './find-target.ts';
export { formatProbeMetrics } from './metrics-text.ts';
export { readProxy } from './read-proxy.ts';
export { type ProbeRun, runProbe } from './run-probe.ts';
export type { Score, Scorecard } from './scorecard.ts';
export type { ProbeTarget, ProxyAddress, Way } from './way.ts';
export { ways } from './ways.ts';
