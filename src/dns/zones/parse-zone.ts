import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { type DnsRecord, dnsTypes, isBelow } from '../../wire/index.ts';
import { readSoa } from './soa.ts';
import { readZoneRecords } from './zone-reader.ts';

/** A zone as its file says: `origin` is the owner of the SOA, lower-case without a last dot. */
export interface ParsedZone {
  readonly origin: string;
  readonly serial: number;
  /** How long a "no" may be kept, in seconds (RFC 2308 section 4). */
  readonly minimumSeconds: number;
  readonly soa: DnsRecord;
  /** Every record, the SOA too, in the order of the file. */
  readonly records: readonly DnsRecord[];
}

const maxZoneCharacters = 256 * 1024 * 1024;

/**
 * Reads a zone from the text of its file. `origin` is what relative names stand below; the zone is the one that the SOA names. Faults:
 * `zone_malformed` (with file and line; also without a SOA, with two, or with records outside), `zone_too_large`.
 */
export function parseZone(
  text: string,
  { origin, path }: { readonly origin: string; readonly path: string },
): Result<ParsedZone, Fault> {
  if (text.length > maxZoneCharacters) {
    return failed(fault('zone_too_large', `${path}: a zone file has at most ${maxZoneCharacters} characters`));
  }
  const records: DnsRecord[] = [];
  const read = readZoneRecords(linesOf(text), { origin, path, onRecord: (record) => records.push(record) });
  return read.ok ? zoneOf(records, path) : read;
}

/** The lines of a text without their ends, one at a time. */
export function* linesOf(text: string): Generator<string, void> {
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf('\n', start);
    yield text.slice(start, end < 0 ? text.length : end);
    if (end < 0) return;
    start = end + 1;
  }
}

function zoneOf(records: readonly DnsRecord[], path: string): Result<ParsedZone, Fault> {
  const [soa, second] = records.filter((record) => record.type === dnsTypes.soa);
  const numbers = soa === undefined ? null : readSoa(soa.data);
  if (soa === undefined || numbers === null) return refuse(`${path}: the zone has no SOA record`);
  if (second !== undefined) return refuse(`${path}: the zone has more than one SOA record`);
  const outside = records.find((record) => !isBelow(record.name, soa.name));
  if (outside !== undefined) return refuse(`${path}: \`${outside.name}\` lies outside the zone \`${soa.name}\``);
  const { serial, minimumSeconds } = numbers;
  return ok({ origin: soa.name, serial, minimumSeconds, soa, records });
}

function refuse(message: string): Result<never, Fault> {
  return failed(fault('zone_malformed', message));
}
