import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { readPort, splitHostPort } from './host-port.ts';
import type { LogFormat } from './log-format.ts';
import { monthNumber, parseIsoTime, utcZone, wallClock } from './parse-time.ts';
import { shareOfLines } from './share-of-lines.ts';

/**
 * What StepSecurity's harden-runner tells of a CI job: its `agent.log`, by itself or printed into the log of the job, and the
 * annotations of what it blocked.
 */
export const hardenRunnerFormat: LogFormat = {
  id: 'harden-runner',
  title: 'StepSecurity harden-runner agent.log',
  fields: {
    names: 'answers',
    destinationAddress: true,
    bytesUp: false,
    bytesDown: false,
    identity: false,
    denials: true,
    unit: 'connection',
    time: 'start',
    blindSpots: [
      'Each process, address and port is logged once, however often it was called, and without bytes.',
      'Calls over IPv6 and to private addresses are left out.',
      'The name beside an address is the one that the whole runner resolved to it last, which may be another name on the same address.',
      'Only addresses of IPv4 are resolved, and one of them per name.',
      'A job without the agent logs nothing.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, isAgentLine),
  learn: () => null,
  createParser: () => ok({ parse: (line, sink) => takeLine(stripJobLog(line.text()), sink) }),
};

/** A line without what the log of a job puts before it; NaN where it has no time. */
interface AgentLine {
  readonly message: string;
  readonly timeMs: number;
}

// `job<TAB>step<TAB>2026-11-20T10:00:09.1234567Z Fri, 20 Nov 2026 10:00:02 GMT:message`: the time of a job's log is that of printing
// the agent's, at the end of the job, so the inner one counts.
function stripJobLog(text: string): AgentLine {
  const line = text.replace(/^[^\t]*\t[^\t]*\t/, '').replace(/^\uFEFF/, '');
  const printed = /^(\d{4}-\d\d-\d\dT\S+Z) (.*)$/s.exec(line);
  const message = printed?.[2] ?? line;
  const printedMs = parseIsoTime(printed?.[1] ?? '', utcZone);
  const own = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC):(.*)$/s.exec(message);
  if (own === null) return { message, timeMs: printedMs };
  const [, day, month = '', year, hour, minute, second, rest = ''] = own;
  return { message: rest, timeMs: wallClock([year, monthNumber(month), day, hour, minute, second]) };
}

type Take = (parts: RegExpExecArray, timeMs: number, sink: ObservationSink) => LineOutcome;

/** The messages of the agent that are about the network, with what they tell. */
const messages: readonly (readonly [RegExp, Take])[] = [
  [/^endpoint called ip address:port ([^,\s]+)(?:, domain: ([^,\s]*))?/, takeCall],
  [/^domain resolved: ([^,\s]+), ip address: ([^,\s]+), TTL: (-?\d+)/, takeAnswer],
  [/^domain not allowed: (\S+)/, takeRefusedName],
  [/^unable to resolve internal domains: (\S+)/, takeRefusedName],
  [/StepSecurity Harden Runner: DNS resolution for domain (\S+) was blocked/, takeRefusedName],
  [/^unable to resolve domain: (\S+) err:/, takeUnresolved],
  [/^ip address dropped: ([^,\s]+)/, takeRefusedAddress],
  [/StepSecurity Harden Runner: Traffic to IP Address (\S+) was blocked/, takeRefusedAddress],
];

/** Where the agent sends the calls to names that it does not allow. The refused name has a line of its own. */
const sinkhole = '54.185.253.63';

function takeLine({ message, timeMs }: AgentLine, sink: ObservationSink): LineOutcome {
  for (const [pattern, take] of messages) {
    const parts = pattern.exec(message);
    if (parts !== null) return Number.isNaN(timeMs) ? 'bad_time' : take(parts, timeMs, sink);
  }
  // Whatever else the agent or the job wrote.
  return Number.isNaN(timeMs) ? 'other_format' : 'not_network';
}

function takeCall(parts: RegExpExecArray, timeMs: number, sink: ObservationSink): LineOutcome {
  const [, endpoint = '', domain = ''] = parts;
  const target = splitEndpoint(endpoint);
  if (target === null) return 'bad_address';
  if (target.host === sinkhole) return 'repeated';
  const draft = sink.beginFlow();
  draft.startMs = timeMs;
  draft.endMs = timeMs;
  draft.address = sink.text(target.host);
  draft.port = target.port;
  if (domain !== '') {
    draft.name = sink.text(domain);
    // One map of the whole runner from address to name, where the last one wins.
    draft.nameKind = 'reverse';
  }
  return sink.endFlow();
}

/** Address and port joined by a colon, of IPv6 too, without brackets. */
function splitEndpoint(endpoint: string): { readonly host: string; readonly port: number } | null {
  const colon = endpoint.lastIndexOf(':');
  if (endpoint.startsWith('[') || endpoint.indexOf(':') === colon) return splitHostPort(endpoint);
  const port = readPort(endpoint.slice(colon + 1));
  return port < 0 ? null : { host: endpoint.slice(0, colon), port };
}

function takeAnswer(parts: RegExpExecArray, timeMs: number, sink: ObservationSink): LineOutcome {
  const [, name = '', address = '', ttl = ''] = parts;
  if (ttl.startsWith('-')) return 'bad_number';
  return answer(sink, { timeMs, name, addresses: [{ address, ttlSeconds: Number(ttl) }], isDenied: false });
}

function takeRefusedName(parts: RegExpExecArray, timeMs: number, sink: ObservationSink): LineOutcome {
  return answer(sink, { timeMs, name: parts[1] ?? '', addresses: [], isDenied: true });
}

function takeUnresolved(parts: RegExpExecArray, timeMs: number, sink: ObservationSink): LineOutcome {
  return answer(sink, { timeMs, name: parts[1] ?? '', addresses: [], isDenied: false });
}

function takeRefusedAddress(parts: RegExpExecArray, timeMs: number, sink: ObservationSink): LineOutcome {
  const [, address = ''] = parts;
  if (address === sinkhole) return 'repeated';
  const draft = sink.beginFlow();
  draft.startMs = timeMs;
  draft.endMs = timeMs;
  draft.address = sink.text(address);
  draft.isDenied = true;
  return sink.endFlow();
}

interface AgentAnswer {
  readonly timeMs: number;
  readonly name: string;
  readonly addresses: readonly { readonly address: string; readonly ttlSeconds: number }[];
  readonly isDenied: boolean;
}

/** The agent is the resolver of its machine and asks for nothing but A. */
function answer(sink: ObservationSink, observation: AgentAnswer): LineOutcome {
  return sink.answer({ ...observation, client: null, type: 'A', code: null, aliases: [], resolver: null });
}

function isAgentLine(text: string): boolean {
  const { message } = stripJobLog(text);
  if (messages.some(([pattern]) => pattern.test(message))) return true;
  return /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC):\S/.test(text);
}
