import { datagramBytes, type QueryProblem, type QueryView, rcodes, writeError, writeReply } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import type { Outcome } from './outcome.ts';

const largestBytes = 65_535;
/** More than an OPT with an extended error takes. */
const mostOptBytes = 1_024;

/** A query and where its reply goes. */
export interface Place {
  readonly query: Uint8Array;
  readonly client: DnsClient;
  readonly into: Uint8Array;
}

/** With what a query that cannot be answered is answered. */
export const problemCodes: Readonly<Record<Exclude<QueryProblem, 'drop'>, number>> = {
  form_err: rcodes.formErr,
  not_imp: rcodes.notImp,
  bad_vers: rcodes.badVers,
  refused: rcodes.refused,
  any: rcodes.refused,
};

/** Writes what a query came to; gives the length of the reply, 0 for none. */
export function writeOutcome(outcome: Outcome, view: QueryView, { query, client, into }: Place): number {
  if (outcome.kind === 'drop') return 0;
  if (outcome.kind === 'told') {
    const maxBytes = Math.min(client.maxBytes, client.transport === 'udp' ? datagramBytes(view) : largestBytes);
    return writeReply(outcome.packed, view, query, fill(outcome, into, maxBytes));
  }
  if (outcome.kind === 'again')
    return writeError(view, query, { rcode: rcodes.noError, ede: null, soa: null, into, isTruncated: true });
  return writeError(view, query, {
    rcode: outcome.rcode,
    ede: outcome.ede,
    soa: outcome.soa,
    into,
    isTruncated: false,
  });
}

// Filled again for each reply, which is written before anything else happens.
const replyOptions = {
  ageSeconds: 0,
  ttlCapSeconds: 0,
  into: new Uint8Array(0) as Uint8Array,
  maxBytes: 0,
  ede: null as Extract<Outcome, { kind: 'told' }>['ede'],
  isUnchanged: false,
};

function fill(told: Extract<Outcome, { kind: 'told' }>, into: Uint8Array, maxBytes: number): typeof replyOptions {
  replyOptions.ageSeconds = told.ageSeconds;
  replyOptions.ttlCapSeconds = told.ttlCapSeconds;
  replyOptions.into = into;
  replyOptions.maxBytes = maxBytes;
  replyOptions.ede = told.ede;
  replyOptions.isUnchanged = told.isUnchanged;
  return replyOptions;
}

/** Bytes that the reply takes at most. */
export function sizeOf(outcome: Outcome): number {
  return outcome.kind === 'told' ? Math.max(1_232, outcome.packed.bytes.length + mostOptBytes) : 1_232;
}
