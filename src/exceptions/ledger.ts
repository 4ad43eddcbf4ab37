import type { Entry, JsonObject, JsonValue, NewEntry } from '../audit/index.ts';
import type { Fault, Result } from '../base/index.ts';

/**
 * What was folded of a subject, kept so that it can be found without folding everything: a cache of entries, never more. `seq` is the last
 * entry that it holds. The keys are what lists are asked by; times are epoch milliseconds.
 */
export interface View {
  readonly kind: ViewKind;
  readonly id: string;
  readonly seq: number;
  readonly keys: ViewKeys;
  readonly body: JsonObject;
}

/** The kinds of views. */
export type ViewKind = 'exception' | 'person' | 'token' | 'key' | 'passkey';

/** What views are found by; null where a kind has no such thing. */
export interface ViewKeys {
  readonly owner: string | null;
  readonly service: string | null;
  /** The registrable domain, or the address, of the destination. */
  readonly domain: string | null;
  readonly person: string | null;
  /** From when and until when it may still matter to a decision or to a duty (a review that is due). */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A view before its entries have places: `seq` is filled in by the commit. */
export type NewView = Omit<View, 'seq'>;

/** An answer that is kept, so that a request which is sent twice acts once. `digest` is that of the request's body. */
export interface KeptAnswer {
  readonly actor: string;
  readonly key: string;
  readonly digest: string;
  readonly status: number;
  readonly body: JsonValue;
  readonly untilMs: number;
}

/** What is written together or not at all. */
export interface Commit {
  readonly nowMs: number;
  readonly entries: readonly NewEntry[];
  readonly views: readonly NewView[];
  /** The last entry of each subject as the writer knew it, null for none: another one in between is a conflict. */
  readonly expected: readonly { readonly subject: string; readonly seq: number | null }[];
  readonly answer: KeptAnswer | null;
}

/** Why nothing was written. */
export type LedgerFaultCode = 'ledger_conflict' | 'ledger_unavailable';

/**
 * Which views are listed, in the order of their ids (which are made with the time): every field narrows. `after` is the id of the last
 * one of the page before; at most 1,000 a page.
 */
export interface ViewQuery {
  readonly kind: ViewKind;
  readonly owner?: string;
  readonly service?: string;
  readonly domain?: string;
  readonly person?: string;
  /** Those whose time touches this span, its ends included: what was in force at an instant has both at it. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly order: 'oldest' | 'newest';
  readonly after: string | null;
  readonly most: number;
}

/**
 * The one log of acts with what was folded from it. Append-only: nothing is ever changed or deleted but views, which can be made again.
 * INVARIANT: an entry is its own audit leaf, and what `commit` answered survives a kill of the process and of the machine.
 */
export interface Ledger {
  /** Writes all or nothing, durably, and gives the entries with their places. Faults: `ledger_conflict`, `ledger_unavailable`. */
  commit(commit: Commit): Promise<Result<readonly Entry[], Fault<LedgerFaultCode>>>;
  /** The entries of a subject in order. */
  entriesOf(subject: string): Promise<readonly Entry[]>;
  /** Entries by place, newest or oldest first, of one kind of action (`exception.`) or all; at most 1,000. `actor` is `person/ana` or `system/control`. */
  entries(query: {
    readonly actionPrefix?: string;
    readonly subject?: string;
    readonly actor?: string;
    readonly sinceMs?: number;
    readonly untilMs?: number;
    readonly after: number | null;
    readonly order: 'oldest' | 'newest';
    readonly most: number;
  }): Promise<readonly Entry[]>;
  view(kind: ViewKind, id: string): Promise<View | null>;
  views(query: ViewQuery): Promise<readonly View[]>;
  /** The same page without what was folded, for who has most of that at hand. */
  viewHeads(query: ViewQuery): Promise<readonly Pick<View, 'id' | 'seq'>[]>;
  /** Views by their ids, at most 1,000, those that there are in any order. */
  viewsOf(kind: ViewKind, ids: readonly string[]): Promise<readonly View[]>;
  keptAnswer(actor: string, key: string, nowMs: number): Promise<KeptAnswer | null>;
}
