import { known } from './json-record.ts';
import { type CefRecord, parseCef, parseKeyValues } from './key-values.ts';

/** A record of FortiOS under the names of its key=value form, whatever carried it; empty where a key is missing or nothing. */
export interface FortiRecord {
  readonly type: string;
  readonly subtype: string;
  at(key: string): string;
}

/** Reads a record as `key=value` parted by blanks or commas, or as CEF; null where the text is none of FortiOS. */
export function readFortiRecord(text: string): FortiRecord | null {
  return (text.includes('CEF:') ? readCef(parseCef(text)) : null) ?? readPairs(text);
}

function readPairs(text: string): FortiRecord | null {
  if (!/\blogid="?\d{5,12}\b/.test(text) || !/\btype="?[a-z]/.test(text)) return null;
  const pairs = parseKeyValues(text.replace(/^<\d{1,3}>/, ''), isCommaSeparated(text) ? ',' : ' ');
  return recordOf((key) => pairs.get(key) ?? '', pairs.get('type') ?? '', pairs.get('subtype') ?? '');
}

function isCommaSeparated(text: string): boolean {
  return /\blogid=(?:"\d+"|\d+),/.test(text);
}

function readCef(cef: CefRecord | null): FortiRecord | null {
  if (cef === null || cef.vendor !== 'Fortinet') return null;
  const pairs = new Map<string, string>();
  for (const [key, value] of cef.extension) pairs.set(cefNames.get(key) ?? key.replace(cefPrefix, ''), value);
  const [type = '', subtype = ''] = (cef.extension.get('cat') ?? cef.name).split(/[: ]/);
  // One key for both: the name that a record of a profile found, or what the firewall calls the address.
  const host = cef.extension.get('dhost');
  if (host !== undefined) pairs.set(type === 'traffic' ? 'dstname' : 'hostname', host);
  if (!pairs.has('logid')) pairs.set('logid', cef.signature);
  return recordOf((key) => pairs.get(key) ?? '', type, subtype);
}

function recordOf(read: (key: string) => string, type: string, subtype: string): FortiRecord {
  return { type, subtype, at: (key) => known(read(key)) };
}

/** What collectors put before the keys that CEF has no name for. */
const cefPrefix = /^(?:FTNTFGT|FortinetFortiGate|ad\.)/;

// FortiOS log message reference, "log support for CEF".
const cefNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    src: 'srcip',
    dst: 'dstip',
    spt: 'srcport',
    dpt: 'dstport',
    out: 'sentbyte',
    in: 'rcvdbyte',
    act: 'action',
    app: 'service',
    duser: 'user',
    suser: 'user',
    externalId: 'sessionid',
    request: 'url',
  }),
);
