import { failed, fault, ok } from '../../base/index.ts';
import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { readCount, splitHostPort } from './host-port.ts';
import { known } from './json-record.ts';
import { placesOf } from './line-template.ts';
import type { LogFormat, ParserOptions } from './log-format.ts';
import { compileNginxFormat } from './nginx-template.ts';
import { parseClfTime, parseEpochTime, parseIsoTime } from './parse-time.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

// The two examples of nginx's documentation (ngx_stream_core_module, ngx_stream_log_module): nginx has no format of its own here.
const basic = '$remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received $session_time';
const proxied = `${basic} "$upstream_addr" "$upstream_bytes_sent" "$upstream_bytes_received" "$upstream_connect_time"`;

/** Logs of nginx's stream module, where it is a forward proxy by server name or a fixed relay. */
export const nginxStreamFormat: LogFormat = {
  id: 'nginx-stream',
  title: 'nginx stream log',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: true,
    unit: 'connection',
    time: 'end',
    blindSpots: [
      'The name is in the log only with `$ssl_preread_server_name`, and the address only with `$upstream_addr`.',
      'A client that sends no server name is known by the address of the upstream alone.',
      'A connection that is still open has no record yet.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'a `log_format` of the stream block',
    example: `${basic} "$ssl_preread_server_name" "$upstream_addr"`,
  },
  detect: (sample) => shareOfLines(sample, (text) => shape.test(withoutSyslogTag(text))),
  learn: (sample) =>
    shareOfLines(sample, (text) => /"\s*$/.test(text) && shape.test(withoutSyslogTag(text))) > 0.5 ? proxied : null,
  createParser: (options) => {
    const template = compileNginxFormat(options.grammar ?? basic);
    if (!template.ok)
      return failed(fault('grammar_invalid', `this is no \`log_format\` to read by: ${template.fault}`));
    const places = placesOf(template.value, variablesOf);
    return ok({
      parse: (line, sink) => {
        const values = template.value.read(withoutSyslogTag(line.text()));
        if (values === null) return 'other_format';
        return takeRecord((thing) => known(values[places[thing]] ?? ''), options, sink);
      },
    });
  },
};

const shape =
  /^\S+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] (?:TCP|UDP) \d{3} \d+ \d+ \d+\.\d{3}(?: "[^"]*" "[^"]*" "[^"]*" "[^"]*")?$/;

/** What a record says of one thing, by the variables that say it, best first; empty where none does. */
type Words = (thing: keyof typeof variablesOf) => string;

const variablesOf = {
  client: ['proxy_protocol_addr', 'remote_addr'],
  local: ['time_local'],
  iso: ['time_iso8601'],
  epoch: ['msec'],
  protocol: ['protocol'],
  status: ['status'],
  bytesUp: ['bytes_received'],
  bytesDown: ['bytes_sent'],
  upstreamUp: ['upstream_bytes_sent'],
  upstreamDown: ['upstream_bytes_received'],
  session: ['session_time'],
  name: ['ssl_preread_server_name', 'ssl_server_name'],
  upstream: ['upstream_addr'],
  user: ['ssl_client_s_dn'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

function takeRecord(words: Words, options: ParserOptions, sink: ObservationSink): LineOutcome {
  const endMs = endOf(words, options);
  if (Number.isNaN(endMs)) return 'bad_time';
  const draft = sink.beginFlow();
  draft.endMs = endMs;
  draft.startMs = endMs - sessionMs(words('session'));
  draft.client = sink.text(words('client'));
  draft.user = sink.text(words('user'));
  draft.protocol = words('protocol') === 'UDP' ? 17 : 6;
  // 403: refused by an address rule. 400 and 5xx are trouble of the connection.
  draft.isDenied = words('status') === '403';
  return fillBytes(draft, words) ?? fillDestination(draft, words, sink) ?? sink.endFlow();
}

function endOf(words: Words, { zone }: ParserOptions): number {
  if (words('epoch') !== '') return parseEpochTime(words('epoch'));
  return words('iso') === '' ? parseClfTime(words('local'), zone) : parseIsoTime(words('iso'), zone);
}

function sessionMs(seconds: string): number {
  const value = Number(seconds);
  return value > 0 && value < 1e9 ? Math.round(value * 1000) : 0;
}

// Towards the client: received from it is up. Towards the upstream: sent to it is up, once for each that was tried.
function fillBytes(draft: FlowDraft, words: Words): LineOutcome | null {
  const up = words('bytesUp') === '' ? sumOf(words('upstreamUp')) : readCount(words('bytesUp'));
  const down = words('bytesDown') === '' ? sumOf(words('upstreamDown')) : readCount(words('bytesDown'));
  draft.bytesUp = up ?? -1;
  draft.bytesDown = down ?? -1;
  return up === -1 || down === -1 ? 'bad_number' : null;
}

// Null: nothing is told. -1: what is told is no number.
function sumOf(list: string): number | null {
  const counts = partsOf(list)
    .map(known)
    .filter((part) => part !== '');
  if (counts.length === 0) return null;
  const numbers = counts.map(readCount);
  return numbers.includes(-1) ? -1 : numbers.reduce((sum, count) => sum + count, 0);
}

function fillDestination(draft: FlowDraft, words: Words, sink: ObservationSink): LineOutcome | null {
  const name = words('name');
  // Of several upstreams that were tried the last one carried the connection.
  const upstream = partsOf(words('upstream'))
    .map(known)
    .filter((part) => part !== '' && !part.startsWith('unix:'))
    .at(-1);
  const parts = upstream === undefined ? null : splitHostPort(upstream);
  if (upstream !== undefined && parts === null) return 'bad_address';
  if (name === '' && parts === null) return 'no_destination';
  draft.name = sink.text(name);
  draft.address = sink.text(parts?.host ?? '');
  draft.port = parts?.port ?? -1;
  if (name !== '') {
    draft.nameKind = 'sni';
    draft.application = 'tls';
  }
  return null;
}

function partsOf(list: string): readonly string[] {
  return list === '' ? [] : list.split(/, | : /);
}
