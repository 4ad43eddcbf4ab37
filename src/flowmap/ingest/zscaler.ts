import { type Fault, ok, type Result } from '../../base/index.ts';
import type { LineOutcome, NameKind, ObservationSink } from '../observation.ts';
import { applicationOf } from './application-word.ts';
import { addressOf, countOf, endFlowOf, isIcmp, portOf } from './flow-facts.ts';
import { defaultPortOf, splitHostPort } from './host-port.ts';
import type { LineParser, LocalZone, LogFormat, ParserOptions } from './log-format.ts';
import { parseEpochTime } from './parse-time.ts';
import { parseWrittenTime, zoneNamed } from './parse-written-time.ts';
import { readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';
import { compileZscalerTemplate, type TemplateReader } from './zscaler-grammar.ts';
import { datasetOf, firstValue, readZscalerRecord, type ZscalerRecord } from './zscaler-record.ts';

/** Zscaler Internet Access by NSS feeds: web, firewall and DNS, by the vendor's templates or the user's own. */
export const zscalerFormat: LogFormat = {
  id: 'zscaler',
  title: 'Zscaler NSS feed',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'request',
    time: 'end',
    blindSpots: [
      'A feed has only what its filters let through, and only the fields of its template.',
      'Times carry no zone unless the template has one: the zone is set in the feed.',
      'The client of a location behind NAT is the address of the location.',
      'Of TLS that is not inspected only the name of the server is known.',
      'Firewall records may stand for many sessions.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'the feed output format',
    example:
      '%s{time}\\t%s{elogin}\\t%s{cip}\\t%s{ehost}\\t%s{sip}\\t%s{proto}\\t%s{action}\\t%d{reqsize}\\t%d{respsize}',
  },
  detect: (sample) => shareOfLines(sample, isZscaler),
  learn: () => null,
  createParser: createZscalerParser,
};

function isZscaler(text: string): boolean {
  const record = readZscalerRecord(text);
  if (record === null) return false;
  return datasetOf(record) !== null && firstValue(record, timeKeys) !== '';
}

function createZscalerParser({ grammar, zone }: ParserOptions): Result<LineParser, Fault<'grammar_invalid'>> {
  if (grammar === null) return ok(parserOf(readZscalerRecord, zone));
  const compiled = compileZscalerTemplate(grammar);
  return compiled.ok ? ok(parserOf(compiled.value, zone)) : compiled;
}

function parserOf(read: TemplateReader, zone: LocalZone): LineParser {
  return {
    parse: (line, sink) => {
      const record = read(line.text());
      return record === null ? 'other_format' : parseRecord(record, zone, sink);
    },
  };
}

function parseRecord(record: ZscalerRecord, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const timeMs = timeOf(record, zone);
  switch (datasetOf(record)) {
    case 'web':
      return endWeb(record, timeMs, sink);
    case 'firewall':
      return endFirewall(record, timeMs, sink);
    case 'dns':
      return endDns(record, timeMs, sink);
    default:
      return isOtherFeed(record) ? 'not_network' : 'other_format';
  }
}

/** Audit, tunnel and data loss feeds share the envelope and tell no connection. */
function isOtherFeed(record: ZscalerRecord): boolean {
  return ['recordid', 'tunneltype', 'auditlogtype'].some((key) => record.at(key) !== '');
}

const timeKeys: readonly string[] = ['epochtime', 'datetime', 'time', 'yyyy', 'yy'];

function timeOf(record: ZscalerRecord, zone: LocalZone): number {
  const epochMs = parseEpochTime(firstValue(record, ['epochtime']));
  if (!Number.isNaN(epochMs)) return epochMs;
  const written = firstValue(record, ['datetime', 'time']) || assembledTime(record);
  return parseWrittenTime(written, zoneNamed(firstValue(record, ['tz', 'timezone']), zone));
}

function assembledTime(record: ZscalerRecord): string {
  const at = (...keys: readonly string[]) => firstValue(record, keys);
  const clock = `${at('hh').padStart(2, '0')}:${at('mm').padStart(2, '0')}:${at('ss').padStart(2, '0')}`;
  const year = at('yyyy') || `20${at('yy').slice(-2)}`;
  const month = at('mth');
  return month === '' ? `${at('mon')} ${at('dd')} ${year} ${clock}` : `${year}-${month}-${at('dd')} ${clock}`;
}

const userKeys: readonly string[] = ['user', 'elogin', 'login'];

function endWeb(record: ZscalerRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  // The client comes again with credentials.
  if (firstValue(record, ['status', 'respcode', 'responsecode']) === '407') return 'challenge';
  const protocol = firstValue(record, ['protocol', 'proto']).toLowerCase();
  const url = splitHostPort(firstValue(record, ['url', 'eurl']).replace(/^[a-z][a-z0-9+.-]*:\/\//i, ''));
  const host = firstValue(record, ['hostname', 'ehost', 'host']);
  const named = host === '' ? (url?.host ?? '') : (splitHostPort(host)?.host ?? host);
  const application = applicationOf(protocol);
  const port = url !== null && url.port >= 0 ? url.port : defaultPortOf(application === 'tls' ? 'https' : protocol);
  return endFlowOf(sink, {
    startMs: timeMs,
    endMs: timeMs,
    client: addressOf(firstValue(record, ['ClientIP', 'cip', 'clientip', 'clt_sip'])),
    user: firstValue(record, userKeys),
    address: addressOf(firstValue(record, ['serverip', 'sip', 'srv_dip'])),
    name: named,
    nameKind: kindOf(protocol),
    port,
    protocol: 6,
    application,
    bytesUp: countOf(firstValue(record, ['requestsize', 'reqsize'])),
    bytesDown: countOf(firstValue(record, ['responsesize', 'respsize'])),
    connections: 1,
    isDenied: isRefusal(firstValue(record, ['action'])),
  });
}

// `SSL` is TLS that was not opened, `HTTPS` TLS that was.
function kindOf(protocol: string): NameKind {
  if (protocol === 'ssl') return 'sni';
  return protocol.startsWith('tunnel') ? 'connect' : 'url';
}

function isRefusal(action: string): boolean {
  return /block|drop|reset|deny|refuse/i.test(action) && !/^allow/i.test(action);
}

function endFirewall(record: ZscalerRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  // Where the service sent it on to; the address that the client dialled where it went no further.
  const server = addressOf(firstValue(record, ['sdip']));
  const address = server || addressOf(firstValue(record, ['cdip']));
  const protocol = readProtocol(firstValue(record, ['ipproto', 'proto']));
  const durationMs = durationOf(record);
  const name = firstValue(record, ['cdfqdn']);
  return endFlowOf(sink, {
    startMs: timeMs - durationMs,
    endMs: timeMs,
    client: addressOf(firstValue(record, ['csip', 'tsip'])),
    user: firstValue(record, userKeys),
    address,
    name: /[a-z]/i.test(name) ? name : '',
    nameKind: 'host',
    port: isIcmp(protocol)
      ? 0
      : portOf(firstValue(record, server === '' ? ['cdport', 'sdport'] : ['sdport', 'cdport'])),
    protocol,
    application: applicationOf(firstValue(record, ['nwsvc'])),
    bytesUp: countOf(firstValue(record, ['outbytes'])),
    bytesDown: countOf(firstValue(record, ['inbytes'])),
    connections: Math.max(countOf(firstValue(record, ['numsessions'])), 1),
    isDenied: isRefusal(firstValue(record, ['action'])),
  });
}

// Of an aggregate it is the mean of its sessions, which says nothing of when the first began.
function durationOf(record: ZscalerRecord): number {
  if (countOf(firstValue(record, ['numsessions'])) > 1) return 0;
  const milliseconds = countOf(firstValue(record, ['durationms']));
  if (milliseconds >= 0) return milliseconds;
  return Math.max(countOf(firstValue(record, ['duration'])) || 0, 0) * 1000;
}

function endDns(record: ZscalerRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const name = firstValue(record, ['dns_req', 'req', 'ereq']);
  if (name === '') return 'no_destination';
  if (Number.isNaN(timeMs)) return 'bad_time';
  const code = firstValue(record, ['error']).toUpperCase();
  const response = firstValue(record, ['dns_resp', 'res', 'eres']);
  const isAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)$/i.test(response);
  const [type = ''] = firstValue(record, ['dns_reqtype', 'reqtype']).split(' ');
  return sink.answer({
    timeMs,
    client: addressOf(firstValue(record, ['clt_sip', 'cip', 'csip'])) || null,
    name,
    type: type.toUpperCase(),
    code: codes.has(code) ? code : isAddress ? 'NOERROR' : null,
    addresses: isAddress ? [{ address: response, ttlSeconds: null }] : isEmptyAnswer(code) ? [] : null,
    aliases: [],
    isDenied: [firstValue(record, ['reqaction']), firstValue(record, ['resaction'])].some(isDnsRefusal),
    resolver: addressOf(firstValue(record, ['srv_dip', 'sip'])) || null,
  });
}

const codes: ReadonlySet<string> = new Set(['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']);

function isEmptyAnswer(code: string): boolean {
  return code === 'EMPTY_RESP' || (codes.has(code) && code !== 'NOERROR');
}

function isDnsRefusal(action: string): boolean {
  return isRefusal(action) || /redir/i.test(action);
}
