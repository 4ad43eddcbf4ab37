/** A text kept once in a {@link TextTable}; 0 is "nothing on the record". */
export type TextId = number;

/** What kind of name the record itself carried, best first. `reverse` is a reverse look-up by the logger, which proves nothing. */
export const nameKinds = ['none', 'reverse', 'host', 'url', 'connect', 'sni'] as const;

/** One of {@link nameKinds}. */
export type NameKind = (typeof nameKinds)[number];

/** What the connection spoke, as far as the record says: `tunnel` is a CONNECT whose inside the logger did not see. */
export const applications = ['unknown', 'tls', 'http', 'tunnel', 'dns', 'other'] as const;

/** One of {@link applications}. */
export type Application = (typeof applications)[number];

/** How it is known who opened the connection: the record says so, TCP flags show it, or the ports suggest it. */
export const initiatorProofs = ['stated', 'flags', 'ports'] as const;

/** One of {@link initiatorProofs}. */
export type InitiatorProof = (typeof initiatorProofs)[number];

/** Where a record was taken, for flows that are logged at both ends or in both directions by one system. */
export const vantages = ['only', 'source', 'destination'] as const;

/** One of {@link vantages}. */
export type Vantage = (typeof vantages)[number];

/** IP protocol numbers (IANA) by the names that logs use. */
export const ipProtocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, ipv6icmp: 58, sctp: 132 };

/**
 * One flow record, filled by a parser and read once by the fold. Reused: a parser writes into the one that `beginFlow` gives.
 * `client` is the side that opened the connection, whatever side the record was written for. Unknown is not zero: bytes are -1.
 */
export interface FlowDraft {
  /** First and last instant, epoch milliseconds; equal where the record has one time only. */
  startMs: number;
  endMs: number;
  /** Address of who asked, as on the record; 0 where the source never says (one machine's own log). */
  client: TextId;
  /** Who asked by name: user or credential of a proxy. */
  user: TextId;
  /** The record's own word for a service of ours: Exeat's principal, Smokescreen's role, a Kubernetes workload `namespace/name`. */
  service: TextId;
  /** Address of the destination, and its name on the same record, as written there. One of them must be set. */
  address: TextId;
  name: TextId;
  nameKind: NameKind;
  /** Whose address it is by the source's own tables (`S3`, `google-cloud-storage`); 0 unknown. A prefix, no name. */
  provider: TextId;
  /** Port of the destination; -1 unknown, 0 for protocols without ports. */
  port: number;
  /** IP protocol number; 0 unknown. */
  protocol: number;
  application: Application;
  /** From client to destination, and back; -1 where the record does not say. */
  bytesUp: number;
  bytesDown: number;
  /** How many connections the record stands for; 0 for an interim record of one that is counted elsewhere. */
  connections: number;
  /** The source itself refused it: counted apart, adds neither connections nor bytes. */
  isDenied: boolean;
  /** The record is the reply direction of a flow that another record describes; sides and bytes are already swapped. */
  isReply: boolean;
  initiator: InitiatorProof;
  vantage: Vantage;
  /** The source wrote down one in so many; 1 for all. Counts and bytes are already scaled. */
  sampledOneIn: number;
}

/** One DNS question with what was answered; texts as on the record. */
export interface DnsObservation {
  readonly timeMs: number;
  /** Address of who asked; null where the record does not say. A resolver in front shows here instead of its clients. */
  readonly client: string | null;
  /** The queried name, never the end of a CNAME chain. */
  readonly name: string;
  /** `A`, `AAAA`, `HTTPS`, …; upper case. */
  readonly type: string;
  /** `NOERROR`, `NXDOMAIN`, …; null where the record has none. */
  readonly code: string | null;
  /** Addresses of the answer. `null`: this record cannot tell answers; empty: there was none. */
  readonly addresses: readonly { readonly address: string; readonly ttlSeconds: number | null }[] | null;
  /** Names of the chain between the question and the addresses, in order. */
  readonly aliases: readonly string[];
  /** The resolver refused or replaced the answer by its own rules. */
  readonly isDenied: boolean;
  /** Which resolver answered: its address or name; null where not said. */
  readonly resolver: string | null;
  /** The record's own word for a service of ours, as {@link FlowDraft.service}; null where it has none. */
  readonly service?: string | null;
}

