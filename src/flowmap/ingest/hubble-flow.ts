import { type JsonRecord, listOf, recordOf, textAt, valueAt } from './json-record.ts';
import { parseIsoTime, utcZone } from './parse-time.ts';

/** What every flow of Hubble has, whatever its layer. */
export interface HubbleFlow {
  readonly record: JsonRecord;
  readonly timeMs: number;
  readonly source: string;
  readonly destination: string;
  /** Whether it goes back to who opened; null where Hubble does not know. */
  readonly isReply: boolean | null;
  readonly isDenied: boolean;
}

/** The parts of a flow that need no judgement. NaN as time where there is none. */
export function hubbleFlowOf(record: JsonRecord): HubbleFlow {
  return {
    record,
    timeMs: parseIsoTime(textAt(record, 'time'), utcZone),
    source: textAt(record, 'IP', 'source'),
    destination: textAt(record, 'IP', 'destination'),
    isReply: replyOf(record),
    isDenied: textAt(record, 'verdict') === 'DROPPED',
  };
}

/** `namespace/workload` of an endpoint of the cluster, or its pod where the workload is not known; empty for the world outside. */
export function workloadOf(record: JsonRecord, side: 'source' | 'destination'): string {
  const endpoint = recordOf(record[side]);
  const namespace = textAt(endpoint, 'namespace');
  const workload = textAt(recordOf(listOf(valueAt(endpoint, 'workloads'))[0]), 'name') || textAt(endpoint, 'pod_name');
  return namespace === '' || workload === '' ? '' : `${namespace}/${workload}`;
}

/** `is_reply` may be null; the older `reply` is false also where nothing is known. */
function replyOf(record: JsonRecord): boolean | null {
  const told = record['is_reply'];
  if (typeof told === 'boolean') return told;
  return record['reply'] === true ? true : null;
}
