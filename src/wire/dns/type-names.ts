// IANA, DNS parameters: resource record types that are in use or that a policy may want to name, and the types of queries.
const rows: readonly (readonly [number, string])[] = [
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [10, 'NULL'],
  [12, 'PTR'],
  [13, 'HINFO'],
  [14, 'MINFO'],
  [15, 'MX'],
  [16, 'TXT'],
  [17, 'RP'],
  [18, 'AFSDB'],
  [24, 'SIG'],
  [25, 'KEY'],
  [28, 'AAAA'],
  [29, 'LOC'],
  [33, 'SRV'],
  [35, 'NAPTR'],
  [36, 'KX'],
  [37, 'CERT'],
  [39, 'DNAME'],
  [41, 'OPT'],
  [42, 'APL'],
  [43, 'DS'],
  [44, 'SSHFP'],
  [45, 'IPSECKEY'],
  [46, 'RRSIG'],
  [47, 'NSEC'],
  [48, 'DNSKEY'],
  [49, 'DHCID'],
  [50, 'NSEC3'],
  [51, 'NSEC3PARAM'],
  [52, 'TLSA'],
  [53, 'SMIMEA'],
  [55, 'HIP'],
  [59, 'CDS'],
  [60, 'CDNSKEY'],
  [61, 'OPENPGPKEY'],
  [62, 'CSYNC'],
  [63, 'ZONEMD'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [99, 'SPF'],
  [108, 'EUI48'],
  [109, 'EUI64'],
  [249, 'TKEY'],
  [250, 'TSIG'],
  [251, 'IXFR'],
  [252, 'AXFR'],
  [255, 'ANY'],
  [256, 'URI'],
  [257, 'CAA'],
];

const names: ReadonlyMap<number, string> = new Map(rows);
const numbers: ReadonlyMap<string, number> = new Map(rows.map(([number, name]) => [name, number]));

/** The name of a type for people: `TXT` of 16; `TYPE65280` (RFC 3597 section 5) of one without a name here. */
export function typeName(type: number): string {
  return names.get(type) ?? `TYPE${type}`;
}

/** The number of a type that a person wrote, in any case: 16 of `txt` and of `TYPE16`. Null: there is no such type. */
export function typeNumber(text: string): number | null {
  const name = text.toUpperCase();
  const known = numbers.get(name);
  if (known !== undefined) return known;
  const digits = /^TYPE(0|[1-9][0-9]{0,4})$/.exec(name)?.[1];
  return digits === undefined || Number(digits) > 0xffff ? null : Number(digits);
}
