import { Counter, Gauge, type Registry } from 'prom-client';
import type { ProxyObserver } from '../../enforcement/index.ts';

/** What a listener tells, as metrics. */
export interface ListenerMetrics
  extends Pick<ProxyObserver, 'opened' | 'closed' | 'challenged' | 'proofFailed' | 'refused' | 'recordLost'> {
  unreachable(failure: string): void;
  failed(): void;
  /** Connections open now. */
  openConnections(): number;
}

/** Registers the metrics of listeners. */
export function createListenerMetrics(registry: Registry): ListenerMetrics {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
  const accepted = counter('exeat_connections_total', 'Connections accepted', []);
  const challenges = counter('exeat_challenges_total', 'Challenges (407) sent', []);
  const proofs = counter('exeat_proof_failures_total', 'Proofs that failed, by why', ['why']);
  const refusals = counter('exeat_refusals_total', 'Requests and tunnels refused, by reason', ['reason']);
  const unreached = counter('exeat_unreachable_total', 'Allowed flows that were not reached', ['failure']);
  const lost = counter('exeat_records_lost_total', 'Records that were not kept', []);
  const failures = counter('exeat_decision_failures_total', 'Flows denied because deciding failed', []);
  let open = 0;
  new Gauge({
    name: 'exeat_connections_open',
    help: 'Connections open now',
    registers: [registry],
    collect() {
      this.set(open);
    },
  });
  return {
    opened: () => {
      open += 1;
      accepted.inc();
    },
    // Bytes are counted from close records.
    closed: () => {
      open -= 1;
    },
    challenged: () => challenges.inc(),
    proofFailed: (why) => proofs.inc({ why }),
    refused: (reason) => refusals.inc({ reason }),
    recordLost: () => lost.inc(),
    unreachable: (failure) => unreached.inc({ failure }),
    failed: () => failures.inc(),
    openConnections: () => open,
  };
}
