import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { parseIpAddress } from '../../destination/index.ts';
import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { defaultPortOf, readCount, readPort, splitHostPort, splitUrl } from './host-port.ts';
import { known } from './json-record.ts';
import { placesOf } from './line-template.ts';
import type { LineParser, ParserOptions } from './log-format.ts';
import { parseClfTime, parseEpochTime, parseIsoTime } from './parse-time.ts';
import { applicationOf } from './squid-bytes.ts';
import { compileSquidFormat } from './squid-template.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

/** What a record says of one thing, by the codes of the format that say it, best first; empty where none does. */
type Words = (thing: keyof typeof codesOf) => string;

const codesOf = {
  client: ['>a', '>A'],
  user: ['un', 'ul', 'ue', 'ui', 'us', 'credentials', 'ssl::>cert_subject', 'tls::>cert_subject'],
  code: ['Ss'],
  status: ['>Hs', 'Hs', '<Hs'],
  method: ['rm', '>rm', '<rm'],
  url: ['ru', '>ru', '<ru'],
  scheme: ['>rs', '<rs'],
  domain: ['>rd', '<rd'],
  port: ['>rP', '<rP'],
  hostHeader: ['{host}>h', '{host}>ha'],
  sni: ['ssl::>sni', 'tls::>sni'],
  route: ['Sh'],
  peer: ['<a'],
  peerPort: ['<p'],
  bytesUp: ['>st'],
  bytesDown: ['<st'],
  elapsed: ['tr'],
  seconds: ['ts'],
  subsecond: ['tu'],
  start: ['tS'],
  local: ['tl'],
  gmt: ['tg'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Makes a parser of a `logformat`, or of one that Squid has built in by its name. */
export function createSquidTemplateParser(
  text: string,
  options: ParserOptions,
): Result<LineParser, Fault<'grammar_invalid'>> {
  const template = compileSquidFormat(text);
  if (!template.ok) return failed(fault('grammar_invalid', `this is no \`logformat\` to read by: ${template.fault}`));
  const places = placesOf(template.value, codesOf);
  return ok({
    parse: (line, sink) => {
      const values = template.value.read(withoutSyslogTag(line.text()));
      if (values === null) return 'other_format';
      return takeRecord((thing) => known(values[places[thing]] ?? ''), options, sink);
    },
  });
}

function takeRecord(words: Words, options: ParserOptions, sink: ObservationSink): LineOutcome {
  const { startMs, endMs } = readTimes(words, options);
  if (Number.isNaN(endMs)) return 'bad_time';
  const code = words('code');
  if (code.startsWith('UDP_')) return 'not_network';
  const isDenied = code.includes('_DENIED');
  if (isDenied && /^40[17]$/.test(words('status'))) return 'challenge';
  const draft = sink.beginFlow();
  draft.startMs = startMs;
  draft.endMs = endMs;
  draft.isDenied = isDenied;
  draft.client = sink.text(words('client'));
  draft.user = sink.text(words('user'));
  draft.protocol = 6;
  return fillBytes(draft, words) ?? fillDestination(draft, words, sink) ?? sink.endFlow();
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

// The time is that of the end, but for `%tS`, which is that of the start.
function readTimes(words: Words, { zone }: ParserOptions): Times {
  const elapsedMs = Math.max(0, readCount(words('elapsed')));
  const start = words('start');
  if (start !== '' && words('seconds') === '') {
    const startMs = parseEpochTime(start);
    return { startMs, endMs: startMs + elapsedMs };
  }
  const endMs = words('seconds') === '' ? readClock(words, zone) : readSeconds(words);
  return { startMs: endMs - elapsedMs, endMs };
}

function readSeconds(words: Words): number {
  const subsecond = words('subsecond');
  return parseEpochTime(subsecond === '' ? words('seconds') : `${words('seconds')}.${subsecond.padStart(3, '0')}`);
}

function readClock(words: Words, zone: ParserOptions['zone']): number {
  const local = words('local');
  const text = local === '' ? words('gmt') : local;
  const clock = parseClfTime(text, zone);
  if (!Number.isNaN(clock)) return clock;
  return Number.isNaN(parseIsoTime(text, zone)) ? parseEpochTime(text) : parseIsoTime(text, zone);
}

// What Squid counts is what passed between it and the client.
function fillBytes(draft: FlowDraft, words: Words): LineOutcome | null {
  const [up, down] = [words('bytesUp'), words('bytesDown')];
  draft.bytesUp = readCount(up);
  draft.bytesDown = readCount(down);
  const isBad = (up !== '' && draft.bytesUp < 0) || (down !== '' && draft.bytesDown < 0);
  return isBad ? 'bad_number' : null;
}

interface Named {
  readonly name: string;
  readonly port: number;
  readonly kind: FlowDraft['nameKind'];
  readonly application: FlowDraft['application'];
}

function fillDestination(draft: FlowDraft, words: Words, sink: ObservationSink): LineOutcome | null {
  const named = words('method') === 'CONNECT' ? namedByConnect(words) : namedByUrl(words);
  if (named === 'bad_number' || named === 'not_network') return named;
  const address = peerAddress(words);
  const sni = words('sni');
  draft.name = sink.text(named.name);
  draft.nameKind = named.name === '' ? 'none' : named.kind;
  draft.port = named.port < 0 && address !== '' ? readPort(words('peerPort')) : named.port;
  draft.application = named.application;
  draft.address = sink.text(address);
  if (isAnsweredConnect(words)) draft.connections = 0;
  if (sni !== '') fillServerName(draft, { sni, named, address }, sink);
  return draft.name === 0 && draft.address === 0 ? 'no_destination' : null;
}

function namedByConnect(words: Words): Named | 'bad_number' {
  const target = words('url') === '' ? partsOfUrl(words) : words('url');
  const parts = splitAuthority(target);
  if (parts === null) return 'bad_number';
  return { ...parts, kind: 'connect', application: 'tunnel' };
}

function namedByUrl(words: Words): Named | 'bad_number' | 'not_network' {
  const url = words('url');
  if (url === '') return namedByParts(words);
  if (url.startsWith('cache_object://')) return 'not_network';
  const scheme = /^([^:]*):\/\//.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return { name: '', port: -1, kind: 'none', application: 'unknown' };
  const parts = splitUrl(url);
  if (parts === null)
    return hasAuthority(url) ? 'bad_number' : { name: '', port: -1, kind: 'none', application: 'http' };
  if (scheme === 'http' && isManagerPath(url)) return 'not_network';
  const port = parts.port < 0 ? defaultPortOf(scheme) : parts.port;
  return { name: parts.host, port, kind: 'url', application: applicationOf(scheme) };
}

function namedByParts(words: Words): Named | 'bad_number' {
  const parts = splitAuthority(partsOfUrl(words));
  if (parts === null) return 'bad_number';
  const scheme = words('scheme').toLowerCase();
  const isUrl = words('domain') !== '';
  return {
    name: parts.name,
    port: parts.port < 0 ? defaultPortOf(scheme) : parts.port,
    kind: isUrl ? 'url' : 'host',
    application: scheme === '' ? 'unknown' : applicationOf(scheme),
  };
}

function partsOfUrl(words: Words): string {
  const domain = words('domain');
  if (domain === '') return words('hostHeader');
  const port = words('port');
  return port === '' ? domain : `${domain}:${port}`;
}

function splitAuthority(text: string): { readonly name: string; readonly port: number } | null {
  if (text === '') return { name: '', port: -1 };
  const parts = splitHostPort(text);
  return parts === null ? null : { name: parts.host, port: parts.port };
}

function hasAuthority(url: string): boolean {
  return /^[^:]*:\/\/[^/?#]/.test(url);
}

function isManagerPath(url: string): boolean {
  return /^http:\/\/[^/?#]*\/squid-internal-/i.test(url);
}

// A hierarchy code of parents and siblings makes the address that of another proxy. Without any code it is taken at its word.
function peerAddress(words: Words): string {
  const peer = words('peer').replace(/^\[|\]$/g, '');
  const route = words('route');
  const isDirect = route === '' || /(?:CT|ST|ED)$/.test(route);
  return isDirect && parseIpAddress(peer).ok ? peer : '';
}

// A CONNECT that Squid answered itself is bumped or spliced: what then comes out of the tunnel has records of its own.
function isAnsweredConnect(words: Words): boolean {
  if (words('method') !== 'CONNECT' || words('status') !== '200') return false;
  return words('code').endsWith('NONE') && words('route').endsWith('NONE');
}

interface ServerName {
  readonly sni: string;
  readonly named: Named;
  readonly address: string;
}

// Of an intercepted connection the CONNECT that Squid makes up has the address, and the client's hello the name.
function fillServerName(draft: FlowDraft, { sni, named, address }: ServerName, sink: ObservationSink): void {
  if (named.kind === 'url') return;
  draft.name = sink.text(sni);
  draft.nameKind = 'sni';
  draft.application = 'tls';
  if (address === '' && parseIpAddress(named.name).ok) draft.address = sink.text(named.name);
}
