import { known, parseJsonRecord, recordOf } from './json-record.ts';
import { parseKeyValues } from './key-values.ts';

/** A record of an NSS feed by the keys that its template gave; `at` is the raw text of one key, empty where it has none. */
export interface ZscalerRecord {
  at(key: string): string;
}

/** What a record tells of; each has keys that the others lack. */
export type ZscalerDataset = 'web' | 'firewall' | 'dns';

/** Reads a record of the vendor's own templates: JSON with or without its envelope, or tab-parted `key=value`. Null for others. */
export function readZscalerRecord(text: string): ZscalerRecord | null {
  if (!text.startsWith('{')) return readPairs(text);
  const outer = parseJsonRecord(text);
  const record = recordOf(outer?.['event']) ?? outer;
  return record === null ? null : { at: (key) => scalar(record[key]) };
}

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function readPairs(text: string): ZscalerRecord | null {
  if (!/\t[a-zA-Z_]+=/.test(text)) return null;
  const pairs = parseKeyValues(text, '\t');
  const [head = ''] = text.split('\t', 1);
  // The web template puts its time first, without a key.
  return { at: (key) => pairs.get(key) ?? (key === 'datetime' && !head.includes('=') ? head : '') };
}

/** Which feed a record is of; null where it is none of Zscaler's. */
export function datasetOf(record: ZscalerRecord): ZscalerDataset | null {
  const found = datasetKeys.find(([, keys]) =>
    keys.every((alternatives) => alternatives.some((key) => record.at(key) !== '')),
  );
  return found?.[0] ?? null;
}

// Every list must have one of its keys. NSS names first, then those of the vendor's templates.
const datasetKeys: readonly (readonly [ZscalerDataset, readonly (readonly string[])[]])[] = [
  [
    'dns',
    [
      ['req', 'ereq', 'dns_req'],
      ['reqtype', 'dns_reqtype', 'reqaction', 'dns_resp', 'res', 'resaction'],
    ],
  ],
  [
    'firewall',
    [
      ['csip', 'tsip'],
      ['cdip', 'sdip', 'cdfqdn', 'ssip', 'cdport'],
    ],
  ],
  [
    'web',
    [
      [
        'requestsize',
        'responsesize',
        'reqsize',
        'respsize',
        'transactionsize',
        'totalsize',
        'requestmethod',
        'reqmethod',
        'ClientIP',
      ],
      ['url', 'eurl', 'hostname', 'host', 'ehost'],
    ],
  ],
];

/** The first of some keys that has a value, percent-encoding undone; empty where none has. */
export function firstValue(record: ZscalerRecord, keys: readonly string[]): string {
  for (const key of keys) {
    const value = known(record.at(key));
    if (value !== '' && value !== 'NONE') return decodePercent(value);
  }
  return '';
}

function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