/** An address that belonged to somebody for a time: a DHCP lease, a log-on, a pod, a cloud interface. */
export interface LeaseObservation {
  readonly address: string;
  /** The workload or user: `payments/api`, `i-0abc`, `jane`. */
  readonly holder: string;
  readonly kind: 'workload' | 'host' | 'user' | 'proxy' | 'resolver';
  /** Epoch milliseconds; null: open on that side. */
  readonly fromMs: number | null;
  readonly untilMs: number | null;
  readonly origin: 'kubernetes' | 'cloud' | 'dhcp' | 'logon';
}

/** An endpoint that configuration names: intended, seen or not. Holds no secret: only host, port, scheme and place. */
export interface DeclaredEndpoint {
  /** Best guess of the service: workload, compose service, job, folder; null where nothing says. */
  readonly service: string | null;
  /** Canonical name or address, a pattern with `*` where the file has a hole (`*.blob.example`), or a prefix (`203.0.113.0/24`). */
  readonly host: string;
  /** Null where neither the file nor the scheme says. */
  readonly port: number | null;
  readonly scheme: string | null;
  /** Path as given to ingest, and line from 1. */
  readonly file: string;
  readonly line: number;
  /** `stated`: written as an endpoint; `found`: a URL in some text; `implied`: the tool's default (the npm registry). */
  readonly confidence: 'stated' | 'found' | 'implied';
  /** The key or attribute that held it: `DATABASE_URL`, `spec.externalName`. Never its value. */
  readonly key: string | null;
  /** A schedule (cron text) on which the service runs, where the file has one. */
  readonly schedule: string | null;
}

/** Takes what parsers find. `text` and `span` keep a text once and give its id; `-` is not special: parsers know their nulls. */
export interface ObservationSink {
  text(text: string): TextId;
  span(bytes: Uint8Array, start: number, end: number): TextId;
  /** As `span`, of an IPv4 address of four plain parts (`203.0.113.7`), whose 32 bits, not all zero, the parser has read already. */
  quad(quad: number, bytes: Uint8Array, start: number, end: number): TextId;
  /** The draft, reset to "nothing known": fill it, then call {@link endFlow}. */
  beginFlow(): FlowDraft;
  /** Judges and counts the draft. `taken`, or why not (bad address, time from the future, no destination). */
  endFlow(): LineOutcome;
  answer(observation: DnsObservation): LineOutcome;
  lease(observation: LeaseObservation): LineOutcome;
  declare(endpoint: DeclaredEndpoint): void;
}

/** What became of a line: `taken`, or a code of {@link skips} or {@link rejects}. */
export type LineOutcome = 'taken' | SkipCode | RejectCode;

/** Lines that were understood and are no flow. */
export const skips = {
  header: 'a header or comment',
  not_network: 'an event that is no connection and no question',
  no_data: 'the source says that it has nothing to tell (NODATA, SKIPDATA, no statistics yet)',
  challenge: 'a challenge for credentials (407), after which the client asks again',
  repeated: 'the same flow is told by another record of this source (its start, its other end)',
  inbound: 'the source says that it came in from outside',
  no_destination: 'the record never says where to (aborted before its head, no server name)',
} as const;

/** One of {@link skips}. */
export type SkipCode = keyof typeof skips;

/** Lines that could not be used. */
export const rejects = {
  other_format: 'not of this format',
  bad_fields: 'too few fields, or one that must be there is missing',
  bad_time: 'a time that cannot be read',
  bad_address: 'an address that is none',
  bad_prefix: 'a prefix with a length that cannot be, with bits set past it, or of every address',
  bad_name: 'a host that is no name and no address',
  bad_number: 'a number that cannot be read, is negative or too large',
  bad_json: 'no JSON, or cut short',
  future_time: 'more than a day in the future: a wrong clock or time zone',
  no_header: 'a row without the header line that names its fields, which may be in another part of the log',
  too_long: 'longer than the limit of a record',
  binary: 'bytes that are no text',
  truncated: 'the input ends in the middle of the record',
} as const;

/** One of {@link rejects}. */
export type RejectCode = keyof typeof rejects;

/** Whether an outcome is a reject, which counts against the share of lines that were understood. */
export function isReject(outcome: LineOutcome): outcome is RejectCode {
  return Object.hasOwn(rejects, outcome);
}
