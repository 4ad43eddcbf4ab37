import { ok } from '../../base/index.ts';
import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { readCount, splitHostPort } from './host-port.ts';
import { known, parseJsonRecord } from './json-record.ts';
import { parseKeyValues } from './key-values.ts';
import type { LogFormat, ParserOptions } from './log-format.ts';
import { parseIsoTime } from './parse-time.ts';
import { RecentRecords } from './recent-records.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

/** For ends of old versions; about 300 bytes each. A tunnel whose decision was forgotten keeps its bytes and address, and loses its name. */
const maxOpenTunnels = 65_536;

/** Smokescreen's log: decisions, and the ends of connections with their bytes. */
export const smokescreenFormat: LogFormat = {
  id: 'smokescreen',
  title: 'Smokescreen log',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'connection',
    time: 'both',
    blindSpots: [
      'What a tunnel carries inside is not seen: the destination is what the client asked CONNECT for.',
      'Bytes of a connection are told at its end, so one that is still open has none yet.',
      'Ends of connections that old versions wrote are known by their address alone where their decision is in another file.',
    ],
  },
  isOrdered: true,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => text.includes('CANONICAL-PROXY-')),
  learn: () => null,
  createParser: (options) => {
    const open = new RecentRecords<Decision>(maxOpenTunnels);
    return ok({
      parse: (line, sink) => {
        const words = wordsOf(withoutSyslogTag(line.text()));
        return words === null ? 'bad_json' : takeRecord(words, { open, options, sink });
      },
    });
  },
};

/** What a record says under a key; empty where nothing. */
type Words = (key: string) => string;

interface Decision {
  readonly name: string;
  readonly port: number;
  readonly isConnect: boolean;
  readonly client: string;
  readonly service: string;
  readonly user: string;
}

interface Context {
  readonly open: RecentRecords<Decision>;
  readonly options: ParserOptions;
  readonly sink: ObservationSink;
}

// JSON (logrus or slog), or `time=… level=… msg=…` (logrus without a JSON formatter, slog's text handler).
function wordsOf(text: string): Words | null {
  if (text.trimStart().startsWith('{')) {
    const record = parseJsonRecord(text);
    if (record === null) return null;
    return (key) => (Object.hasOwn(record, key) ? plainText(record[key]) : '');
  }
  const pairs = parseKeyValues(text);
  return (key) => known(pairs.get(key) ?? '');
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return known(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function takeRecord(words: Words, context: Context): LineOutcome {
  const message = words('msg') === '' ? words('message') : words('msg');
  switch (message) {
    case 'CANONICAL-PROXY-DECISION':
      return takeDecision(words, context);
    case 'CANONICAL-PROXY-CN-CLOSE':
      return takeClose(words, context);
    case 'CANONICAL-PROXY-AUTH-REQUIRED':
      return 'challenge';
    case '':
      return 'other_format';
    default:
      return 'not_network';
  }
}

function takeDecision(words: Words, { open, options, sink }: Context): LineOutcome {
  const allow = words('allow');
  if (allow !== 'true' && allow !== 'false') return 'bad_fields';
  const timeMs = timeOf(words, ['start_time', 'time'], options);
  if (Number.isNaN(timeMs)) return 'bad_time';
  const decision = decisionOf(words);
  if (decision === null) return 'bad_number';
  // Allowed in `report` mode is allowed: `enforce_would_deny` is what enforcing would change.
  if (allow === 'true' && words('id') !== '') open.set(words('id'), decision);
  const draft = sink.beginFlow();
  draft.startMs = timeMs;
  draft.endMs = timeMs;
  draft.isDenied = allow === 'false';
  return fillFlow(draft, decision, words, sink);
}

// The bytes of the connection to the destination: what was read from it came down, what was written to it went up.
function takeClose(words: Words, { open, options, sink }: Context): LineOutcome {
  const endMs = timeOf(words, ['end_time', 'time'], options);
  if (Number.isNaN(endMs)) return 'bad_time';
  // Logrus's text form writes where the counts are kept in place of the counts (`0xc0001a2b30`).
  if (words('bytes_in').startsWith('0x')) return 'no_data';
  const [up, down] = [readCount(words('bytes_out')), readCount(words('bytes_in'))];
  if (up < 0 || down < 0) return 'bad_number';
  const own = decisionOf(words);
  if (own === null) return 'bad_number';
  // What the end says itself hangs on no other file. Ends of old versions say less, and have it from their decision.
  const isWhole = own.name !== '' && own.service !== '';
  const decision = isWhole ? own : (open.take(words('id')) ?? own);
  const draft = sink.beginFlow();
  draft.endMs = endMs;
  draft.startMs = endMs - durationMs(words('duration'));
  // Its decision counted the connection.
  draft.connections = 0;
  draft.bytesUp = up;
  draft.bytesDown = down;
  return fillFlow(draft, decision, words, sink);
}

function fillFlow(draft: FlowDraft, decision: Decision, words: Words, sink: ObservationSink): LineOutcome {
  const outbound = splitHostPort(words('outbound_remote_addr') || words('remote_addr'));
  if (decision.name === '' && outbound === null) return 'no_destination';
  draft.client = sink.text(decision.client);
  draft.user = sink.text(decision.user);
  draft.service = sink.text(decision.service);
  draft.name = sink.text(decision.name);
  draft.address = sink.text(outbound?.host ?? '');
  draft.port = decision.port < 0 ? (outbound?.port ?? -1) : decision.port;
  draft.protocol = 6;
  if (decision.name !== '') {
    draft.nameKind = decision.isConnect ? 'connect' : 'url';
    draft.application = decision.isConnect ? 'tunnel' : 'http';
  }
  return sink.endFlow();
}

// Null: the port is none. Closes of old versions have `req_host` and no id.
function decisionOf(words: Words): Decision | null {
  const host = words('requested_host') || words('req_host');
  const parts = host === '' ? { host: '', port: -1 } : splitHostPort(host);
  if (parts === null) return null;
  const isConnect = words('proxy_type') !== 'http';
  return {
    name: parts.host,
    port: parts.port < 0 && !isConnect && host !== '' ? 80 : parts.port,
    isConnect,
    client: splitHostPort(words('inbound_remote_addr'))?.host ?? '',
    service: words('role'),
    user: words('inbound_remote_x509_cn'),
  };
}

function timeOf(words: Words, keys: readonly string[], { zone }: ParserOptions): number {
  const key = keys.find((each) => words(each) !== '');
  if (key === undefined) return Number.NaN;
  // Logrus writes times of Go as text: `2026-11-28 10:00:06.25 +0000 UTC m=+12.5`.
  return parseIsoTime(words(key).replace(/(?<=[+-]\d{4}) [A-Z]+(?: m=\S+)?$/, ''), zone);
}

function durationMs(seconds: string): number {
  const value = Number(seconds);
  return value > 0 && value < 1e9 ? Math.round(value * 1000) : 0;
}
