import type { Kysely, Transaction } from 'kysely';

/** The tables of the ledger as the newest migration leaves them; times are epoch milliseconds. */
export interface LedgerTables {
  readonly entry: {
    /** The place in the log, from 0 without gaps. */
    readonly seq: number;
    readonly time_ms: number;
    readonly subject: string;
    readonly action: string;
    /** {@link actorText}. */
    readonly actor: string;
    /** The audit leaf: canonical JSON of the whole entry. The other columns are what of it is searched by. */
    readonly body: Uint8Array;
  };
  readonly view: {
    readonly kind: string;
    readonly id: string;
    readonly seq: number;
    readonly owner: string | null;
    readonly service: string | null;
    readonly domain: string | null;
    readonly person: string | null;
    readonly from_ms: number;
    readonly until_ms: number;
    /** JSON. */
    readonly body: string;
  };
  readonly kept_answer: {
    readonly actor: string;
    readonly key: string;
    readonly digest: string;
    readonly status: number;
    /** JSON. */
    readonly body: string;
    readonly until_ms: number;
  };
  readonly meta: { readonly key: string; readonly value: string };
}

/** Where queries go: a connection, or a transaction on it. */
export type LedgerQueries = Kysely<LedgerTables> | Transaction<LedgerTables>;
