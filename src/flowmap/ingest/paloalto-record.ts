import { splitCsv } from './csv-fields.ts';
import { type JsonRecord, known, parseJsonRecord } from './json-record.ts';
import { type CefRecord, parseCef } from './key-values.ts';

/** A record of PAN-OS, whatever carried it. `at` gives a field as text; empty where it is missing or nothing. */
export interface PanRecord {
  /** `TRAFFIC`, `THREAT`, `USERID`, `GLOBALPROTECT`, …; upper case. */
  readonly type: string;
  /** `end`, `url`, `login`, …; lower case. */
  readonly subtype: string;
  /** `classic` is a CEF record by a template of the device's owner; `cef` one of Strata Logging Service. */
  readonly carrier: 'csv' | 'cef' | 'classic' | 'json';
  at(field: PanField): string;
}

/** The fields that are read. */
export type PanField =
  | 'generated'
  | 'source'
  | 'source6'
  | 'destination'
  | 'user'
  | 'application'
  | 'repeat'
  | 'port'
  | 'protocol'
  | 'action'
  | 'sent'
  | 'received'
  | 'start'
  | 'elapsed'
  | 'endReason'
  | 'url'
  | 'timeout'
  | 'event'
  | 'stage'
  | 'status'
  | 'duplicate'
  | 'highRes'
  | 'zone';

/** Reads a record as CSV (syslog), CEF or JSON; null where the text is none of PAN-OS. */
export function readPanRecord(text: string): PanRecord | null {
  if (text.startsWith('{')) return readJson(parseJsonRecord(text));
  if (text.includes('CEF:')) return readCef(parseCef(text));
  return readCsv(text);
}

/** Whether the text is the line of names above an exported CSV. */
export function isPanHeader(text: string): boolean {
  return /^"?(?:domain|future_use)"?, ?"?receive time"?,/i.test(text);
}

function readCsv(text: string): PanRecord | null {
  if (!csvHead.test(text)) return null;
  const fields = splitCsv(text);
  const type = (fields[3] ?? '').toUpperCase();
  const columns = Object.hasOwn(csvColumns, type) ? (csvColumns[type] ?? {}) : {};
  return {
    type,
    subtype: (fields[4] ?? '').toLowerCase(),
    carrier: 'csv',
    at: (field) => (field === 'highRes' ? highResOf(fields) : known(fields[(columns[field] ?? 0) - 1] ?? '')),
  };
}

const csvHead =
  /^[^,]{0,64},[^,]{0,40},[^,]{0,64},"?(?:TRAFFIC|THREAT|USERID|GLOBALPROTECT|SYSTEM|CONFIG|HIP-?MATCH|DECRYPTION|CORRELATION|AUTHENTICATION|IPTAG|GTP|SCTP|START|END)"?,/;

// Its column moves with the version (f103, f108, …); its shape, the only one with a zone, does not.
function highResOf(fields: readonly string[]): string {
  return fields.slice(60).find((field) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/.test(field)) ?? '';
}

function readCef(cef: CefRecord | null): PanRecord | null {
  if (cef === null || cef.vendor !== 'Palo Alto Networks') return null;
  const isClassic = cef.product !== 'LF';
  // Strata Logging Service writes `TRAFFIC|end`, templates after the vendor's guide `end|TRAFFIC`.
  const [type, subtype] = isClassic ? [cef.name, cef.signature] : [cef.signature, cef.name];
  const at = (field: PanField) => firstOf(cefKeys[field], (key) => cef.extension.get(key) ?? '');
  return { type: type.toUpperCase(), subtype: subtype.toLowerCase(), carrier: isClassic ? 'classic' : 'cef', at };
}

function readJson(record: JsonRecord | null): PanRecord | null {
  if (record === null) return null;
  const at = (field: PanField) => firstOf(jsonKeys[field], (key) => scalar(record[key]));
  const type = scalar(record['LogType'] ?? record['type']).toUpperCase();
  if (!Object.hasOwn(csvColumns, type) && !otherJsonTypes.has(type)) return null;
  const isPan = ['DeviceSN', 'LogSourceID', 'serial', 'VirtualSystem', 'vsys', 'SequenceNo', 'seqno'].some(
    (key) => key in record,
  );
  const subtype = scalar(record['Subtype'] ?? record['LogSubtype'] ?? record['subtype']).toLowerCase();
  return isPan ? { type, subtype, carrier: 'json', at } : null;
}

