// The door of `audit`: entries, the Merkle log over them, and its verification.
export type { Actor, Entry, JsonObject, JsonValue, LeafSource, NewEntry } from './entry.ts';
