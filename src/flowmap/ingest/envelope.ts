import { type JsonRecord, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LocalZone } from './log-format.ts';
import { parseClfTime, parseEpochTime, parseIsoTime, parseSyslogTime } from './parse-time.ts';

/** A record without its envelopes, and when the outermost one says that it was written (NaN: not said). */
export interface PeeledRecord {
  readonly text: string;
  readonly receivedMs: number;
}

/** What peeling needs to read times: the zone of times without one, and the present for times without a year. */
export interface PeelOptions {
  readonly zone: LocalZone;
  readonly nowMs: number;
}

/** Envelopes are nested at most this deep (a container's log of a syslog line of a forwarder). */
const deepest = 4;

/**
 * Takes a record out of what carriers put around it: syslog (RFC 3164, RFC 5424, with or without priority), Docker and CRI container logs,
 * CloudWatch and Splunk HEC events, an octal line end at the end. The tag of syslog (`dnsmasq[812]: `) stays: formats look for it.
 */
export function peelEnvelopes(text: string, options: PeelOptions): PeeledRecord {
  let peeled: PeeledRecord = { text: text.replace(/#01[25]$/, ''), receivedMs: Number.NaN };
  for (let depth = 0; depth < deepest; depth++) {
    const inner = peelOne(peeled.text, options);
    if (inner === null) break;
    peeled = { text: inner.text, receivedMs: Number.isNaN(peeled.receivedMs) ? inner.receivedMs : peeled.receivedMs };
  }
  return peeled;
}

function peelOne(text: string, options: PeelOptions): PeeledRecord | null {
  return text.startsWith('{') ? peelJson(text, options) : (peelContainer(text, options) ?? peelSyslog(text, options));
}

// `{"log":"…\n","stream":"stdout","time":"…"}` (Docker), `{"event":{…},"sourcetype":"…"}` (HEC), `{"timestamp":1,"message":"…"}`
// (CloudWatch).
function peelJson(text: string, { zone }: PeelOptions): PeeledRecord | null {
  const record = parseJsonRecord(text);
  if (record === null) return null;
  const { log, message } = record;
  if (typeof log === 'string' && 'stream' in record) {
    return { text: log.trimEnd(), receivedMs: parseIsoTime(textAt(record, 'time'), zone) };
  }
  if (typeof message === 'string' && ('timestamp' in record || 'logStream' in record) && isSmall(record)) {
    return { text: message.trimEnd(), receivedMs: parseEpochTime(textAt(record, 'timestamp')) };
  }
  return peelHec(record);
}

function peelHec(record: JsonRecord): PeeledRecord | null {
  if (!('sourcetype' in record || ('time' in record && 'host' in record))) return null;
  const receivedMs = parseEpochTime(textAt(record, 'time'));
  const inner = recordOf(record['event']);
  const written = inner === null ? null : writeRecord(inner);
  if (written !== null) return { text: written, receivedMs };
  return typeof record['event'] === 'string' ? { text: record['event'], receivedMs } : null;
}

// What is nested a million deep can be parsed but not written: it stays in its envelope, and is no record of any format.
function writeRecord(record: JsonRecord): string | null {
  try {
    return JSON.stringify(record);
  } catch {
    return null;
  }
}

/** A CloudWatch event has an id, a time, a message and little else; a record with more keys is a log of its own. */
function isSmall(record: JsonRecord): boolean {
  return Object.keys(record).length <= 5;
}

// `2024-05-01T10:00:00.123456789Z stdout F message` (CRI).
function peelContainer(text: string, { zone }: PeelOptions): PeeledRecord | null {
  const found = /^(\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) [FP] (.*)$/s.exec(text);
  return found === null ? null : { text: found[2] ?? '', receivedMs: parseIsoTime(found[1] ?? '', zone) };
}

// Structured data only where it is some: Check Point writes `[action:"Drop"; …]` in its place, which is the message.
const syslog5424 =
  /^(?:<\d{1,3}>)?1 (\d{4}-\d\d-\d\dT\S+|-) (\S+) (\S+) (\S+) (\S+) (?:(-|(?:\[[^ =\]"]{1,64}(?: [^ =\]"]{1,64}="(?:[^"\\\]]|\\.)*")*\])+)(?: |$))?(.*)$/s;
const syslog3164 = /^(?:<\d{1,3}>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)(?: (\d{4}))? (\S+) (.*)$/s;
const syslogIso = /^(?:<\d{1,3}>)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) (\S+) (\S.*)$/s;

function peelSyslog(text: string, { zone, nowMs }: PeelOptions): PeeledRecord | null {
  const modern = syslog5424.exec(text);
  if (modern !== null) return modernRecord(modern, zone);
  const classic = syslog3164.exec(text);
  if (classic !== null) {
    const [, time = '', year, host = '', message = ''] = classic;
    // A program that writes its own file leaves the host out: what stands there is its tag.
    const rest = host.endsWith(':') ? `${host} ${message}` : message;
    return { text: rest, receivedMs: classicTime(time, year, { zone, nowMs }) };
  }
  const modernTime = syslogIso.exec(text);
  // `host tag: message` and nothing else: a log line that merely starts with an ISO time has no such tag.
  if (modernTime !== null && /^[\w./-]+(?:\[\d+\])?: /.test(modernTime[3] ?? '')) {
    return { text: modernTime[3] ?? '', receivedMs: parseIsoTime(modernTime[1] ?? '', zone) };
  }
  return null;
}

function modernRecord(found: RegExpExecArray, zone: LocalZone): PeeledRecord {
  const [, time = '', , application = '', , , data = '-', rest = ''] = found;
  // A record that is all structured data has no other message.
  const message = rest === '' && data !== '-' ? data : rest.replace(/^\uFEFF/, '');
  const tagged = application === '-' || application === '' ? message : `${application}: ${message}`;
  return { text: tagged, receivedMs: parseIsoTime(time, zone) };
}

/** Some programs write the year behind the time: `Nov 27 10:00:00 2026 host …`. */
function classicTime(time: string, year: string | undefined, { zone, nowMs }: PeelOptions): number {
  if (year === undefined) return parseSyslogTime(time, zone, nowMs);
  const [month = '', day = '', clock = ''] = time.split(/ +/);
  return parseClfTime(`${day}/${month}/${year}:${clock}`, zone);
}
