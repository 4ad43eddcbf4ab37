import type { Actor } from '../audit/index.ts';
import type { Fault, Result } from '../base/index.ts';
import type { Endpoint, Scope } from './contract/index.ts';
import type { RequestFault } from './problems.ts';
import type { Session } from './sessions.ts';

/** Who calls, as the token says; `person` is the id. */
export interface Caller {
  readonly actor: Actor;
  readonly person: string;
  readonly scopes: readonly Scope[];
  /** What a fresh secret of the credential changes; sessions that were opened with the old one are over then. */
  readonly seal: string;
}

/** What makes an act happen once: the caller's key and the digest of the body it came with. */
export interface Once {
  readonly key: string;
  readonly digest: string;
}

/** One request, checked and read. `ifMatch` is the place of the last entry that the caller knew, null where it did not say. */
export interface Call<Params, Query, Body> {
  readonly caller: Caller | null;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly ifMatch: number | null;
  readonly once: Once | null;
  readonly requestId: string;
  readonly door: Door;
}

/** Where browsers come in and go out: opening a session sets its cookie, ending it takes the cookie away. */
export interface Door {
  /** The session that the call came by, null where it came by a token. */
  readonly session: Session | null;
  /** Opens one for whoever holds a token. Faults: `token_refused`, `origin_refused`, `too_many_attempts`. */
  open(token: string): Promise<Result<{ readonly session: Session; readonly caller: Caller }, RequestFault>>;
  end(): void;
  /** Who a token belongs to that is shown again with an act. Faults: `token_refused`, `too_many_attempts`. */
  prove(token: string): Promise<Result<Caller, RequestFault>>;
}

/** An answer, with the place of the last entry that it shows where it is of one subject. */
export interface Answered<Answer> {
  readonly body: Answer;
  readonly seq?: number;
  /** False when what was done is in force and not yet written down. */
  readonly isDurable?: boolean;
  /** False when the enforcement point did not say yet that it lives by what was done. */
  readonly isConfirmed?: boolean;
  /** Whether it was done before, under the same idempotency key. */
  readonly isReplay?: boolean;
}

/** Answers calls of one endpoint. */
export type Handler<E> =
  E extends Endpoint<infer Params, infer Query, infer Body, infer Answer>
    ? (call: Call<Params, Query, Body>) => Promise<Result<Answered<Answer>, Fault>>
    : never;

/** A handler for every endpoint of a contract. */
export type Handlers<Endpoints> = { readonly [Id in keyof Endpoints]: Handler<Endpoints[Id]> };
