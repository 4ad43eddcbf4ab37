import { dnsTypes } from '../../wire/index.ts';

/** How a field of a record is written in a zone file. */
export type FieldKind = 'name' | 'u8' | 'u16' | 'u32' | 'seconds' | 'ipv4' | 'ipv6' | 'tag' | 'strings' | 'value';

/** A type of records: its number, and its fields; null where only the form of RFC 3597 is read (`\# 3 abcdef`). */
export interface RecordType {
  readonly type: number;
  readonly fields: readonly FieldKind[] | null;
}

/** Types by their mnemonic (IANA, DNS parameters). */
const recordTypes: ReadonlyMap<string, RecordType> = new Map<string, RecordType>([
  ['A', { type: dnsTypes.a, fields: ['ipv4'] }], // RFC 1035 section 3.4.1
  ['NS', { type: dnsTypes.ns, fields: ['name'] }], // RFC 1035 section 3.3.11
  ['CNAME', { type: dnsTypes.cname, fields: ['name'] }], // RFC 1035 section 3.3.1
  [
    'SOA',
    { type: dnsTypes.soa, fields: ['name', 'name', 'u32', 'seconds', 'seconds', 'seconds', 'seconds'] }, // RFC 1035 section 3.3.13
  ],
  ['PTR', { type: dnsTypes.ptr, fields: ['name'] }], // RFC 1035 section 3.3.12
  ['HINFO', { type: 13, fields: null }],
  ['MX', { type: dnsTypes.mx, fields: ['u16', 'name'] }], // RFC 1035 section 3.3.9
  ['TXT', { type: dnsTypes.txt, fields: ['strings'] }], // RFC 1035 section 3.3.14
  ['RP', { type: 17, fields: null }],
  ['AAAA', { type: dnsTypes.aaaa, fields: ['ipv6'] }], // RFC 3596
  ['LOC', { type: 29, fields: null }],
  ['SRV', { type: dnsTypes.srv, fields: ['u16', 'u16', 'u16', 'name'] }], // RFC 2782
  ['NAPTR', { type: 35, fields: null }],
  ['DNAME', { type: dnsTypes.dname, fields: ['name'] }], // RFC 6672
  ['DS', { type: 43, fields: null }],
  ['SSHFP', { type: 44, fields: null }],
  ['RRSIG', { type: 46, fields: null }],
  ['NSEC', { type: 47, fields: null }],
  ['DNSKEY', { type: 48, fields: null }],
  ['NSEC3', { type: 50, fields: null }],
  ['NSEC3PARAM', { type: 51, fields: null }],
  ['TLSA', { type: 52, fields: null }],
  ['SVCB', { type: dnsTypes.svcb, fields: null }],
  ['HTTPS', { type: dnsTypes.https, fields: null }],
  ['SPF', { type: 99, fields: ['strings'] }], // RFC 7208 section 3.1
  ['URI', { type: 256, fields: null }],
  ['CAA', { type: 257, fields: ['u8', 'tag', 'value'] }], // RFC 8659 section 4.1
]);

const numbered = /^TYPE([0-9]{1,5})$/i;

/** The type of a mnemonic (`cname`, `TYPE65`), or null. Types that only questions have (RFC 6895 section 3.1), and OPT, are none. */
export function findRecordType(word: string): RecordType | null {
  const known = recordTypes.get(word) ?? recordTypes.get(word.toUpperCase());
  if (known !== undefined) return known;
  const number = Number(numbered.exec(word)?.[1] ?? 0);
  if (number === 0 || number > 65_535 || number === dnsTypes.opt || (number >= 128 && number <= 255)) return null;
  for (const row of recordTypes.values()) if (row.type === number) return row;
  return { type: number, fields: null };
}
