import type { FilePart } from './file-part.ts';
import { type KeySet, selectKeys, type TokenKey } from './key-set.ts';

/** What a token's header says of its key. */
export interface KeyHint {
  readonly alg: string;
  readonly kid: string | null;
}

/** Keys that may fit; `unknown`: the issuer has no such key; `unavailable`: that cannot be told now. */
export type KeyAnswer =
  | { readonly kind: 'keys'; readonly keys: readonly TokenKey[] }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable' };

/** The keys of one issuer. */
export interface KeySource {
  keysFor(hint: KeyHint, nowMs: number): KeyAnswer | Promise<KeyAnswer>;
  /** Whether the key with this thumbprint is still in force. */
  holds(thumbprint: string, nowMs: number): boolean;
  /** How many keys are in force. */
  count(nowMs: number): number;
}

/** Keys from a JWKS file. */
export function createFileKeySource(part: FilePart<KeySet>): KeySource {
  return {
    keysFor: (hint) => (part.value === null ? { kind: 'unavailable' } : answerFrom(part.value, hint)),
    holds: (thumbprint) => hasKey(part.value, thumbprint),
    count: () => part.value?.keys.length ?? 0,
  };
}

/** The answer that a key set gives. */
export function answerFrom(set: KeySet, hint: KeyHint): KeyAnswer {
  const keys = selectKeys(set, hint);
  return keys.length === 0 ? { kind: 'unknown' } : { kind: 'keys', keys };
}

/** Whether a set holds the key with this thumbprint. */
export function hasKey(set: KeySet | null, thumbprint: string): boolean {
  return set?.keys.some((key) => key.thumbprint === thumbprint) ?? false;
}
