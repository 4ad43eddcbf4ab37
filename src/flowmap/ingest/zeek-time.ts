import type { LineOutcome, ObservationSink } from '../observation.ts';
import type { LocalZone } from './log-format.ts';
import { parseEpochTime, parseIsoTime } from './parse-time.ts';
import type { ZeekRow } from './zeek-row.ts';

/** Reads the records of one of Zeek's logs. */
export type ZeekReader = (row: ZeekRow, zone: LocalZone, sink: ObservationSink) => LineOutcome;

/** When a record began: epoch seconds, or in JSON also milliseconds or ISO 8601 (`JSON::TS_MILLIS`, `TS_ISO8601`). NaN for none. */
export function zeekTime(row: ZeekRow, zone: LocalZone): number {
  const ts = row.get('ts');
  // Finer than a nanosecond is no more than how the number was printed.
  const epoch = parseEpochTime(ts.replace(/(\.\d{9})\d+$/, '$1'));
  return Number.isNaN(epoch) ? parseIsoTime(ts, zone) : epoch;
}
