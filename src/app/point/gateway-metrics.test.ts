import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import type { GatewayStatus } from '../status.ts';
import { registerGatewayMetrics } from './gateway-metrics.ts';

const status: GatewayStatus = {
  isConnected: true,
  isInForce: false,
  services: 2,
  sources: 3,
  openEntries: 4,
  toldEntries: 5,
  runs: { live: 2, left: 62, ranges: ['198.51.100.0/24'], problem: null },
  connections: 6,
  deniedPackets: 7,
  droppedPackets: { spoofed: 11, invalid: 12, inbound: 13 },
  bytesUp: 8,
  bytesDown: 9,
  drifts: 10,
  lastDrift: null,
  problems: [],
};

test('every scrape tells how the gateway stands then, and adds nothing up twice', async () => {
  const registry = new Registry();
  let now = status;
  registerGatewayMetrics(registry, () => now);
  const read = async (): Promise<readonly string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  await read();
  now = { ...status, isConnected: false, deniedPackets: 70 };
  assert.deepEqual(await read(), [
    'exeat_gateway_connected 0',
    'exeat_gateway_in_force 0',
    'exeat_gateway_told_entries 5',
    'exeat_gateway_open_entries 4',
    'exeat_gateway_sources 3',
    'exeat_gateway_connections 6',
    'exeat_gateway_runs 2',
    'exeat_gateway_runs_left 62',
    'exeat_gateway_drifts_total 10',
    'exeat_gateway_denied_packets_total 70',
    'exeat_gateway_dropped_packets_total{why="spoofed"} 11',
    'exeat_gateway_dropped_packets_total{why="invalid"} 12',
    'exeat_gateway_dropped_packets_total{why="inbound"} 13',
    'exeat_gateway_bytes_total{direction="up"} 8',
    'exeat_gateway_bytes_total{direction="down"} 9',
  ]);
});
