/** What Sysmon keeps of an answer. */
export interface SysmonAnswers {
  readonly type: string;
  readonly addresses: readonly { readonly address: string; readonly ttlSeconds: null }[];
  readonly aliases: readonly string[];
}

/**
 * Reads `QueryResults`: `type:  5 cdn.example.net;::ffff:192.0.2.1;2001:db8::1;`, records of other types by number, addresses bare and
 * IPv4 mapped into IPv6. The kind of question is not on the record: it is taken from the answers, and A without any.
 */
export function readSysmonAnswers(results: string): SysmonAnswers {
  const parts = results.split(';').map(readPart);
  const addresses = parts.filter(({ value }) => isAddress(value)).map(({ value }) => value);
  const others = parts.filter(({ value }) => value !== '' && !isAddress(value));
  return {
    type: typeOf(addresses, others),
    addresses: addresses.map((address) => ({ address, ttlSeconds: null })),
    aliases: others.filter(({ type }) => type === cname).map(({ value }) => value),
  };
}

/** A record of an answer: its type by number, empty for a bare address. */
interface Part {
  readonly type: string;
  readonly value: string;
}

const cname = '5';

function readPart(part: string): Part {
  const typed = /^\s*type:\s*(\d{1,5})\s+(.*)$/.exec(part);
  const value = (typed?.[2] ?? part).trim().replace(/^::ffff:(?=\d+\.)/i, '');
  return { type: typed?.[1] ?? '', value: value === '-' ? '' : value };
}

function typeOf(addresses: readonly string[], others: readonly Part[]): string {
  if (addresses.length > 0) return addresses.every((address) => address.includes(':')) ? 'AAAA' : 'A';
  return others.map(({ type }) => typeNames[type]).find((name) => name !== undefined) ?? 'A';
}

/** `QueryStatus` is an error code of Windows; those of DNS are 9000 and the RCODE (winerror.h). Null for others, such as 1460, no answer. */
export function codeOfQueryStatus(status: string): string | null {
  return codes.get(status) ?? null;
}

const codes: ReadonlyMap<string, string> = new Map([
  ['0', 'NOERROR'],
  ['9001', 'FORMERR'],
  ['9002', 'SERVFAIL'],
  ['9003', 'NXDOMAIN'],
  ['9004', 'NOTIMP'],
  ['9005', 'REFUSED'],
  // The name is there, records of this type are not.
  ['9501', 'NOERROR'],
  ['9701', 'NOERROR'],
]);

const typeNames: Readonly<Record<string, string | undefined>> = {
  1: 'A',
  2: 'NS',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  65: 'HTTPS',
};

function isAddress(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:.]*$/i.test(text);
}
