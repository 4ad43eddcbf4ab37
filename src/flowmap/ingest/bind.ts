import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { parseInfobloxCef } from './bind-infoblox-cef.ts';
import { type BindEvent, readBindEvent, readBindLine } from './bind-lines.ts';
import { answerPolicy } from './bind-policy.ts';
import { answerQuestion, foldAnswer, isSearchListMiss, shareOfLines } from './dns-answers.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import type { LogLine } from './log-line.ts';

/** BIND's categories queries, responses, rpz and security, and what Infoblox makes of them. */
export const bindFormat: LogFormat = {
  id: 'bind',
  title: 'BIND query log, Infoblox DNS responses',
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
      'The query log of BIND itself has no answers: only Infoblox response lines can name the addresses of other logs.',
      'Refusals by response policy zones are only there where the category rpz is logged.',
      'A resolver that forwards to this one shows as the client in place of those who asked it.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, isQuestionText),
  learn: () => null,
  createParser: ({ zone }) => ok({ parse: (line, sink) => parseLine(line, { zone, sink }) }),
};

interface Context {
  readonly zone: LocalZone;
  readonly sink: ObservationSink;
}

function isQuestionText(text: string): boolean {
  if (text.includes('CEF:0|Infoblox|')) return true;
  const line = readBindLine(text, noZone);
  return line !== null && line.client !== '' && readBindEvent(line.event) !== null;
}

/** Detection looks at no times. */
const noZone: LocalZone = { toEpochMs: () => Number.NaN };

function parseLine(line: LogLine, context: Context): LineOutcome {
  const text = line.text();
  if (text.includes('CEF:0|Infoblox|')) return parseInfobloxCef(text, line.receivedMs, context.sink);
  const read = readBindLine(text, context.zone);
  if (read === null) return /^dhcpd(?:\[\d+\])?: /.test(text) ? 'not_network' : 'other_format';
  const event = readBindEvent(read.event);
  if (event === null) return read.event.startsWith('query failed') ? 'repeated' : 'not_network';
  if (event.recordClass !== 'IN') return 'not_network';
  const timeMs = Number.isNaN(read.timeMs) ? line.receivedMs : read.timeMs;
  return answerEvent(event, { timeMs, client: read.client, ...context });
}

function answerEvent(
  event: BindEvent,
  { timeMs, client, sink }: Context & { readonly timeMs: number; readonly client: string },
): LineOutcome {
  const { kind, name, type, code, records, resolver, policy } = event;
  // With queries and responses logged a question is told twice, and names addresses once: which of them this log has is in no single line.
  if (isSearchListMiss(name, code)) return 'repeated';
  if (kind === 'policy') return answerPolicy({ timeMs, client, name, type, policy }, sink);
  const isDenied = code === 'REFUSED';
  const answer = records === null ? {} : foldAnswer(records);
  return answerQuestion({ timeMs, client, name, type, code, isDenied, resolver, ...answer }, sink);
}
