import { known } from './json-record.ts';
import { type CefRecord, parseCef, parseKeyValues } from './key-values.ts';

/** A record of a Check Point gateway under the names of the Log Exporter; empty where a field is missing or nothing. */
export interface CheckpointRecord {
  at(field: string): string;
}

/** Reads a record as syslog (`[action:"Drop"; …]`), pipes (`time=…|hostname=…`) or CEF; null where the text is none of them. */
export function readCheckpointRecord(text: string): CheckpointRecord | null {
  const cef = text.includes('CEF:') ? cefPairs(parseCef(text)) : null;
  const pairs = cef ?? bracketPairs(text) ?? pipePairs(text);
  return pairs === null ? null : { at: (field) => known(pairs.get(field) ?? '') };
}

type Pairs = ReadonlyMap<string, string>;

/** Fields of the exporter itself, at least two of which no other source has. */
const ownFields: readonly string[] = [
  'loguid',
  'originsicname',
  'origin_sic_name',
  '__policy_id_tag',
  'ifdir',
  'sequencenum',
  'layer_uuid',
  'rule_uid',
  'origin',
  'product',
];

function isOwn(pairs: Pairs): boolean {
  return ownFields.filter((field) => pairs.has(field)).length >= 2;
}

function bracketPairs(text: string): Pairs | null {
  const open = text.search(/\[(?:Fields@|[\w .-]{1,64}::?")/);
  if (open < 0) return null;
  const body = text.slice(open + 1);
  // The older exporter writes structured data of RFC 5424: `[Fields@1.3.6.1.4.1.2620 src="…" dst="…"]`.
  const pairs = body.startsWith('Fields@') ? parseKeyValues(body) : colonPairs(body);
  return isOwn(pairs) ? pairs : null;
}

// `key:"text"; ` and `key::"text"; `; in the text `\]` and `\"` stand for themselves.
function colonPairs(body: string): Pairs {
  const pairs = new Map<string, string>();
  for (const [, key = '', value = ''] of body.matchAll(/(?:^|; ?)([\w .-]{1,64})::?"((?:[^"\\]|\\.)*)"/gs)) {
    pairs.set(key, value.replace(/\\(["\\\]])/g, '$1'));
  }
  return pairs;
}

function pipePairs(text: string): Pairs | null {
  const start = text.search(/\b(?:time|hostname|loguid)=[^|]{0,256}\|/);
  if (start < 0) return null;
  const pairs = new Map<string, string>();
  for (const part of text.slice(start).split('|')) {
    const equals = part.indexOf('=');
    if (equals > 0) pairs.set(part.slice(0, equals), part.slice(equals + 1));
  }
  return isOwn(pairs) ? pairs : null;
}

function cefPairs(cef: CefRecord | null): Pairs | null {
  if (cef === null || cef.vendor !== 'Check Point') return null;
  const pairs = new Map<string, string>([['product', cef.product]]);
  for (const [key, value] of cef.extension) pairs.set(cefNames.get(key) ?? key, value);
  return pairs;
}

// Log Exporter, CEF field mapping.
const cefNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    rt: 'time',
    act: 'action',
    spt: 's_port',
    dpt: 'service',
    in: 'received_bytes',
    out: 'sent_bytes',
    suser: 'src_user_name',
    request: 'resource',
  }),
);
