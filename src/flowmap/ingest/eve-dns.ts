import type { DnsObservation, LineOutcome, ObservationSink } from '../observation.ts';
import type { EveHead } from './eve-head.ts';
import { isEveDenied } from './eve-sighting.ts';
import { readCount } from './host-port.ts';
import { type JsonRecord, listOf, recordOf, textAt } from './json-record.ts';

/** Questions of the oldest kind of DNS events that wait for the rest of their answers; the oldest make room. */
const maxPending = 4096;

/** Keeps what the first kind of DNS events spreads over several lines: one per answer, named by the record and not by the question. */
export interface PendingQuestions {
  readonly byId: Map<string, { readonly name: string; readonly aliases: readonly string[] }>;
}

/** No questions. */
export function createPendingQuestions(): PendingQuestions {
  return { byId: new Map() };
}

/**
 * Takes a `dns` event of any version: 1 (Suricata 4, a line per answer), 2 (5 to 7), 3 (8, with `queries`). Questions and answers are
 * events of their own; a question alone cannot tell answers.
 */
export function takeEveDns(
  event: JsonRecord,
  head: EveHead,
  pending: PendingQuestions,
  sink: ObservationSink,
): LineOutcome {
  const dns = recordOf(event['dns']);
  if (dns === null) return 'bad_fields';
  const question = questionOf(dns);
  const isQuestion = questionTypes.has(textAt(dns, 'type'));
  const sides = sidesOfQuestion(head);
  const base = { timeMs: head.timeMs, ...sides, isDenied: isEveDenied(event), code: textAt(dns, 'rcode') || null };
  if (isQuestion) {
    if (question.name === '') return 'no_destination';
    remember(pending, keyOf(head, sides.client, dns), { name: question.name, aliases: [] });
    return sink.answer({ ...base, ...question, addresses: null, aliases: [] });
  }
  if (isOneOfMany(dns)) return takeOneOfMany(dns, keyOf(head, sides.client, dns), { pending, base, sink });
  if (question.name === '') return 'no_destination';
  return sink.answer({ ...base, ...question, ...answersOf(dns) });
}

/** The question that an alert is about, where it is about one: `dns.query` is a list in version 2 and `dns.queries` in version 3. */
export function questionOfAlert(event: JsonRecord): { readonly name: string; readonly type: string } | null {
  const dns = recordOf(event['dns']);
  if (dns === null) return null;
  const question = questionOf(recordOf(listOf(dns['query'])[0]) ?? dns);
  return question.name === '' ? null : question;
}

/** Takes an alert about a question: what was stopped is the name, not the resolver. */
export function takeEveDnsAlert(
  event: JsonRecord,
  head: EveHead,
  question: { readonly name: string; readonly type: string },
  sink: ObservationSink,
): LineOutcome {
  const sides = sidesOfQuestion(head);
  const { timeMs } = head;
  return sink.answer({
    timeMs,
    ...sides,
    ...question,
    code: null,
    addresses: null,
    aliases: [],
    isDenied: isEveDenied(event),
  });
}

const questionTypes: ReadonlySet<string> = new Set(['query', 'request']);

type Base = Pick<DnsObservation, 'timeMs' | 'client' | 'resolver' | 'isDenied' | 'code'>;

function questionOf(dns: JsonRecord): { readonly name: string; readonly type: string } {
  const first = recordOf(listOf(dns['queries'])[0]) ?? dns;
  return { name: textAt(first, 'rrname'), type: textAt(first, 'rrtype').toUpperCase() };
}

// Old versions write answers from the server's side.
function sidesOfQuestion(head: EveHead): { readonly client: string; readonly resolver: string } {
  const isAnswer = head.sourcePort === 53 && head.destinationPort !== 53;
  return isAnswer
    ? { client: head.destination, resolver: head.source }
    : { client: head.source, resolver: head.destination };
}

function answersOf(dns: JsonRecord): Pick<DnsObservation, 'addresses' | 'aliases'> {
  const answers = listOf(dns['answers']).map(recordOf);
  if (answers.length === 0) return groupedOf(recordOf(dns['grouped']));
  return {
    addresses: answers
      .filter((answer) => addressTypes.has(textAt(answer, 'rrtype')) && textAt(answer, 'rdata') !== '')
      .map((answer) => ({ address: textAt(answer, 'rdata'), ttlSeconds: ttlOf(answer) })),
    aliases: answers
      .filter((answer) => textAt(answer, 'rrtype') === 'CNAME' && textAt(answer, 'rdata') !== '')
      .map((answer) => textAt(answer, 'rdata')),
  };
}

const addressTypes: ReadonlySet<string> = new Set(['A', 'AAAA']);

// `{"A":["203.0.113.9"],"CNAME":["cdn.example.net"]}`: without times to live.
function groupedOf(grouped: JsonRecord | null): Pick<DnsObservation, 'addresses' | 'aliases'> {
  const textsOf = (type: string): readonly string[] =>
    listOf(grouped?.[type]).filter((text): text is string => typeof text === 'string');
  return {
    addresses: [...textsOf('A'), ...textsOf('AAAA')].map((address) => ({ address, ttlSeconds: null })),
    aliases: textsOf('CNAME'),
  };
}

function ttlOf(answer: JsonRecord | null): number | null {
  const ttlSeconds = readCount(textAt(answer, 'ttl'));
  return ttlSeconds < 0 ? null : ttlSeconds;
}

/** Whether an answer is one line of several, as version 1 writes them. */
function isOneOfMany(dns: JsonRecord): boolean {
  return 'rdata' in dns && !('answers' in dns) && !('grouped' in dns);
}

interface OneOfMany {
  readonly pending: PendingQuestions;
  readonly base: Base;
  readonly sink: ObservationSink;
}

function takeOneOfMany(dns: JsonRecord, key: string, { pending, base, sink }: OneOfMany): LineOutcome {
  const { name, aliases } = pending.byId.get(key) ?? { name: textAt(dns, 'rrname'), aliases: [] };
  const [type, data] = [textAt(dns, 'rrtype').toUpperCase(), textAt(dns, 'rdata')];
  if (name === '' || data === '') return 'bad_fields';
  if (type === 'CNAME') {
    remember(pending, key, { name, aliases: [...aliases.slice(0, 15), data] });
    return 'repeated';
  }
  const addresses = addressTypes.has(type) ? [{ address: data, ttlSeconds: ttlOf(dns) }] : [];
  return sink.answer({ ...base, name, type, addresses, aliases });
}

function keyOf(head: EveHead, client: string, dns: JsonRecord): string {
  const port = client === head.source ? head.sourcePort : head.destinationPort;
  return `${client} ${port} ${textAt(dns, 'id')}`;
}

function remember(
  { byId }: PendingQuestions,
  key: string,
  question: { readonly name: string; readonly aliases: readonly string[] },
): void {
  byId.delete(key);
  byId.set(key, question);
  if (byId.size <= maxPending) return;
  const oldest = byId.keys().next().value;
  if (oldest !== undefined) byId.delete(oldest);
}
