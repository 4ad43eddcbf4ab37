import { type JsonRecord, textAt } from './json-record.ts';
import { parseEpochTime, parseIsoTime, utcZone } from './parse-time.ts';

/** The instant under a key of an OCSF record, epoch milliseconds or (by some producers) seconds, or ISO under `<key>_dt`. NaN for none. */
export function ocsfTime(record: JsonRecord, key: string): number {
  const timeMs = parseEpochTime(textAt(record, key));
  return Number.isNaN(timeMs) ? parseIsoTime(textAt(record, `${key}_dt`) || textAt(record, key), utcZone) : timeMs;
}

/** Whether the product itself refused what the record tells. */
export function isOcsfDenied(record: JsonRecord): boolean {
  if (textAt(record, 'action_id') === '2' || deniedDispositions.has(textAt(record, 'disposition_id'))) return true;
  const hasId = /^[1-9]$|^[1-9]\d$/.test(textAt(record, 'action_id')) && textAt(record, 'action_id') !== '99';
  return !hasId && /^(?:den|block|reject|drop)/i.test(textAt(record, 'action'));
}

/** `disposition_id` of OCSF 1.x: blocked, dropped, reset, rejected. */
const deniedDispositions: ReadonlySet<string> = new Set(['2', '6', '21', '25']);

/** `connection_info.direction_id`, or its caption where there is no id: from outside, to the outside, inside; null unknown. */
export function ocsfDirection(record: JsonRecord): 'in' | 'out' | 'lateral' | null {
  const id = textAt(record, 'connection_info', 'direction_id');
  const caption = textAt(record, 'connection_info', 'direction').toLowerCase();
  return directions.get(id) ?? directions.get(caption) ?? null;
}

const directions: ReadonlyMap<string, 'in' | 'out' | 'lateral'> = new Map([
  ['1', 'in'],
  ['2', 'out'],
  ['3', 'lateral'],
  ['inbound', 'in'],
  ['outbound', 'out'],
  ['lateral', 'lateral'],
]);
