import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { PolicyOutcome } from './policy-outcome.ts';
import type { Usage } from './usage.ts';

/** Control's own metrics; the point's are added to them at `/metrics`. */
export interface ControlMetrics {
  count(outcome: PolicyOutcome): void;
  text(): Promise<string>;
}

/** Makes control's registry. */
export function createControlMetrics(usage: () => Usage): ControlMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'exeat_control_' });
  const registers = [registry];
  const looks = new Counter({
    name: 'exeat_control_policy_loads_total',
    help: 'Policies compiled or refused',
    labelNames: ['outcome'] as const,
    registers,
  });
  const faults = new Gauge({ name: 'exeat_control_policy_faults', help: 'Faults of the policy folder now', registers });
  const seconds = new Gauge({
    name: 'exeat_control_policy_load_seconds',
    help: 'How long the last load took',
    registers,
  });
  new Gauge({
    name: 'exeat_control_usage_edges',
    help: 'Edges (service, host, port) of the last 30 days',
    registers,
    collect() {
      this.set(usage().edges.size);
    },
  });
  return {
    count: (outcome) => {
      looks.inc({ outcome: outcome.kind });
      faults.set(outcome.kind === 'refused' ? outcome.faultCount : 0);
      if (outcome.kind === 'written') seconds.set(outcome.tookMs / 1_000);
    },
    text: () => registry.metrics(),
  };
}
