import { failed, ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { type CorednsMatcher, compileCorednsFormat, corednsCommonFormat } from './coredns-grammar.ts';
import { answerQuestion, isSearchListMiss, readQuestionType, shareOfLines } from './dns-answers.ts';
import { known } from './json-record.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { parseClfTime, parseIsoTime } from './parse-time.ts';

/** Log plugin of CoreDNS, as containers and `kubectl logs` give it. */
export const corednsFormat: LogFormat = {
  id: 'coredns',
  title: 'CoreDNS log plugin',
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
      'A node-local cache in front answers without asking CoreDNS, and shows as the client of what it does ask.',
      'Lines that standard output carries have no time of their own: without the time of the container log they cannot be placed.',
    ],
  },
  isOrdered: false,
  grammar: { what: 'format of the log plugin', example: '{remote} {name} {type} {rcode}' },
  detect: (sample) => shareOfLines(sample, (text) => queryLine.test(text)),
  learn: () => null,
  createParser: ({ grammar, zone }) => {
    const matcher = compileCorednsFormat(grammar ?? corednsCommonFormat);
    if (!matcher.ok) return failed(matcher.fault);
    return ok({ parse: (line, sink) => parseLine(line, { matcher: matcher.value, zone, sink }) });
  },
};

interface Context {
  readonly matcher: CorednsMatcher;
  readonly zone: LocalZone;
  readonly sink: ObservationSink;
}

const queryLine =
  /^(?:\[pod\/\S+\] )?(?:\d{4}\S+ (?:\d\S+ )?)?(?:\[INFO\] )?\S+:\d{1,5} - \d+ "[A-Z0-9]+ [A-Z0-9]+ \S+ [a-z]+ \d+ (?:true|false) \d+" /;
/** What stands before the plugin's own text: the pod (`kubectl logs --prefix`), a time, the severity. */
const head =
  /^(?:\[pod\/\S+\] )?(?:(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?) )?(?:\[([A-Z]+)\] )?(.*)$/s;
/** What CoreDNS says at its start: `.:53`, its version, its platform. */
const banner = /^(?:\S*:\d{1,5}(?: on \S+)?|CoreDNS-\S+|\w+\/\w+, go\S+.*)$/;

function parseLine(line: LogLine, { matcher, zone, sink }: Context): LineOutcome {
  const [, time, severity, text = ''] = head.exec(line.text()) ?? [];
  const values = matcher(text);
  if (values === null || !isQuestion(values)) return outcomeOfOther(text, severity);
  if (values.has('class') && values.get('class') !== 'IN') return 'not_network';
  const name = textOf(values, 'name');
  const code = textOf(values, 'rcode') || null;
  if (isSearchListMiss(name, code)) return 'repeated';
  return answerQuestion(
    {
      timeMs: timeOf(line, { written: time, when: values.get('when'), zone }),
      client: withoutBrackets(textOf(values, 'remote')) || null,
      name,
      type: readQuestionType(textOf(values, 'type')),
      code,
      // The acl plugin, or a zone that this server does not serve to that client.
      isDenied: code === 'REFUSED',
      resolver: withoutBrackets(textOf(values, 'local')) || null,
    },
    sink,
  );
}

function textOf(values: ReadonlyMap<string, string>, key: string): string {
  return known(values.get(key) ?? '');
}

/** Formats of users match nearly any line: only one whose type is a type is a question. */
function isQuestion(values: ReadonlyMap<string, string>): boolean {
  return /^(?:[A-Z][A-Z0-9-]*|-)$/.test(values.get('type') ?? '') && /^\S+$/.test(values.get('name') ?? '');
}

function outcomeOfOther(text: string, severity: string | undefined): LineOutcome {
  if (banner.test(text)) return 'header';
  if (/^\S+:\d{1,5} - \d+ "/.test(text)) return 'bad_fields';
  return severity !== undefined || text.startsWith('plugin/') ? 'not_network' : 'other_format';
}

function timeOf(
  line: LogLine,
  times: { readonly written: string | undefined; readonly when: string | undefined; readonly zone: LocalZone },
): number {
  if (times.when !== undefined) return parseClfTime(times.when.replace(/^\[|\]$/g, ''), times.zone);
  return times.written === undefined ? line.receivedMs : parseIsoTime(times.written, times.zone);
}

function withoutBrackets(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}
