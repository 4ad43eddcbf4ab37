import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { type EnvoyWords, takeEnvoyRecord } from './envoy-record.ts';
import { compileEnvoyFormat, type EnvoyGrammar, envoyBuiltIns } from './envoy-template.ts';
import { type JsonRecord, known, parseJsonRecord, textAt } from './json-record.ts';
import type { LogFormat, ParserOptions } from './log-format.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

/** Envoy's access log, and that of Istio's proxies: text of the usual formats or a user's own, and JSON. */
export const envoyFormat: LogFormat = {
  id: 'envoy',
  title: 'Envoy access log',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'request',
    time: 'start',
    blindSpots: [
      'Of HTTP requests only the bytes of bodies are counted, not those of headers.',
      'A workload is known by name only where the format has the identity of its certificate.',
      'A connection that is still open has no record yet.',
      'Where an egress gateway stands between, the address of the destination is in the log of the gateway alone.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'a format string, a `json_format` as JSON, or the name of a usual one: `default`, `istio`',
    example:
      '[%START_TIME%] %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %UPSTREAM_HOST% %BYTES_RECEIVED% %BYTES_SENT%',
  },
  detect: (sample) =>
    shareOfLines(sample, (line) => {
      const text = withoutSyslogTag(line);
      return shape.test(text) || isEnvoyJson(parseJsonRecord(text));
    }),
  learn: () => null,
  createParser: (options) => {
    const grammars = options.grammar === null ? Object.keys(envoyBuiltIns) : [options.grammar];
    const readers = createReaders(grammars, options);
    if (!readers.ok) return readers;
    return ok({
      parse: (line, sink) => {
        const text = withoutSyslogTag(line.text());
        // Without a grammar the usual keys of JSON are understood.
        if (options.grammar === null && text.startsWith('{')) return readUsualJson(text, options, sink);
        for (const read of readers.value) {
          const outcome = read(text, sink);
          if (outcome !== null) return outcome;
        }
        return 'other_format';
      },
    });
  },
};

const shape =
  /^\[\d{4}-\d\d-\d\dT[^\]]*\] "[^"]*" (?:\d{1,3}|-) \S+ (?:\S+ \S+ "[^"]*" )?\d+ \d+ (?:\d+|-) \S+ "[^"]*" ".*" "[^"]*" "[^"]*" "[^"]*"/;

function isEnvoyJson(record: JsonRecord | null): boolean {
  if (record === null || !('response_flags' in record)) return false;
  return 'upstream_cluster' in record || 'upstream_host' in record || 'authority' in record;
}

type Reader = (text: string, sink: ObservationSink) => LineOutcome | null;

function createReaders(
  grammars: readonly string[],
  options: ParserOptions,
): Result<readonly Reader[], Fault<'grammar_invalid'>> {
  const readers: Reader[] = [];
  for (const text of grammars) {
    const grammar = compileEnvoyFormat(text);
    if (!grammar.ok) return failed(fault('grammar_invalid', `this is no format to read by: ${grammar.fault}`));
    readers.push(readerOf(grammar.value, options));
  }
  return ok(readers);
}

function readerOf(grammar: EnvoyGrammar, options: ParserOptions): Reader {
  if (grammar.kind === 'text') {
    const { template } = grammar;
    // The names that a record is asked for are always the same few.
    const places = new Map<string, number>();
    const placeOf = (name: string): number => {
      const place = places.get(name) ?? template.indexOf(name);
      places.set(name, place);
      return place;
    };
    return (text, sink) => {
      const values = template.read(text);
      if (values === null) return null;
      return takeEnvoyRecord(
        firstOf((name) => known(values[placeOf(name)] ?? '')),
        options,
        sink,
      );
    };
  }
  return (text, sink) => {
    const record = parseJsonRecord(text);
    if (record === null) return text.startsWith('{') ? 'bad_json' : null;
    const word = (name: string): string => {
      const path = grammar.paths.get(name);
      return path === undefined ? '' : textAt(record, ...path);
    };
    return takeEnvoyRecord(firstOf(word), options, sink);
  };
}

function readUsualJson(text: string, options: ParserOptions, sink: ObservationSink): LineOutcome {
  const record = parseJsonRecord(text);
  if (record === null) return 'bad_json';
  return isEnvoyJson(record)
    ? takeEnvoyRecord(
        firstOf((name) => textAt(record, name)),
        options,
        sink,
      )
    : 'other_format';
}

function firstOf(word: (name: string) => string): EnvoyWords {
  return (...names) => {
    for (const name of names) {
      const text = word(name);
      if (text !== '') return text;
    }
    return '';
  };
}
