import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { answerQuestion, foldAnswer, isSearchListMiss, readQuestionType, shareOfLines } from './dns-answers.ts';
import { type JsonRecord, known, listOf, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { parseIsoTime, utcZone } from './parse-time.ts';

/** Query log of Amazon Route 53 Resolver: JSON lines, as S3, CloudWatch Logs and Firehose get them. */
export const route53ResolverFormat: LogFormat = {
  id: 'route53-resolver',
  title: 'Amazon Route 53 Resolver query log',
  fields: {
    names: 'answers',
    destinationAddress: false,
    bytesUp: false,
    bytesDown: false,
    identity: true,
    denials: true,
    unit: 'question',
    time: 'start',
    blindSpots: [
      'Answers that the VPC resolver gave from its cache are not logged, so a connection may follow without a fresh question.',
      'The log has no TTL, so how long an address may be used for a name is not known.',
      'Questions to resolvers other than the one of the VPC are not logged.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isResolverRecord(parseJsonRecord(text))),
  learn: () => null,
  createParser: () => ok({ parse: (line, sink) => parseRecord(line.text(), sink) }),
};

function isResolverRecord(record: JsonRecord | null): boolean {
  return record !== null && ['query_name', 'query_timestamp', 'rcode', 'srcaddr'].every((key) => key in record);
}

/** What the DNS Firewall did that keeps the true answer from the client; ALERT lets it through. */
const denyingActions: ReadonlySet<string> = new Set(['BLOCK', 'OVERRIDE']);

function parseRecord(text: string, sink: ObservationSink): LineOutcome {
  const record = parseJsonRecord(text);
  if (record === null) return 'bad_json';
  if (!('query_name' in record)) return 'other_format';
  if (textAt(record, 'query_class') !== '' && textAt(record, 'query_class') !== 'IN') return 'not_network';
  const isDenied = denyingActions.has(textAt(record, 'firewall_rule_action').toUpperCase());
  const code = textAt(record, 'rcode') || null;
  if (!isDenied && isSearchListMiss(textAt(record, 'query_name'), code)) return 'repeated';
  return answerQuestion(
    {
      timeMs: parseIsoTime(textAt(record, 'query_timestamp'), utcZone),
      client: textAt(record, 'srcaddr') || null,
      name: textAt(record, 'query_name'),
      type: readQuestionType(textAt(record, 'query_type')),
      code,
      // What a rule put in place of the answer is no address of this name.
      ...(isDenied ? { addresses: [], aliases: [] } : foldAnswer(listOf(record['answers']).map(readAnswer))),
      isDenied,
      resolver: textAt(record, 'srcids', 'resolver_endpoint') || null,
      service: textAt(record, 'srcids', 'instance') || null,
    },
    sink,
  );
}

function readAnswer(value: unknown): { readonly type: string; readonly ttlSeconds: null; readonly data: string } {
  const record = recordOf(value);
  return { type: textAt(record, 'Type').toUpperCase(), ttlSeconds: null, data: known(textAt(record, 'Rdata')) };
}
