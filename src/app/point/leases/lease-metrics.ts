import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../../base/index.ts';
import type { LeaseSourceStatus } from '../../status.ts';

/** Registers the metrics of leases, by source: as many as the configuration names. */
export function registerLeaseMetrics(
  registry: Registry,
  { status, clock }: { readonly status: () => readonly LeaseSourceStatus[]; readonly clock: Clock },
): void {
  const gauge = (name: string, help: string, read: (one: LeaseSourceStatus) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ['source'], registers: [registry] },
      collect() {
        this.reset();
        for (const one of status()) this.set({ source: one.name }, read(one));
      },
    });
  };
  gauge('exeat_gateway_leases_held', 'Addresses that are leased now', ({ live }) => live);
  gauge('exeat_gateway_leases_addresses', 'Addresses that a source speaks of', ({ addresses }) => addresses);
  gauge('exeat_gateway_leases_conflicts', 'Addresses that are leased to two at once', ({ conflicts }) => conflicts);
  gauge('exeat_gateway_leases_refused', 'Leases of the last good document that do not count', ({ refused }) => refused);
  gauge(
    'exeat_gateway_leases_unclaimed',
    'Services that take none of the leases that name them',
    (one) => one.unclaimed.length,
  );
  gauge('exeat_gateway_leases_ok', 'Whether the source was read well last', ({ problem }) =>
    problem === null ? 1 : 0,
  );
  gauge(
    'exeat_gateway_leases_age_seconds',
    'How old the last good word of a source is; -1 for none yet',
    ({ goodAt }) => (goodAt === null ? -1 : (clock.now() - Date.parse(goodAt)) / 1_000),
  );
}
