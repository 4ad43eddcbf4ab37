import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { type JsonRecord, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LineParser, LogFormat, ParserOptions } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { readZeekConn, readZeekOpenConn } from './zeek-conn.ts';
import { readZeekDns } from './zeek-dns.ts';
import { extendZeekHeader, readZeekJson, readZeekTsv, usualHeader, type ZeekHeader } from './zeek-row.ts';
import { readZeekHttp, readZeekSsl } from './zeek-sightings.ts';
import type { ZeekReader } from './zeek-time.ts';

/** The logs that tell of destinations, by `#path` or `_path`; logs of connections that are still open have other names. */
const readers: ReadonlyMap<string, ZeekReader> = new Map([
  ['conn', readZeekConn],
  ['open_conn', readZeekOpenConn],
  ['conn_long', readZeekOpenConn],
  ['dns', readZeekDns],
  ['ssl', readZeekSsl],
  ['open_ssl', readZeekSsl],
  ['http', readZeekHttp],
  ['open_http', readZeekHttp],
]);

/** Fields that only one log has, for records that do not say which log they are of. */
const pathOfField: readonly (readonly [field: string, path: string])[] = [
  ['conn_state', 'conn'],
  ['qtype_name', 'dns'],
  ['rcode_name', 'dns'],
  ['query', 'dns'],
  ['server_name', 'ssl'],
  ['cipher', 'ssl'],
  ['trans_depth', 'http'],
  ['method', 'http'],
];

/** Zeek's logs of connections, names, TLS and HTTP, as TSV with its header lines or as JSON. */
export const zeekFormat: LogFormat = {
  id: 'zeek',
  title: 'Zeek conn, dns, ssl and http logs',
  fields: {
    names: 'answers',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: false,
    unit: 'connection',
    time: 'both',
    blindSpots: [
      'Zeek sees only what passes its tap: traffic within one host or switch may be missing.',
      'Zeek writes a connection down when it ends: what is still open is only in open_conn.log, without bytes here.',
      'Behind an explicit proxy conn.log ends at the proxy: only the CONNECT lines of http.log name where it went.',
      'Server names that are encrypted (ECH) and questions over DNS-over-HTTPS are not seen.',
    ],
  },
  isOrdered: true,
  grammar: {
    what: 'the header lines of a TSV log that has lost them',
    example:
      '#path conn #fields ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes',
  },
  detect: detectZeek,
  learn: (sample) => grammarOf(headerOf(sample.map((line) => line.text()))),
  createParser: createZeekParser,
};

function detectZeek(sample: readonly LogLine[]): number {
  let header = usualHeader;
  let fitting = 0;
  for (const line of sample) {
    const text = line.text();
    if (isHeaderLine(text)) {
      header = extendZeekHeader(header, text);
      fitting += 1;
    } else if (header.fields.length > 3 && readZeekTsv(header, text) !== null) fitting += 1;
    else if (headlessRow.test(text) || isZeekRecord(parseJsonRecord(text))) fitting += 1;
  }
  return sample.length === 0 ? 0 : fitting / sample.length;
}

/** A row of a TSV log as Zeek writes it by itself: its time, then the connection's id. Known for what it is, though not to be read alone. */
const headlessRow = /^\d{9,11}\.\d{6}\t[A-Z][0-9A-Za-z]{3,24}\t/;

function isHeaderLine(text: string): boolean {
  return /^#(?:separator|set_separator|empty_field|unset_field|path|open|close|fields|types)\b/.test(text);
}

/** Zeek's way to name the two ends of a connection; other tools have taken over the rest of its words. */
function isZeekRecord(record: JsonRecord | null): boolean {
  if (record === null) return false;
  const hasEnds = 'id.orig_h' in record || 'id_orig_h' in record || 'orig_h' in (recordOf(record['id']) ?? {});
  return hasEnds && ('uid' in record || '_path' in record);
}

function headerOf(lines: readonly string[]): ZeekHeader {
  let header = usualHeader;
  for (const line of lines) {
    if (isHeaderLine(line)) header = extendZeekHeader(header, line);
    else if (header.fields.length > 0) break;
  }
  return header;
}

function grammarOf({ separator, setSeparator, emptyField, unsetField, path, fields }: ZeekHeader): string | null {
  if (fields.length === 0) return null;
  const code = `\\x${separator.charCodeAt(0).toString(16).padStart(2, '0')}`;
  const marks = `#set_separator ${setSeparator} #empty_field ${emptyField} #unset_field ${unsetField}`;
  return `#separator ${code} ${marks} #path ${path} #fields ${fields.join(' ')}`;
}

function createZeekParser({ grammar, zone }: ParserOptions): Result<LineParser, Fault<'grammar_invalid'>> {
  const header = grammar === null ? usualHeader : headerOfGrammar(grammar);
  if (grammar !== null && header.fields.length === 0) {
    const message = `${quoteInput(grammar)} has no \`#fields\` followed by the names of the fields`;
    return failed(fault('grammar_invalid', message));
  }
  return ok(new ZeekParser(header, zone));
}

/** The header lines in one text, their words apart by blanks whatever the separator of the log is. */
function headerOfGrammar(grammar: string): ZeekHeader {
  let header = usualHeader;
  for (const part of grammar.split(/\s+(?=#[a-z_]+\s)/)) {
    const [key = '', ...values] = part.trim().split(/\s+/);
    header = extendZeekHeader(header, [key, ...values].join(key === '#separator' ? ' ' : header.separator));
  }
  return header;
}

class ZeekParser implements LineParser {
  #header: ZeekHeader;
  readonly #zone: ParserOptions['zone'];

  constructor(header: ZeekHeader, zone: ParserOptions['zone']) {
    this.#header = header;
    this.#zone = zone;
  }

  parse(line: LogLine, sink: ObservationSink): LineOutcome {
    const text = line.text();
    if (isHeaderLine(text)) {
      this.#header = extendZeekHeader(this.#header, text);
      return 'header';
    }
    if (text.startsWith('{')) return this.#parseJson(text, sink);
    const { fields, path } = this.#header;
    if (fields.length === 0) return headlessRow.test(text) ? 'no_header' : 'other_format';
    const row = readZeekTsv(this.#header, text);
    if (row === null) return 'bad_fields';
    const reader = readers.get(path === '' ? pathOf(fields) : path);
    return reader === undefined ? 'not_network' : reader(row, this.#zone, sink);
  }

  #parseJson(text: string, sink: ObservationSink): LineOutcome {
    const record = parseJsonRecord(text);
    if (record === null) return 'bad_json';
    const path = textAt(record, '_path');
    if (path === '' && !isZeekRecord(record)) return 'other_format';
    const reader = readers.get(path === '' ? pathOf(Object.keys(record)) : path);
    return reader === undefined ? 'not_network' : reader(readZeekJson(record), this.#zone, sink);
  }
}

function pathOf(fields: readonly string[]): string {
  return pathOfField.find(([field]) => fields.includes(field))?.[1] ?? '';
}
