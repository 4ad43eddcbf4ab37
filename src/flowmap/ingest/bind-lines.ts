import { type AnswerRecord, readQuestionType } from './dns-answers.ts';
import { readCount } from './host-port.ts';
import type { LocalZone } from './log-format.ts';
import { monthNumber, parseIsoTime, wallClock } from './parse-time.ts';

/** A line of named without its head: when it was written (NaN where it does not say), who asked, and what happened. */
export interface BindLine {
  readonly timeMs: number;
  /** Address of who asked; empty for lines that are about no client. */
  readonly client: string;
  /** What follows the client: `query: example.com IN A + (192.0.2.53)`. */
  readonly event: string;
}

/** What an event says of a question. */
export interface BindEvent {
  readonly kind: 'query' | 'response' | 'denied' | 'policy';
  readonly name: string;
  readonly type: string;
  readonly recordClass: string;
  readonly code: string | null;
  /** Null where the line carries no answers. */
  readonly records: readonly AnswerRecord[] | null;
  readonly resolver: string | null;
  /** What a response policy zone did: `NXDOMAIN`, `PASSTHRU`; with `disabled ` before it where it was only noted. */
  readonly policy: string;
}

/** `named[812]: `, a time, and any of category and severity, in the order in which named writes them. */
const head =
  /^(?:named\S*: )?(?:infoblox-\w+: )?(?:(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\S+) )?((?:[a-z-]+: ){0,3}(?:info )?)(.*)$/s;
/** `client @0x7f… 192.0.2.7#53210/key name (example.com): view inside: `, and the transport that Infoblox adds. */
const client =
  /^client (?:@0x[0-9a-f]+ )?([^\s#]+)#\d{1,5}(?:\/key [^\s:]+)?:?(?: \((?:[^)\\]|\\.)*\))?:? (?:view [^:]+: )?(?:(?:UDP|TCP|TLS|DOT|DOH|HTTPS?): )?(.*)$/is;

/** Reads the head of a line; null where it is no line of named: neither its tag, nor a category, nor a client. */
export function readBindLine(text: string, zone: LocalZone): BindLine | null {
  const [, time = '', category = '', rest = ''] = head.exec(text) ?? [];
  const found = client.exec(rest);
  if (found === null && category === '' && !text.startsWith('named')) return null;
  return { timeMs: parseBindTime(time, zone), client: found?.[1] ?? '', event: found?.[2] ?? '' };
}

function parseBindTime(text: string, zone: LocalZone): number {
  const found = /^(\d\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (found === null) return parseIsoTime(text, zone);
  const [, day, month = '', year, hour, minute, second, fraction] = found;
  return zone.toEpochMs(wallClock([year, monthNumber(month), day, hour, minute, second], fraction));
}

/** What each kind of event looks like; the first that fits is taken. */
const shapes: readonly (readonly [RegExp, (found: RegExpExecArray) => BindEvent])[] = [
  // Infoblox: `query: q IN A response: NOERROR + q. 60 IN A 203.0.113.9; …`.
  [/^query: (\S+) (\S+) (\S+) response: ([A-Z0-9]+)(?: (?:[-+][A-Za-z]*)?)?(.*)$/s, responseOf],
  [
    /^query: (\S+) (\S+) (\S+) [-+]\S*(?: \(([^)\s]+)\))?/,
    ([, name = '', recordClass = '', type = '', resolver = null]) => ({
      ...nothing,
      kind: 'query',
      name,
      recordClass,
      type: readQuestionType(type),
      resolver,
    }),
  ],
  // `answer: q IN A +EDC (192.0.2.53) -> NOERROR …`, records after a byte of 1.
  [/^answer: (\S+) (\S+) (\S+) [^>]*-> ([A-Z0-9]+)(.*)$/s, responseOf],
  // Category `responses` of 9.21: a code and counts, no records.
  [/^response: (\S+) (\S+) (\S+) ([A-Z0-9]+)/, (found) => ({ ...responseOf(found), records: null })],
  [/^(disabled )?rpz \S+ (\S+) rewrite (\S+?)(?:\/([A-Z0-9]+)\/([A-Z0-9]+)| \[([A-Z0-9]+)\])? via /, policyOf],
  [
    /^query(?: \(cache\))? '(\S+)\/([A-Z0-9]+)\/([A-Z0-9]+)' denied/,
    ([, name = '', type = '', recordClass = '']) => ({
      ...nothing,
      kind: 'denied',
      name,
      recordClass,
      type: readQuestionType(type),
      code: 'REFUSED',
    }),
  ],
];

const nothing: BindEvent = {
  kind: 'query',
  name: '',
  type: '',
  recordClass: 'IN',
  code: null,
  records: null,
  resolver: null,
  policy: '',
};

/** Reads what happened; null for events that are no question (updates, transfers, failures told elsewhere). */
export function readBindEvent(event: string): BindEvent | null {
  for (const [shape, read] of shapes) {
    const found = shape.exec(event);
    if (found !== null) return read(found);
  }
  return null;
}

function responseOf([, name = '', recordClass = '', type = '', code = '', records = '']: RegExpExecArray): BindEvent {
  const asked = readQuestionType(type);
  return { ...nothing, kind: 'response', name, recordClass, type: asked, code, records: readRecords(records, asked) };
}

function policyOf([
  ,
  disabled = '',
  policy = '',
  name = '',
  type,
  recordClass = 'IN',
  bracketed,
]: RegExpExecArray): BindEvent {
  // Versions before 9.12 leave the type out: what is refused is refused for all types.
  const asked = readQuestionType(type ?? bracketed ?? 'ANY');
  return { ...nothing, kind: 'policy', name, recordClass, type: asked, policy: `${disabled}${policy}` };
}

/** `name ttl [IN] TYPE data`, separated by `;` or begun by a byte of 1 that some forwarders write out. */
export function readRecords(text: string, questionType: string): readonly AnswerRecord[] {
  // A TXT record holds any text, also one that looks like an address record after a semicolon: only these questions name addresses.
  if (!['A', 'AAAA', 'CNAME'].includes(questionType)) return [];
  const records: AnswerRecord[] = [];
  for (const part of text.replaceAll('\u0001', ';').split(/;|(?:^|\s)\\?x01/)) {
    const found = /^\s*\S+\s+(\d+)\s+(?:IN\s+)?([A-Z0-9]+)\s+(\S+)/.exec(part);
    if (found === null) continue;
    const ttlSeconds = readCount(found[1] ?? '');
    records.push({ ttlSeconds: ttlSeconds < 0 ? null : ttlSeconds, type: found[2] ?? '', data: found[3] ?? '' });
  }
  return records;
}
