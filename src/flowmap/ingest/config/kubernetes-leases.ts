import type { ObservationSink } from '../../observation.ts';
import { parseIsoTime, utcZone } from '../parse-time.ts';
import { type ConfigNode, configItemsAt, configTextAt } from './config-node.ts';
import { workloadName } from './workload-name.ts';

/**
 * Tells the addresses of a pod as leases of its workload, from its start until its last container ended, and again from each start of a
 * container that the pod still remembers: the last two. A pod on the network of its node has the node's address, which belongs to nobody
 * in particular.
 */
export function leasePod(pod: ConfigNode, sink: ObservationSink): void {
  if (configTextAt(pod, 'spec', 'hostNetwork') === 'true') return;
  const addresses = new Set([configTextAt(pod, 'status', 'podIP')]);
  for (const entry of configItemsAt(pod, 'status', 'podIPs')) addresses.add(configTextAt(entry, 'ip'));
  const starts = new Set([timeAt(configTextAt(pod, 'status', 'startTime')), ...restartsOf(pod)]);
  const lease = { holder: workloadName(pod), kind: 'workload', untilMs: endOf(pod), origin: 'kubernetes' } as const;
  for (const address of addresses) {
    if (address !== '') for (const fromMs of starts) sink.lease({ ...lease, address, fromMs });
  }
}

/** What a container is, or last was: both began again where it was restarted, the earlier one only where that was no first start. */
function restartsOf(pod: ConfigNode): readonly number[] {
  const times = configItemsAt(pod, 'status', 'containerStatuses').flatMap((status) => {
    const count = Number(configTextAt(status, 'restartCount'));
    const startedAt = (...path: readonly string[]): number | null => timeAt(configTextAt(status, ...path, 'startedAt'));
    const now = startedAt('state', 'running') ?? startedAt('state', 'terminated');
    return [count > 0 ? now : null, count > 1 ? startedAt('lastState', 'terminated') : null];
  });
  return times.filter((time) => time !== null);
}

/** A finished pod keeps its record, and its address goes to another. */
function endOf(pod: ConfigNode): number | null {
  if (!/^(?:Succeeded|Failed)$/.test(configTextAt(pod, 'status', 'phase'))) return null;
  const ends = configItemsAt(pod, 'status', 'containerStatuses')
    .map((status) => timeAt(configTextAt(status, 'state', 'terminated', 'finishedAt')))
    .filter((time) => time !== null);
  return ends.length === 0 ? timeAt(configTextAt(pod, 'status', 'startTime')) : Math.max(...ends);
}

function timeAt(text: string): number | null {
  const time = parseIsoTime(text, utcZone);
  return Number.isNaN(time) ? null : time;
}
