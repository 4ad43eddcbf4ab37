import type { GatewayConfig } from '../../src/config/index.ts';

/** A gateway with one interface inside and everything else as it is by default, bound by path. */
export const plainGateway: GatewayConfig = {
  inside: ['gi'],
  binding: 'path',
  neighbours: [],
  port: 18_443,
  tlsPorts: [443],
  httpPorts: [80],
  graceMs: 120_000,
  masquerades: false,
  tracksFlows: false,
  guardsRoutes: true,
  helper: null,
  local: null,
  run: null,
};
