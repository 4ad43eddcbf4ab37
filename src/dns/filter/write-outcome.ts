import { datagramBytes, type QueryProblem, type QueryView, rcodes, writeError, writeReply } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import type { ExtendedReason, Outcome } from './outcome.ts';
import type { AnsweredCookie } from './server-cookies.ts';

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

/** Writes what a query came to, with a cookie for a client that sent one; gives the length of the reply, 0 for none. */
export function writeOutcome(outcome: Outcome, view: QueryView, place: Place, cookie: AnsweredCookie | null): number {
  const { query, client, into } = place;
  if (outcome.kind === 'drop') return 0;
  const cookieBytes = cookie === null ? null : cookie.bytes;
  if (outcome.kind === 'again') {
    const again = { rcode: rcodes.noError, ede: null, soa: null, into, isTruncated: true };
    return writeError(view, query, { ...again, cookie: cookieBytes });
  }
  const isProven = client.transport !== 'udp' || cookie?.isProven === true;
  const ede = edeFor(outcome.ede, isProven);
  if (outcome.kind === 'told') {
    const options = fill(outcome, into, maxBytesFor(client, view));
    options.ede = ede;
    options.cookie = cookieBytes;
    return writeReply(outcome.packed, view, query, options);
  }
  const { rcode, soa } = outcome;
  return writeError(view, query, { rcode, ede, soa, cookie: cookieBytes, into, isTruncated: false });
}

function maxBytesFor({ transport, maxBytes }: DnsClient, view: QueryView): number {
  return Math.min(maxBytes, transport === 'udp' ? datagramBytes(view) : largestBytes);
}

function edeFor(ede: ExtendedReason | null, isProven: boolean): ExtendedReason | null {
  return ede === null || isProven || ede.isForProven !== true ? ede : { code: ede.code, text: '' };
}

// Filled again for each reply, which is written before anything else happens.
const replyOptions = {
  ageSeconds: 0,
  ttlCapSeconds: 0,
  into: new Uint8Array(0) as Uint8Array,
  maxBytes: 0,
  ede: null as ExtendedReason | null,
  cookie: null as Uint8Array | null,
  isUnchanged: false,
};

function fill(told: Extract<Outcome, { kind: 'told' }>, into: Uint8Array, maxBytes: number): typeof replyOptions {
  replyOptions.ageSeconds = told.ageSeconds;
  replyOptions.ttlCapSeconds = told.ttlCapSeconds;
  replyOptions.into = into;
  replyOptions.maxBytes = maxBytes;
  replyOptions.isUnchanged = told.isUnchanged;
  return replyOptions;
}

/** Bytes that the reply takes at most. */
export function sizeOf(outcome: Outcome): number {
  return outcome.kind === 'told' ? Math.max(1_232, outcome.packed.bytes.length + mostOptBytes) : 1_232;
}
