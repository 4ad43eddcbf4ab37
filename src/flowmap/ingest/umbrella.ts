import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { applicationOf } from './application-word.ts';
import { splitCsv } from './csv-fields.ts';
import { addressOf, countOf, endFlowOf } from './flow-facts.ts';
import { defaultPortOf, splitUrl } from './host-port.ts';
import { known } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { parseIsoTime, utcZone } from './parse-time.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Cisco Umbrella: DNS and proxy logs as quoted CSV, with more columns from version to version. */
export const umbrellaFormat: LogFormat = {
  id: 'umbrella',
  title: 'Cisco Umbrella DNS and proxy log',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'question',
    time: 'start',
    blindSpots: [
      'DNS logs have no answers, so they name no address and no connection.',
      'Where no internal address is known, the client is the address of the whole network.',
      'Names that a local resolver answered from its cache are not there.',
      'Addresses and bytes are in proxy logs only, and those have what the proxy was asked to look at.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, isUmbrella),
  learn: () => null,
  createParser: () => ok({ parse: (line, sink) => parseLine(line.text(), sink) }),
};

// A quoted time first: CSV of others begins with a date that is not, or with a number.
const head = /^\uFEFF?"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",/;
const headings =
  /^\uFEFF?"?(?:timestamp|time|date)"?, ?"?(?:policy identity|most granular identity|identity|identities)"?,/i;

function isUmbrella(text: string): boolean {
  if (headings.test(text)) return true;
  return head.test(text) && datasetOf(fieldsOf(text)) !== null;
}

// Some writers put a blank before the quote, which CSV takes for part of the field.
function fieldsOf(text: string): readonly string[] {
  return splitCsv(text.replace(/", (?=")/g, '",')).map(known);
}

function datasetOf(fields: readonly string[]): 'dns' | 'proxy' | null {
  // `1 (A)`, `65 (HTTPS)`, `257`.
  if (fields.length >= 9 && /^\d{1,5}(?: \([\w-]+\))?$/.test(fields[6] ?? '')) return 'dns';
  if (fields.length >= 13 && /^[a-z]+:\/\//i.test(fields[7] ?? '')) return 'proxy';
  return null;
}

function parseLine(text: string, sink: ObservationSink): LineOutcome {
  if (headings.test(text)) return 'header';
  if (!head.test(text)) return 'other_format';
  const fields = fieldsOf(text.replace(/^\uFEFF/, ''));
  // All times of Umbrella are UTC, whatever the zone of the console.
  const timeMs = parseIsoTime(fields[0] ?? '', utcZone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  const dataset = datasetOf(fields);
  if (dataset === null) return fields.length < 9 ? 'bad_fields' : 'other_format';
  return dataset === 'dns' ? endDns(fields, timeMs, sink) : endProxy(fields, timeMs, sink);
}

// time, identity, identities, internal, external, action, type, code, domain, …
function endDns(fields: readonly string[], timeMs: number, sink: ObservationSink): LineOutcome {
  const [, , , internal = '', external = '', action = '', type = '', code = '', name = ''] = fields;
  if (name === '') return 'no_destination';
  return sink.answer({
    timeMs,
    client: addressOf(internal) || addressOf(external) || null,
    name,
    type: (/\(([\w-]+)\)/.exec(type)?.[1] ?? type).toUpperCase(),
    code: code === '' ? null : code.toUpperCase(),
    addresses: null,
    aliases: [],
    isDenied: /^block/i.test(action),
    resolver: null,
  });
}

// time, identity, internal, external, destination, content type, verdict, URL, referer, agent, status, request and response size, …
function endProxy(fields: readonly string[], timeMs: number, sink: ObservationSink): LineOutcome {
  const [, identity = '', internal = '', external = '', destination = '', , verdict = '', url = ''] = fields;
  const [, , , , , , , , , , , requestBytes = '', responseBytes = ''] = fields;
  const target = splitUrl(url);
  if (target === null) return 'bad_name';
  return endFlowOf(sink, {
    startMs: timeMs,
    endMs: timeMs,
    client: addressOf(internal) || addressOf(external),
    user: identity,
    address: addressOf(destination),
    name: target.host,
    nameKind: 'url',
    port: target.port >= 0 ? target.port : defaultPortOf(target.scheme),
    protocol: 6,
    application: applicationOf(target.scheme),
    bytesUp: countOf(requestBytes),
    bytesDown: countOf(responseBytes),
    connections: 1,
    isDenied: /^block/i.test(verdict),
  });
}
