import type { LineOutcome, ObservationSink } from '../observation.ts';
import { readBindEvent, readRecords } from './bind-lines.ts';
import { answerPolicy } from './bind-policy.ts';
import { answerQuestion, foldAnswer, readQuestionType } from './dns-answers.ts';
import { known } from './json-record.ts';
import { type CefRecord, parseCef } from './key-values.ts';
import { parseEpochTime } from './parse-time.ts';

/**
 * Reads what Infoblox writes as CEF: hits of response policy zones (NIOS, signature `RPZ-QNAME`), and the questions and responses of its
 * Data Connector (`DNS Query`, `DNS Response`). CEF itself is no format of ours: every vendor's keys mean something else.
 */
export function parseInfobloxCef(text: string, receivedMs: number, sink: ObservationSink): LineOutcome {
  const record = parseCef(text);
  if (record === null) return 'bad_fields';
  const timeMs = Number.isNaN(receivedMs) ? parseEpochTime(extensionOf(record, 'rt')) : receivedMs;
  if (record.signature.startsWith('RPZ-')) return answerHit(record, timeMs, sink);
  if (record.signature === 'DNS Query' || record.signature === 'DNS Response')
    return answerRecord(record, timeMs, sink);
  return 'not_network';
}

function answerHit(record: CefRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const event = readBindEvent(extensionOf(record, 'msg'));
  if (event?.kind !== 'policy') return 'bad_fields';
  const { name, policy } = event;
  const type = readQuestionType(extensionOf(record, 'qtype') || event.type);
  return answerPolicy({ timeMs, client: extensionOf(record, 'src') || null, name, type, policy }, sink);
}

function answerRecord(record: CefRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  if (extensionOf(record, 'InfobloxDNSQClass') !== 'IN') return 'not_network';
  const type = readQuestionType(extensionOf(record, 'InfobloxDNSQType'));
  const code = extensionOf(record, 'InfobloxDNSRCode') || null;
  const isResponse = record.signature === 'DNS Response';
  return answerQuestion(
    {
      timeMs,
      client: extensionOf(record, 'src') || null,
      name: extensionOf(record, 'destinationDnsDomain'),
      type,
      code,
      isDenied: code === 'REFUSED',
      resolver: extensionOf(record, 'dst') || null,
      ...(isResponse ? foldAnswer(readRecords(extensionOf(record, 'msg'), type)) : {}),
    },
    sink,
  );
}

/** A value of the extension, without the quotes that Infoblox puts around texts. */
function extensionOf(record: CefRecord, key: string): string {
  return known((record.extension.get(key) ?? '').replace(/^"(.*)"$/s, '$1'));
}
