/** What kind of thing a name answers. Every kind also obeys the fields of `StubManner`. */
export type StubContent =
  /** These addresses, A and AAAA by their look; another type gets NODATA. */
  | { readonly does: 'addresses'; readonly addresses: readonly string[] }
  /** One address a question, the next one each time; the count is kept for each type. */
  | { readonly does: 'flip'; readonly addresses: readonly string[] }
  /** NAME -> link-1.NAME -> ... -> link-N.NAME, which has the addresses; all in one response. */
  | { readonly does: 'chain'; readonly links: number; readonly addresses: readonly string[] }
  /** One alias; what it points at is not in the response. */
  | { readonly does: 'alias'; readonly target: string }
  /** For every name below: a DNAME, the CNAME made of it, and the addresses. */
  | { readonly does: 'dname'; readonly target: string; readonly addresses: readonly string[] }
  /** A chain of that many links whose last one points at the name again. */
  | { readonly does: 'loop'; readonly links: number }
  /** Two CNAME of one name, which RFC 1034 forbids, and the addresses at both. */
  | { readonly does: 'two_aliases'; readonly targets: readonly [string, string]; readonly addresses: readonly string[] }
  /** An address that no public name should have; with `first`, only from the second question of a type on. */
  | { readonly does: 'rebind'; readonly to: RebindTarget; readonly first?: string }
  /** That many addresses, distinct ones. */
  | { readonly does: 'many'; readonly count: number }
  /** TXT records of that many bytes in all. */
  | { readonly does: 'big'; readonly bytes: number }
  /** Nothing but a response code; NXDOMAIN and NOERROR come with an SOA, whose minimum is the `ttlSeconds` of the manner. */
  | { readonly does: 'rcode'; readonly rcode: StubRcode }
  /** A message that is made to hurt who reads it. */
  | { readonly does: 'bomb'; readonly shape: BombShape }
  /** No word. */
  | { readonly does: 'silence' }
  /** HTTPS and SVCB records, and addresses beside them. */
  | ({ readonly does: 'service' } & ServiceBinding);

/** How an answer is given, whatever it holds. */
export interface StubManner {
  /** Time to live of every record, in seconds. Default: 300. */
  readonly ttlSeconds?: number;
  /** Wait that long before the answer. Default: 0. */
  readonly delayMs?: number;
  /** Over UDP only the truncation bit, over TCP and TLS the whole. Default: false; too long for UDP is truncated anyway. */
  readonly isTruncated?: boolean;
  /** What is wrong with the answer. With `thenTruth` the true one follows at once. Default: nothing. */
  readonly lie?: StubLie;
  readonly thenTruth?: boolean;
  /** The DNS cookie (RFC 7873) of the answer, where the question has one: a good one, or one of another client. Default: none. */
  readonly cookie?: 'honest' | 'forged';
}

/** A name's behaviour: `{ does: 'flip', addresses: ['192.0.2.1', '192.0.2.2'], ttlSeconds: 0 }`. */
export type StubBehaviour = StubContent & StubManner;

/** `id`, `question`, `type`, `class` and `case` change what is repeated; `query` leaves the response bit out; `extra` adds records about other names. */
export type StubLie = 'id' | 'question' | 'type' | 'class' | 'case' | 'query' | 'extra';

/** What a rebinding answer points at; `mapped` and `nat64` hide a private address in an IPv6 one. */
export type RebindTarget = 'private' | 'metadata' | 'loopback' | 'mapped' | 'nat64';

/**
 * `self`: a name that points at itself. `ladder`: 200 pointers, each at the one before. `wide`: as many records as fit, each
 * with a name of 250 bytes behind two. `forward`: a pointer past the end. `counts`: 65,535 records said, none there.
 */
export type BombShape = 'self' | 'ladder' | 'wide' | 'forward' | 'counts';

/** Response codes that a name can answer with. */
export type StubRcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';

/** The data of an HTTPS or SVCB record (RFC 9460); priority 0 is the alias form. */
export interface ServiceBinding {
  readonly priority: number;
  /** The root, '', means the name itself. */
  readonly target: string;
  readonly alpn?: readonly string[];
  readonly ipv4hint?: readonly string[];
  readonly ipv6hint?: readonly string[];
  readonly ech?: Uint8Array;
  readonly addresses?: readonly string[];
}

/** Addresses of a rebinding answer, first the A, then the AAAA. */
export const rebindAddresses: Readonly<Record<RebindTarget, readonly [string, string]>> = {
  private: ['10.0.0.7', 'fd12:3456:789a::7'],
  metadata: ['169.254.169.254', 'fd00:ec2::254'],
  loopback: ['127.0.0.1', '::1'],
  mapped: ['10.0.0.7', '::ffff:10.0.0.7'],
  nat64: ['10.0.0.7', '64:ff9b::a00:7'],
};
