import { Counter, type Registry } from 'prom-client';
import type { ProxyObserver } from '../../enforcement/index.ts';
import { createTally } from './tally.ts';

/** What a listener tells, as metrics. */
export interface ListenerMetrics
  extends Pick<ProxyObserver, 'opened' | 'challenged' | 'proofFailed' | 'refused' | 'recordLost'> {
  unreachable(failure: string): void;
  failed(): void;
}

/** Registers the metrics of listeners. */
export function createListenerMetrics(registry: Registry): ListenerMetrics {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
  const accepted = counter('exeat_connections_total', 'Connections accepted', []);
  const challenges = counter('exeat_challenges_total', 'Challenges (407) sent', []);
  const proofs = counter('exeat_proof_failures_total', 'Proofs that failed, by why', ['why']);
  const refusals = createTally(registry, {
    name: 'exeat_refusals_total',
    help: 'Requests and tunnels refused, by reason',
    labelNames: ['reason'],
  });
  const unreached = counter('exeat_unreachable_total', 'Allowed flows that were not reached', ['failure']);
  const lost = counter('exeat_records_lost_total', 'Records that were not kept', []);
  const failures = counter('exeat_decision_failures_total', 'Flows denied because deciding failed', []);
  return {
    opened: () => accepted.inc(),
    challenged: () => challenges.inc(),
    proofFailed: (why) => proofs.inc({ why }),
    refused: (reason) => refusals([reason]),
    recordLost: () => lost.inc(),
    unreachable: (failure) => unreached.inc({ failure }),
    failed: () => failures.inc(),
  };
}
