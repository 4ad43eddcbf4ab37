import { classifyAddress, parseIpAddress } from '../../destination/index.ts';
import type { DnsObservation, LineOutcome, ObservationSink } from '../observation.ts';
import { readCount } from './host-port.ts';
import { type JsonRecord, listOf, recordOf, textAt } from './json-record.ts';
import { isOcsfDenied, ocsfDirection } from './ocsf-record.ts';

/** Takes a DNS activity: a question, an answer, or both in one record. */
export function takeOcsfDns(record: JsonRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const name = textAt(record, 'query', 'hostname');
  if (name === '') return 'bad_fields';
  const client = textAt(record, 'src_endpoint', 'ip');
  // To a resolver the questions of its own clients come in too: only those from outside are not ours.
  if (ocsfDirection(record) === 'in' && isPublic(client)) return 'inbound';
  const code = codeOf(record);
  return sink.answer({
    timeMs,
    client: client || null,
    name,
    type: textAt(record, 'query', 'type').toUpperCase(),
    code,
    ...answersOf(record, code),
    isDenied: isOcsfDenied(record),
    resolver: textAt(record, 'dst_endpoint', 'ip') || textAt(record, 'dst_endpoint', 'hostname') || null,
  });
}

function codeOf(record: JsonRecord): string | null {
  return codes.get(textAt(record, 'rcode_id')) ?? (textAt(record, 'rcode').toUpperCase() || null);
}

/** `rcode_id` by the names of the protocol; the captions of OCSF differ (`ServError`). */
const codes: ReadonlyMap<string, string> = new Map([
  ['0', 'NOERROR'],
  ['1', 'FORMERR'],
  ['2', 'SERVFAIL'],
  ['3', 'NXDOMAIN'],
  ['4', 'NOTIMP'],
  ['5', 'REFUSED'],
]);

const questionActivity = '1';

function answersOf(record: JsonRecord, code: string | null): Pick<DnsObservation, 'addresses' | 'aliases'> {
  if (!Array.isArray(record['answers'])) {
    const isUnanswered = textAt(record, 'activity_id') !== questionActivity && code !== null && code !== 'NOERROR';
    return { addresses: isUnanswered ? [] : null, aliases: [] };
  }
  const answers = listOf(record['answers'])
    .map(recordOf)
    .map((answer) => ({
      type: textAt(answer, 'type').toUpperCase(),
      data: textAt(answer, 'rdata'),
      ttlSeconds: readCount(textAt(answer, 'ttl')),
    }));
  return {
    addresses: answers
      .filter(({ type, data }) => type === 'A' || type === 'AAAA' || (type === '' && parseIpAddress(data).ok))
      .filter(({ data }) => data !== '')
      .map(({ data, ttlSeconds }) => ({ address: data, ttlSeconds: ttlSeconds < 0 ? null : ttlSeconds })),
    aliases: answers.filter(({ type, data }) => type === 'CNAME' && data !== '').map(({ data }) => data),
  };
}

function isPublic(address: string): boolean {
  const parsed = parseIpAddress(address);
  return parsed.ok && classifyAddress(parsed.value).kind === 'public';
}
