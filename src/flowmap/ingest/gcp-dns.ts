import type { DnsObservation, LineOutcome, ObservationSink } from '../observation.ts';
import type { GcpEntry } from './gcp-entry.ts';
import { type JsonRecord, listOf, recordOf, textAt } from './json-record.ts';
import { parseIsoTime } from './parse-time.ts';

/** One record of an answer. */
interface Answer {
  readonly type: string;
  readonly ttlSeconds: number | null;
  readonly data: string;
}

/** What Cloud DNS puts at the end of an answer that it cut. */
const cut = '...';

/** Reads a query of Cloud DNS with its answer. */
export function readCloudDnsQuery(payload: JsonRecord, entry: GcpEntry, sink: ObservationSink): LineOutcome {
  const timeMs = parseIsoTime(entry.timestamp, entry.zone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  const name = textAt(payload, 'queryName');
  if (name === '') return 'bad_fields';
  // What the world asks our own public zones.
  if (textAt(entry.labels, 'target_type') === 'public-zone') return 'inbound';
  return sink.answer({
    timeMs,
    client: textAt(payload, 'sourceIP') || null,
    name,
    type: textAt(payload, 'queryType').toUpperCase(),
    code: textAt(payload, 'responseCode') || null,
    ...answersOf(payload),
    isDenied: false,
    resolver: textAt(payload, 'destinationIP') || null,
    // `694119234537.machine`: the project's number goes before the name that flow logs use.
    service: textAt(payload, 'vmInstanceName').replace(/^\d+\./, '') || null,
  });
}

function answersOf(payload: JsonRecord): Pick<DnsObservation, 'addresses' | 'aliases'> {
  const text = textAt(payload, 'rdata');
  const structured = listOf(payload['structuredRdata']);
  const records = structured.length > 0 ? structured.map(fromStructured) : text.split('\n').map(fromLine);
  const known = records.filter((record) => record !== null);
  const addresses = known
    .filter(({ type }) => type === 'A' || type === 'AAAA')
    .map(({ data, ttlSeconds }) => ({ address: data, ttlSeconds }));
  const aliases = known.filter(({ type }) => type === 'CNAME').map(({ data }) => data);
  // Cut before the first address: that there is none is not said.
  const isUntold = addresses.length === 0 && text.endsWith(cut);
  return { addresses: isUntold ? null : addresses, aliases };
}

function fromStructured(value: unknown): Answer | null {
  const record = recordOf(value);
  const [type, data] = [textAt(record, 'type').toUpperCase(), textAt(record, 'rvalue')];
  return data === '' ? null : { type, data, ttlSeconds: secondsOf(textAt(record, 'ttl')) };
}

/** `example.org.\t300\tIN\ta\t192.0.2.1`; null for the line that was cut, whose address is only the beginning of one. */
function fromLine(line: string): Answer | null {
  const [, ttl = '', , type = '', ...data] = line.trim().split(/\s+/);
  const text = data.join(' ');
  if (text === '' || text.endsWith(cut)) return null;
  return { type: type.toUpperCase(), data: text, ttlSeconds: secondsOf(ttl) };
}

function secondsOf(text: string): number | null {
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}
