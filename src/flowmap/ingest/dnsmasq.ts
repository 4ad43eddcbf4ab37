import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { answerQuestion, isSearchListMiss, readQuestionType, shareOfLines } from './dns-answers.ts';
import { type DnsmasqLine, readDnsmasqLine } from './dnsmasq-lines.ts';
import { createQuestionMemory, type OpenQuestion, type QuestionMemory } from './dnsmasq-questions.ts';
import type { LogFormat } from './log-format.ts';
import { parseEpochTime } from './parse-time.ts';

/**
 * Query and DHCP log of dnsmasq and Pi-hole, and dnsmasq's lease file. A question and each address of its answer are lines of their own,
 * and each is told as it comes: the question with unknown answers, then an observation per address, named by the queried name.
 */
export const dnsmasqFormat: LogFormat = {
  id: 'dnsmasq',
  title: 'dnsmasq and Pi-hole log, dnsmasq lease file',
  fields: {
    names: 'answers',
    destinationAddress: false,
    bytesUp: false,
    bytesDown: false,
    identity: false,
    denials: true,
    unit: 'question',
    time: 'start',
    blindSpots: [
      'Without log-queries=extra an answer from outside cannot be given to one client: it names addresses for all of them.',
      'The log has no TTL, so how long an address may be used for a name is not known.',
      'Times have no year and no zone: old logs and logs of other zones need the right present and time zone at ingest.',
      'Addresses that clients keep in caches of their own are used without a question.',
    ],
  },
  isOrdered: true,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isOwn(readDnsmasqLine(text))),
  learn: () => null,
  createParser: () => {
    const memory = createQuestionMemory();
    return ok({
      parse: (line, sink) => {
        const read = readDnsmasqLine(line.text());
        return read === null ? 'other_format' : parseLine(read, { timeMs: line.receivedMs, memory, sink });
      },
    });
  },
};

interface Context {
  readonly timeMs: number;
  readonly memory: QuestionMemory;
  readonly sink: ObservationSink;
}

type AnswerLine = Extract<DnsmasqLine, { kind: 'answer' }>;
type LeaseLine = Extract<DnsmasqLine, { kind: 'lease' }>;

function isOwn(line: DnsmasqLine | null): boolean {
  return line !== null && line.kind !== 'other' && line.kind !== 'header';
}

function parseLine(line: DnsmasqLine, context: Context): LineOutcome {
  if (line.kind !== 'answer') context.memory.interrupt();
  switch (line.kind) {
    case 'query':
      return parseQuery(line, context);
    case 'answer':
      return parseAnswer(line, context);
    case 'lease':
      return parseLease(line, context);
    case 'step':
      return 'repeated';
    case 'header':
      return 'header';
    case 'other':
      return 'not_network';
    default:
      return line satisfies never;
  }
}

function parseQuery(line: Extract<DnsmasqLine, { kind: 'query' }>, { timeMs, memory, sink }: Context): LineOutcome {
  const { question, name, client } = line;
  const type = readQuestionType(line.type);
  memory.ask(question, { name, type, client });
  return answerQuestion({ timeMs, client, name, type }, sink);
}

/** An answer as dnsmasq words it. */
interface ReadValue {
  readonly code: string;
  readonly addresses: readonly string[];
  /** The type of question that has such an answer; null where any may. */
  readonly type: string | null;
}

function parseAnswer(line: AnswerLine, { timeMs, memory, sink }: Context): LineOutcome {
  const { question: id, source, name } = line;
  const value = withoutRemark(line.value);
  // Answers to reverse questions turn the line round: the address comes first.
  if (isAddress(name)) return 'repeated';
  const question = memory.find(id, { name, isLocal: source !== 'reply', isAlias: value === '<CNAME>' });
  if (question === null || (name === 'error' && id === null)) return 'no_destination';
  const isDenied = isDenial(source, value);
  const read = isDenied ? replaced(value) : readValue(value);
  // Aliases are told with what is behind them; texts, other names and records that are not shown say nothing of addresses.
  if (read === null) return 'repeated';
  if (isSearchListMiss(question.name, read.code)) return 'repeated';
  return answerQuestion({ timeMs, ...answerOf(question, read), isDenied }, sink);
}

/** `203.0.113.9 (DNSSEC signed)`, `SERVFAIL (EDE: DNSSEC bogus)`. */
function withoutRemark(value: string): string {
  const at = value.endsWith(')') ? value.search(/ \((?:EDE: |DNSSEC signed\))/) : -1;
  return at < 0 ? value : value.slice(0, at);
}

function answerOf(question: OpenQuestion, read: ReadValue) {
  const { name, client, aliases } = question;
  return {
    name,
    client,
    aliases: [...aliases],
    // What does not exist does not exist for any type (RFC 8020).
    type: question.type ?? read.type ?? 'ANY',
    code: read.code,
    addresses: read.addresses.map((address) => ({ address, ttlSeconds: null })),
  };
}

const blocking = /^(?:gravity|exactly|exact|regex|special domain|Rate-limiting|blocked upstream)\b/;
/** Addresses that lead nowhere: lists of blocked names, and resolvers that filter, answer with them. */
const nullAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Pi-hole's lists say so; others answer with an address that is none, refuse, or keep a name from going out (`local=/…/`). */
function isDenial(source: string, value: string): boolean {
  if (blocking.test(source) || value.startsWith('blocked ') || nullAddresses.has(value) || value === 'REFUSED')
    return true;
  return source === 'config' && value === 'NXDOMAIN';
}

/** What a rule put in place of the answer is no address of this name: only the code of it is kept. */
function replaced(value: string): ReadValue {
  const read = readValue(value);
  return read === null ? { code: 'NOERROR', addresses: [], type: null } : { ...read, addresses: [] };
}

const nothingBehind: Readonly<Record<string, string | null>> = {
  NODATA: null,
  'NODATA-IPv4': 'A',
  'NODATA-IPv6': 'AAAA',
};
const codes: Readonly<Record<string, string>> = { 'not implemented': 'NOTIMP' };

function readValue(value: string): ReadValue | null {
  if (isAddress(value)) return { code: 'NOERROR', addresses: [value], type: value.includes(':') ? 'AAAA' : 'A' };
  if (Object.hasOwn(nothingBehind, value))
    return { code: 'NOERROR', addresses: [], type: nothingBehind[value] ?? null };
  const code = codes[value] ?? value;
  return /^(?:NXDOMAIN|SERVFAIL|REFUSED|FORMERR|NOTIMP)$/.test(code) ? { code, addresses: [], type: null } : null;
}

function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:.]*$/i.test(text);
}

/** Before this an expiry is a length of time: dnsmasq built for machines without a clock writes those. */
const firstInstantSeconds = 1_000_000_000;

function parseLease({ address, holder, expires }: LeaseLine, { timeMs, sink }: Context): LineOutcome {
  // A line of the log has the start, one of the file the end; `0` there never ends.
  if (expires === null && Number.isNaN(timeMs)) return 'bad_time';
  const untilMs = expires !== null && Number(expires) >= firstInstantSeconds ? parseEpochTime(expires) : null;
  const fromMs = expires === null ? timeMs : null;
  return sink.lease({ address, holder, kind: 'host', fromMs, untilMs, origin: 'dhcp' });
}
