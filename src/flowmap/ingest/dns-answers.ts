import type { DnsObservation, LineOutcome, ObservationSink } from '../observation.ts';
import type { LogLine } from './log-line.ts';

/** One resource record of an answer: `{ type: 'A', ttlSeconds: 60, data: '203.0.113.9' }`. */
export interface AnswerRecord {
  readonly type: string;
  /** Null where the log has no TTL. */
  readonly ttlSeconds: number | null;
  /** The address, or the name that a CNAME points to, as on the record. */
  readonly data: string;
}

/** What a line says of a question; what it leaves out is "not said". */
export interface ToldQuestion extends Partial<DnsObservation> {
  readonly timeMs: number;
  readonly client: string | null;
  readonly name: string;
  readonly type: string;
}

/** Gives a question to the sink, or says what keeps it from being one: no time, no name, no type. */
export function answerQuestion(question: ToldQuestion, sink: ObservationSink): LineOutcome {
  if (Number.isNaN(question.timeMs)) return 'bad_time';
  if (question.name === '' || question.type === '') return 'bad_fields';
  return sink.answer({ code: null, addresses: null, aliases: [], isDenied: false, resolver: null, ...question });
}

/** The addresses of an answer, and the names between the question and them. Records of other types say nothing of who is where. */
export function foldAnswer(records: readonly AnswerRecord[]): Pick<DnsObservation, 'addresses' | 'aliases'> {
  return {
    addresses: records
      .filter(({ type, data }) => (type === 'A' || type === 'AAAA') && data !== '')
      .map(({ data, ttlSeconds }) => ({ address: data, ttlSeconds })),
    aliases: records.filter(({ type, data }) => type === 'CNAME' && data !== '').map(({ data }) => data),
  };
}

/** The type of a question in upper case; types that a server writes by number get their name where clients ask them: `TYPE65`, `type=65`. */
export function readQuestionType(text: string): string {
  const number = /^type=?(\d{1,5})$/i.exec(text)?.[1];
  return number === undefined ? text.toUpperCase() : (namesOfTypes[number] ?? `TYPE${number}`);
}

const namesOfTypes: Readonly<Record<string, string>> = { 1: 'A', 5: 'CNAME', 28: 'AAAA', 64: 'SVCB', 65: 'HTTPS' };

/** The domains that clusters and clouds put into `search` of resolv.conf. */
const searchDomains =
  /(?:^|\.)(?:cluster\.local|ec2\.internal|compute\.internal|google\.internal|c\.[^.]+\.internal)\.?$/i;

/**
 * Whether a question is noise of the search list. With `ndots:5`, which Kubernetes sets, a pod that looks for `api.example.com` asks for
 * `api.example.com.payments.svc.cluster.local` first, gets NXDOMAIN, and goes on to the next name of the list. The name that it means is
 * told by its own record, so these are `repeated`: otherwise every outside name would stand in the map four times.
 */
export function isSearchListMiss(name: string, code: string | null): boolean {
  return code === 'NXDOMAIN' && searchDomains.test(name);
}

/** The share of a sample's lines that are of a kind; 0 for an empty sample. */
export function shareOfLines(sample: readonly LogLine[], isOfKind: (text: string) => boolean): number {
  if (sample.length === 0) return 0;
  return sample.filter((line) => isOfKind(line.text())).length / sample.length;
}
