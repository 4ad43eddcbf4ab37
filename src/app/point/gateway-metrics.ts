import { Counter, Gauge, type Registry } from 'prom-client';
import type { GatewayStatus } from '../status.ts';

/** Registers the metrics of the transparent gateway. Labels are closed sets. */
export function registerGatewayMetrics(registry: Registry, status: () => GatewayStatus): void {
  const gauge = (name: string, help: string, read: (all: GatewayStatus) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(status()));
      },
    });
  };
  gauge('exeat_gateway_connected', 'Whether the helper of the gateway is there', (all) => (all.isConnected ? 1 : 0));
  gauge('exeat_gateway_in_force', 'Whether the kernel holds what is in force', (all) => (all.isInForce ? 1 : 0));
  gauge('exeat_gateway_told_entries', 'Entries that answers of DNS opened', (all) => all.toldEntries);
  gauge('exeat_gateway_open_entries', 'Entries that rules and grants for addresses open', (all) => all.openEntries);
  gauge('exeat_gateway_sources', 'Ranges of source addresses that are known', (all) => all.sources);
  gauge('exeat_gateway_connections', 'Connections that are read by name now', (all) => all.connections);
  gauge('exeat_gateway_runs', 'Runs that have an address now', (all) => all.runs?.live ?? 0);
  gauge('exeat_gateway_runs_left', 'Runs that there are addresses for beside them', (all) => all.runs?.left ?? 0);
  registerSums(registry, status);
}

function registerSums(registry: Registry, status: () => GatewayStatus): void {
  const counter = (what: Named, read: (all: GatewayStatus) => readonly Sample[]): void => {
    new Counter({
      ...what,
      labelNames: [...what.labelNames],
      registers: [registry],
      collect() {
        // The sums are kept where they are counted.
        this.reset();
        for (const [labels, value] of read(status())) this.inc(labels, value);
      },
    });
  };
  counter(
    {
      name: 'exeat_gateway_drifts_total',
      help: 'Changes of others to what the kernel holds for the gateway',
      labelNames: [],
    },
    ({ drifts }) => [[{}, drifts]],
  );
  counter(
    { name: 'exeat_gateway_denied_packets_total', help: 'Packets that the kernel denied', labelNames: [] },
    ({ deniedPackets }) => [[{}, deniedPackets]],
  );
  counter(
    {
      name: 'exeat_gateway_dropped_packets_total',
      help: 'Packets that were dropped before anybody was asked: forged source, no connection, begun outside',
      labelNames: ['why'],
    },
    ({ droppedPackets }) => Object.entries(droppedPackets).map(([why, packets]): Sample => [{ why }, packets]),
  );
  counter(
    { name: 'exeat_gateway_bytes_total', help: 'Bytes that the kernel let pass', labelNames: ['direction'] },
    ({ bytesUp, bytesDown }) => [
      [{ direction: 'up' }, bytesUp],
      [{ direction: 'down' }, bytesDown],
    ],
  );
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Named {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}
