/**
 * DNS queries that nobody needs to reach a destination, and that carry data well: a rule must name them (`queries: [ TXT ]`). The order is
 * that of the bits in a compiled policy: it is only ever added to.
 */
export const queryTypes = [
  'TXT',
  'MX',
  'NS',
  'SOA',
  'CAA',
  'TLSA',
  'NAPTR',
  'SSHFP',
  'DS',
  'DNSKEY',
  'URI',
  'CERT',
  'LOC',
  'HINFO',
  'SMIMEA',
  'PTR',
] as const;

/** One of {@link queryTypes}. */
export type QueryType = (typeof queryTypes)[number];

/** The bits of query types in {@link Admission.queries}. */
export function queryBits(types: readonly QueryType[]): number {
  return types.reduce((bits, type) => bits | (1 << queryTypes.indexOf(type)), 0);
}

/** Every query type there is a bit for. */
export const allQueries: number = (1 << queryTypes.length) - 1;
