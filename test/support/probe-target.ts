import type { ProbeTarget } from '../../src/probe/index.ts';

/** A target of which nothing is known and nobody is root. */
export const bareTarget: ProbeTarget = {
  canary: null,
  canaryPort: 443,
  ipv4: null,
  ipv6: null,
  zone: null,
  allowed: null,
  proxy: null,
  gateway: null,
  helper: null,
  isRoot: false,
  isIntrusive: false,
  env: {},
  timeoutMs: 100,
};
