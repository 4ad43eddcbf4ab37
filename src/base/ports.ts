/** The time: whole milliseconds since the Unix epoch. The only way in which pure rooms learn the time. */
export interface Clock {
  now(): number;
}

/** Makes a ULID for an instant (epoch milliseconds): 26 characters of Crockford base32, sortable by time. */
export type NewId = (nowMs: number) => string;

/** A SHA-256 port: 32 bytes out. Pure rooms have no hashing of their own. */
export type Digest = (bytes: Uint8Array) => Uint8Array;
