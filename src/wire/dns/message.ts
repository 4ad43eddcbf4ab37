/** A time to live in seconds; one with the top bit set was read as 0 (RFC 2181 section 8). */
export type TtlSeconds = number;

/**
 * A resource record. `name` is text as the wire spells it (case kept), without the last dot; the root is ''. Every name inside `data` is
 * spelled out, so that the record may be written anywhere.
 */
export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: TtlSeconds;
  readonly data: Uint8Array;
}

/** What a message asks; `name` as in a record. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** The OPT record (RFC 6891). */
export interface DnsEdns {
  readonly payloadBytes: number;
  readonly version: number;
  readonly isDnssecOk: boolean;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
}

/** A whole message, for everything but the answering of queries from memory. `rcode` has the bits of EDNS in it. */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  readonly rcode: number;
  readonly question: DnsQuestion | null;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** Without OPT. */
  readonly additionals: readonly DnsRecord[];
  readonly edns: DnsEdns | null;
}

/** Types of records that something here is said of (IANA, DNS parameters). */
export const dnsTypes = {
  a: 1,
  ns: 2,
  cname: 5,
  soa: 6,
  ptr: 12,
  mx: 15,
  txt: 16,
  aaaa: 28,
  srv: 33,
  dname: 39,
  opt: 41,
  svcb: 64,
  https: 65,
  tsig: 250,
  ixfr: 251,
  axfr: 252,
  any: 255,
} as const;

/** The class of the Internet; no other is answered. */
export const internetClass = 1;

/** Response codes (RFC 1035, RFC 6891). */
export const rcodes = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;