const otherJsonTypes: ReadonlySet<string> = new Set(['SYSTEM', 'CONFIG', 'HIPMATCH', 'DECRYPTION', 'AUTH', 'IPTAG']);

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? known(String(value))
    : '';
}

function firstOf(keys: readonly string[], read: (key: string) => string): string {
  for (const key of keys) {
    const value = known(read(key));
    if (value !== '') return value;
  }
  return '';
}

// Columns from 1, PAN-OS syslog field descriptions (traffic, threat, User-ID, GlobalProtect). Later versions only append.
const session = {
  generated: 7,
  source: 8,
  destination: 9,
  user: 13,
  application: 15,
  repeat: 24,
  port: 26,
  protocol: 30,
  action: 31,
};
const csvColumns: Readonly<Record<string, Partial<Record<PanField, number>>>> = {
  TRAFFIC: { ...session, sent: 33, received: 34, start: 36, elapsed: 37, endReason: 47 },
  THREAT: { ...session, url: 32 },
  USERID: { generated: 7, source: 9, user: 10, timeout: 14 },
  GLOBALPROTECT: { generated: 7, event: 9, stage: 10, user: 13, source: 18, source6: 19, status: 29 },
};

// Strata Logging Service, log reference, CEF fields; the classic guide has the same keys where both have a field.
const cefKeys: Readonly<Record<PanField, readonly string[]>> = {
  generated: ['start', 'rt'],
  source: ['src', 'c6a2', 'PanOSPrivateIPv4'],
  source6: ['PanOSPrivateIPv6'],
  destination: ['dst', 'c6a3'],
  user: ['suser', 'PanOSSourceUserName', 'duser'],
  application: ['app'],
  repeat: ['cnt'],
  port: ['dpt'],
  protocol: ['proto'],
  action: ['act'],
  sent: ['out'],
  received: ['in'],
  start: ['PanOSSessionStartTime'],
  elapsed: ['cn3'],
  endReason: ['reason', 'PanOSSessionEndReason'],
  url: ['request', 'PanOSURL'],
  timeout: ['PanOSMappingTimeout', 'PanOSTimeoutThreshold'],
  event: ['PanOSEventIDValue'],
  stage: ['PanOSStage'],
  status: ['PanOSEventStatus'],
  duplicate: ['PanOSIsDuplicateLog'],
  highRes: [],
  zone: ['dtz'],
};

// HTTPS names of Strata Logging Service first, then the variables of an HTTP server profile.
const jsonKeys: Readonly<Record<PanField, readonly string[]>> = {
  generated: ['TimeGeneratedHighResolution', 'TimeGenerated', 'time_generated'],
  source: ['SourceAddress', 'SourceIP', 'src', 'PrivateIPv4', 'ip'],
  source6: ['PrivateIPv6'],
  destination: ['DestinationAddress', 'DestinationIP', 'dst'],
  user: ['SourceUser', 'SourceUserName', 'srcuser', 'user'],
  application: ['Application', 'app'],
  repeat: ['RepeatCount', 'CountOfRepeats', 'repeatcnt'],
  port: ['DestinationPort', 'dport'],
  protocol: ['Protocol', 'proto'],
  action: ['Action', 'action'],
  sent: ['BytesSent', 'bytes_sent'],
  received: ['BytesReceived', 'bytes_received'],
  start: ['SessionStartTime', 'start'],
  elapsed: ['SessionDuration', 'elapsed'],
  endReason: ['SessionEndReason', 'session_end_reason'],
  url: ['URL', 'misc'],
  timeout: ['MappingTimeout', 'TimeoutThreshold', 'timeout'],
  event: ['EventIDValue', 'eventid'],
  stage: ['Stage', 'stage'],
  status: ['EventStatus', 'status'],
  duplicate: ['IsDuplicateLog'],
  highRes: ['high_res_timestamp'],
  zone: [],
};
