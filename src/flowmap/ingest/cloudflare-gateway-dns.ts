import type { DnsObservation } from '../observation.ts';
import { addressOf } from './flow-facts.ts';
import { type JsonRecord, known, listOf, textAt } from './json-record.ts';

/** A record of the Gateway DNS dataset. Its answers have no time to live: it is only in the wire form of `RData`. */
export function cloudflareAnswerOf(record: JsonRecord, timeMs: number): DnsObservation {
  const code = textAt(record, 'RCode');
  const type = textAt(record, 'QueryTypeName') || textAt(record, 'QueryType');
  return {
    timeMs,
    client: addressOf(textAt(record, 'SrcIP')) || null,
    name: textAt(record, 'QueryName'),
    type: (types.get(type) ?? type).toUpperCase(),
    code: code === '' ? null : (codes.get(code) ?? code.toUpperCase()),
    addresses: Array.isArray(record['ResolvedIPs'])
      ? textsOf(record['ResolvedIPs'])
          .filter((address) => addressOf(address) !== '')
          .map((address) => ({ address, ttlSeconds: null }))
      : null,
    aliases: textsOf(record['CNAMEs']),
    isDenied: /^(?:blocked|override)/i.test(textAt(record, 'ResolverDecision')),
    resolver: null,
  };
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value)
    .map((item) => (typeof item === 'string' ? known(item) : ''))
    .filter((item) => item !== '');
}

// IANA DNS parameters: RCODEs and resource record types.
const codes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '0': 'NOERROR',
    '1': 'FORMERR',
    '2': 'SERVFAIL',
    '3': 'NXDOMAIN',
    '4': 'NOTIMP',
    '5': 'REFUSED',
  }),
);
const types: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '1': 'A',
    '2': 'NS',
    '5': 'CNAME',
    '12': 'PTR',
    '15': 'MX',
    '16': 'TXT',
    '28': 'AAAA',
    '33': 'SRV',
    '64': 'SVCB',
    '65': 'HTTPS',
  }),
);
