/** Plain data, as JSON holds it. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** An object of {@link JsonValue}. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/**
 * Who acted. A person by an API token (`credential` is the token's id), by an enrolled key or by an enrolled passkey (its id); or a part of the product by
 * itself (`control`, `policy`, `point`, `setup`).
 */
export type Actor =
  | {
      readonly kind: 'person';
      readonly id: string;
      readonly via: 'token' | 'key' | 'passkey';
      readonly credential: string;
    }
  | { readonly kind: 'system'; readonly part: string };

/**
 * One act, before it has a place in the log. `subject` is what it is about (`exception/01J…`, `person/ana`, `policy`), `action` what
 * happened to it (`exception.submitted`); `details` are plain data, never a secret.
 */
export interface NewEntry {
  readonly subject: string;
  readonly action: string;
  readonly actor: Actor;
  readonly details: JsonObject;
}

/**
 * One act in the log: the event that state is folded from and the audit leaf are the same entry. `seq` counts from 0 without gaps
 * and is the index of its leaf; `time` is RFC 3339, UTC, with milliseconds.
 */
export interface Entry extends NewEntry {
  readonly v: 1;
  readonly seq: number;
  readonly time: string;
}

/** The bytes of leaves by index: canonical JSON (RFC 8785) of entries. What is not committed is not there. */
export interface LeafSource {
  /** How many leaves are committed. */
  size(): Promise<number>;
  /** Leaves from `from` (included) to `until` (excluded), at most 10,000 at a time. */
  leaves(from: number, until: number): Promise<readonly Uint8Array[]>;
}
