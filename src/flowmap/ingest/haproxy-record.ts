import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { defaultPortOf, readCount, readPort, splitHostPort, splitUrl } from './host-port.ts';
import { known } from './json-record.ts';
import { type LineTemplate, placesOf } from './line-template.ts';
import type { ParserOptions } from './log-format.ts';
import { parseClfTime, parseEpochTime } from './parse-time.ts';

/** What a record says of one thing, by the variables that say it, best first; empty where none does. */
type Words = (thing: keyof typeof variablesOf) => string;

const variablesOf = {
  client: ['ci', 'src'],
  clock: ['tr', 't', 'trl', 'trg', 'Tl', 'T'],
  seconds: ['Ts'],
  milliseconds: ['ms'],
  duration: ['Ta', 'Tt'],
  frontend: ['ft'],
  status: ['ST'],
  bytesUp: ['U', 'bytes_in', 'req.bytes_in'],
  bytesDown: ['B', 'bytes_out', 'res.bytes_in'],
  state: ['tsc', 'ts'],
  request: ['r'],
  method: ['HM', 'method'],
  uri: ['HU', 'url', 'HPO'],
  captures: ['hr'],
  host: ['req.hdr(host)', 'hdr(host)', 'req.fhdr(host)', 'fhdr(host)', 'base'],
  sni: ['req.ssl_sni', 'req_ssl_sni', 'ssl_fc_sni'],
  server: ['si', 'bc_dst'],
  serverPort: ['sp', 'bc_dst_port'],
  user: ['http_auth_user', 'ssl_c_s_dn', 'ssl_c_s_dn(cn)'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Reads a line into the sink; null where it is not of the grammar that the reader was made of. */
export type HaproxyReader = (text: string, sink: ObservationSink) => LineOutcome | null;

/** Makes the reader of a compiled grammar. */
export function createHaproxyReader(template: LineTemplate, options: ParserOptions): HaproxyReader {
  const places = placesOf(template, variablesOf);
  return (text, sink) => {
    const values = template.read(text);
    return values === null ? null : takeRecord((thing) => known(values[places[thing]] ?? ''), options, sink);
  };
}

function takeRecord(words: Words, options: ParserOptions, sink: ObservationSink): LineOutcome {
  const startMs = startOf(words, options);
  if (Number.isNaN(startMs)) return 'bad_time';
  const [ended = '', during = ''] = words('state');
  // Redirects, statistics, fixed answers: nothing went out.
  if (ended === 'L') return 'not_network';
  // A rule refused it. 400 and 408 are what a broken or slow request gets.
  const isDenied = ended === 'P' && /[RT]/.test(during) && !/^40[08]$/.test(words('status'));
  if (isDenied && /^40[17]$/.test(words('status'))) return 'challenge';
  const draft = sink.beginFlow();
  draft.startMs = startMs;
  // `+` before a duration: the record was written before the end (`option logasap`).
  draft.endMs = startMs + Math.max(0, readCount(words('duration')));
  draft.client = sink.text(words('client'));
  draft.user = sink.text(words('user'));
  draft.protocol = 6;
  draft.isDenied = isDenied;
  return fillBytes(draft, words) ?? fillDestination(draft, words, sink) ?? sink.endFlow();
}

// Times of HAProxy are of the start: of the request (`%tr`) or of the connection (`%t`).
function startOf(words: Words, { zone }: ParserOptions): number {
  if (words('clock') !== '') return parseClfTime(words('clock'), zone);
  const milliseconds = words('milliseconds');
  return parseEpochTime(
    milliseconds === '' ? words('seconds') : `${words('seconds')}.${milliseconds.padStart(3, '0')}`,
  );
}

// Sent to the client is down, received from it is up.
function fillBytes(draft: FlowDraft, words: Words): LineOutcome | null {
  const [up, down] = [words('bytesUp'), words('bytesDown')];
  draft.bytesUp = readCount(up);
  draft.bytesDown = readCount(down);
  const isBad = (up !== '' && draft.bytesUp < 0) || (down !== '' && draft.bytesDown < 0);
  return isBad ? 'bad_number' : null;
}

interface Named {
  readonly host: string;
  readonly port: number;
  readonly kind: FlowDraft['nameKind'];
  readonly application: FlowDraft['application'];
}

function fillDestination(draft: FlowDraft, words: Words, sink: ObservationSink): LineOutcome | null {
  const named = namedByRequest(words) ?? namedBySni(words) ?? namedByHost(words);
  const server = words('server');
  if (named === null && server === '') return 'no_destination';
  draft.address = sink.text(server.replace(/^\[|\]$/g, ''));
  draft.name = sink.text(named?.host ?? '');
  draft.nameKind = named?.kind ?? 'none';
  draft.application = named?.application ?? 'unknown';
  draft.port = named === null || named.port < 0 ? readPort(words('serverPort')) : named.port;
  return null;
}

// `CONNECT host:port HTTP/1.1`, or a URL with its host: what a client asks of a forward proxy.
function namedByRequest(words: Words): Named | null {
  const [first = '', second = ''] = words('request').split(' ', 2);
  const method = first === '' ? words('method') : first;
  const target = second === '' ? words('uri') : second;
  if (method === 'CONNECT') {
    const parts = splitHostPort(target);
    return parts === null ? null : { ...parts, kind: 'connect', application: 'tunnel' };
  }
  const url = splitUrl(target);
  if (url === null) return null;
  const port = url.port < 0 ? defaultPortOf(url.scheme) : url.port;
  return { host: url.host, port, kind: 'url', application: url.scheme === 'https' ? 'tls' : 'http' };
}

function namedBySni(words: Words): Named | null {
  const host = words('sni');
  return host === '' ? null : { host, port: -1, kind: 'sni', application: 'tls' };
}

// Headers are captured without their name, so of captures only a first one that cannot be anything but a host name is taken for Host.
function namedByHost(words: Words): Named | null {
  const captured = known(words('captures').split('|', 1)[0] ?? '');
  const text = words('host') === '' && hostName.test(captured) ? captured : words('host');
  const parts = text === '' ? null : splitHostPort(text);
  if (parts === null) return null;
  return { ...parts, kind: 'host', application: words('frontend').endsWith('~') ? 'tls' : 'http' };
}

const hostName = /^(?=.{4,253}(?::\d+)?$)(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{1,62}(?::\d{1,5})?$/i;
