import type { LocalZone } from './log-format.ts';
import { monthNumber, parseEpochTime, parseIsoTime, utcZone, wallClock } from './parse-time.ts';

/**
 * Reads a time as gateways and their log servers write it: ISO and its kin, an epoch, `Mon Aug 28 15:43:59 2023`, or
 * `Feb 27 2021 20:16:21.000 GMT`. Each has its own look, so none is taken for another. NaN for anything else.
 */
export function parseWrittenTime(text: string, zone: LocalZone): number {
  if (/^\d{9,19}(?:\.\d+)?$/.test(text)) return parseEpochTime(text);
  const iso = parseIsoTime(text, zone);
  if (!Number.isNaN(iso)) return iso;
  const found = yearLast.exec(text) ?? yearFirst.exec(text);
  if (found?.groups === undefined) return Number.NaN;
  const { year, month = '', day, hour, minute, second, fraction, offset } = found.groups;
  const wallMs = wallClock([year, monthNumber(month), day, hour, minute, second], fraction);
  return zoneNamed(offset ?? '', zone).toEpochMs(wallMs);
}

/** The zone that a record names beside its times (`GMT`, `UTC`, `+0200`); `zone` where it names none, or one that is no offset. */
export function zoneNamed(name: string, zone: LocalZone): LocalZone {
  if (/^(?:Z|UTC|GMT)$/i.test(name)) return utcZone;
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(name);
  if (offset === null) return zone;
  const offsetMs = (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -60_000 : 60_000);
  return { toEpochMs: (wallMs) => wallMs - offsetMs };
}

const yearLast =
  /^(?:[A-Z][a-z]{2},? )?(?<month>[A-Z][a-z]{2}) {1,2}(?<day>\d{1,2}) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))? (?<year>\d{4})(?: (?<offset>[A-Z]{1,4}|[+-]\d{4}))?$/;
const yearFirst =
  /^(?<month>[A-Z][a-z]{2}) {1,2}(?<day>\d{1,2}) (?<year>\d{4}) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?(?: (?<offset>[A-Z]{1,4}|[+-]\d{4}))?$/;
