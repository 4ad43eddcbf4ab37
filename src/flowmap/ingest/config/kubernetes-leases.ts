import type { ObservationSink } from '../../observation.ts';
import { parseIsoTime, utcZone } from '../parse-time.ts';
import { type ConfigNode, configItemsAt, configTextAt } from './config-node.ts';
import { workloadName } from './workload-name.ts';

/**
 * Tells the addresses of a pod as leases of its workload, from its start until its last container ended. A pod on the network of its node
 * has the node's address, which belongs to nobody in particular.
 */
export function leasePod(pod: ConfigNode, sink: ObservationSink): void {
  if (configTextAt(pod, 'spec', 'hostNetwork') === 'true') return;
  const addresses = new Set([configTextAt(pod, 'status', 'podIP')]);
  for (const entry of configItemsAt(pod, 'status', 'podIPs')) addresses.add(configTextAt(entry, 'ip'));
  const fromMs = timeAt(configTextAt(pod, 'status', 'startTime'));
  for (const address of addresses) {
    if (address === '') continue;
    sink.lease({
      address,
      holder: workloadName(pod),
      kind: 'workload',
      fromMs,
      untilMs: endOf(pod),
      origin: 'kubernetes',
    });
  }
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
