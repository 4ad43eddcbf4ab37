import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { answerQuestion, isSearchListMiss, readQuestionType, shareOfLines } from './dns-answers.ts';
import type { LogFormat } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { parseEpochTime } from './parse-time.ts';

/** Unbound with `log-queries`, `log-replies`, `log-local-actions` or RPZ logging, to syslog or to its own file with any of its times. */
export const unboundFormat: LogFormat = {
  id: 'unbound',
  title: 'Unbound query and reply log',
  fields: {
    names: 'none',
    destinationAddress: false,
    bytesUp: false,
    bytesDown: false,
    identity: false,
    denials: true,
    unit: 'question',
    time: 'end',
    blindSpots: [
      'The log has no answers, so it tells which names were asked for and cannot name the addresses of other logs.',
      'Refusals by local zones and response policy zones are only there with log-local-actions or rpz-log.',
      'Where only log-queries is on, nothing says whether a name exists.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isQuestionText(bodyOf(text).body)),
  learn: () => null,
  createParser: () => ok({ parse: parseLine }),
};

/** `[1700000000] unbound[812:0] info: …`; of times that syslog knows, the envelope has taken the head off up to `info:`. */
const head =
  /^(?:\[(\d{9,11})\] )?(?:unbound(?:\[\d+(?::\w+)?\])?:? )?(?:\[\d+:\w+\] )?(info|query|reply|notice|warning|error|debug|fatal error): (.*)$/s;
const address = '([0-9a-fA-F]*[.:][0-9a-fA-F.:]+(?:%\\S+)?)';
const question = new RegExp(`^${address} (\\S+) (\\S+) (\\S+)$`);
/** `… RCODE seconds cached size`, and with log-destaddr ` on udp 192.0.2.53 53`. */
const reply = new RegExp(`^${address} (\\S+) (\\S+) (\\S+) (\\S+) \\d+\\.\\d+ [01] \\d+(?: on \\S+ (\\S+) \\d+)?$`);
const malformed = new RegExp(`^${address} - - - FORMERR - - -`);
/** `zone type address@port name TYPE CLASS`; older versions leave the zone out. */
const localAction = new RegExp(`^(?:\\S+ )?([a-z_]+) ${address}@\\d+ (\\S+) (\\S+) (\\S+)$`);
/** `rpz: applied [log name] trigger zone action address@port name TYPE CLASS`. */
const policyAction = new RegExp(
  `^rpz: applied (?:\\[[^\\]]*\\] )?(?:\\S* ){1,2}?(rpz-[a-z-]+) ${address}@\\d+ (\\S+) (\\S+) (\\S+)$`,
);

/** Local zones that keep the true answer from the client, with the code that it gets; null where the log does not tell. */
const denyingZones: Readonly<Record<string, string | null>> = {
  deny: null,
  inform_deny: null,
  always_deny: null,
  refuse: 'REFUSED',
  always_refuse: 'REFUSED',
  always_nxdomain: 'NXDOMAIN',
  always_nodata: 'NOERROR',
  always_null: 'NOERROR',
  redirect: 'NOERROR',
  inform_redirect: 'NOERROR',
};

/** The same for response policy zones. `rpz-disabled` and `rpz-passthru` change nothing, `rpz-tcp-only` only the transport. */
const denyingPolicies: Readonly<Record<string, string | null>> = {
  'rpz-nxdomain': 'NXDOMAIN',
  'rpz-nodata': 'NOERROR',
  'rpz-drop': null,
  'rpz-local-data': 'NOERROR',
  'rpz-cname-override': 'NOERROR',
};

function bodyOf(text: string): {
  readonly time: string | undefined;
  readonly body: string;
  readonly isHeaded: boolean;
} {
  const [, time, , body] = head.exec(text) ?? [];
  return { time, body: body ?? '', isHeaded: body !== undefined };
}

function isQuestionText(body: string): boolean {
  return question.test(body) || reply.test(body) || localAction.test(body) || policyAction.test(body);
}

function parseLine(line: LogLine, sink: ObservationSink): LineOutcome {
  const { time, body, isHeaded } = bodyOf(line.text());
  if (!isHeaded) return 'other_format';
  const timeMs = time === undefined ? line.receivedMs : parseEpochTime(time);
  if (malformed.test(body)) return 'no_destination';
  const asked = question.exec(body);
  // With both logs on a question is told twice; a line cannot know that, and a question alone names no address.
  if (asked !== null) return answerAsked(timeMs, asked, sink);
  const replied = reply.exec(body);
  if (replied !== null) return answerReply(timeMs, replied, sink);
  const denied = policyAction.exec(body) ?? localAction.exec(body);
  return denied === null ? 'not_network' : answerAction(timeMs, denied, sink);
}

function answerAsked(timeMs: number, found: RegExpExecArray, sink: ObservationSink): LineOutcome {
  const [, client = '', name = '', type = '', recordClass] = found;
  if (recordClass !== 'IN') return 'not_network';
  return answerQuestion({ timeMs, client, name, type: readQuestionType(type) }, sink);
}

function answerReply(timeMs: number, found: RegExpExecArray, sink: ObservationSink): LineOutcome {
  const [, client = '', name = '', type = '', recordClass, code = '', resolver = null] = found;
  if (recordClass !== 'IN') return 'not_network';
  if (isSearchListMiss(name, code)) return 'repeated';
  const isDenied = code === 'REFUSED';
  return answerQuestion({ timeMs, client, name, type: readQuestionType(type), code, isDenied, resolver }, sink);
}

/** An action that lets the true answer through is told by the line of the question or the reply. */
function answerAction(timeMs: number, found: RegExpExecArray, sink: ObservationSink): LineOutcome {
  const [, action = '', client = '', name = '', type = '', recordClass] = found;
  if (recordClass !== 'IN') return 'not_network';
  const code = denyingPolicies[action] ?? denyingZones[action] ?? null;
  if (!Object.hasOwn(denyingPolicies, action) && !Object.hasOwn(denyingZones, action)) return 'repeated';
  return answerQuestion(
    { timeMs, client, name, type: readQuestionType(type), code, addresses: [], isDenied: true },
    sink,
  );
}
