import type { Application, InitiatorProof } from './observation.ts';

/**
 * How well the name of an edge is known, best first: `record`: on the flow's own record (SNI, Host, CONNECT); `answer`: the only name that
 * the same client was told, or seen to use, for the address in its time; `candidates`: one of several such names; `other-client`: names that
 * only other clients were told; `provider`: the address is in a provider's prefix; `address`: nothing but the address.
 */
export const nameRanks = ['record', 'answer', 'candidates', 'other-client', 'provider', 'address'] as const;

/** One of {@link nameRanks}. */
export type NameRank = (typeof nameRanks)[number];

/** How the client of a flow became a principal, first match first. `address` means that nobody knows: the principal is the address. */
export const attributions = [
  'record',
  'inventory',
  'policy-source',
  'kubernetes',
  'cloud',
  'credential',
  'user',
  'dhcp',
  'logon',
  'address',
] as const;

/** One of {@link attributions}. */
export type Attribution = (typeof attributions)[number];

/** What a client is on the map: somebody who asks, a proxy or resolver that stands for others, or somebody outside. */
export type ClientRole = 'principal' | 'proxy' | 'resolver' | 'outside';

/** Who a client was for a time. The rows of one (client, user, service) never overlap and leave no gap. */
export interface WhoRow {
  /** As on the records: canonical address, user, and the record's own word for a service; empty where there was none. */
  readonly client: string;
  readonly user: string;
  readonly service: string;
  /** Epoch milliseconds, from inclusive, until exclusive. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly principal: string;
  readonly how: Attribution;
  readonly role: ClientRole;
}

/** Flows of one principal to one destination, folded. Sums of what several kinds of logs saw are not added: the one that saw most counts. */
export interface Edge {
  readonly principal: string;
  readonly how: readonly Attribution[];
  /** Canonical name, or address where no single name is known. */
  readonly destination: string;
  readonly isName: boolean;
  /** -1 where no record said. */
  readonly port: number;
  /** IP protocol number, 0 unknown. */
  readonly protocol: number;
  readonly application: Application;
  readonly rank: NameRank;
  /** Names that the address may have had, where there is more than one or the evidence is another client's. At most 20. */
  readonly candidates: readonly string[];
  /** Addresses that asked, at most 20. */
  readonly clients: readonly string[];
  /** Addresses behind a name, at most 20. */
  readonly addresses: readonly string[];
  /** Whose the address is by the logs' own tables (`S3`), or else by a published one (`aws EC2 eu-central-1`). It names nothing. */
  readonly provider: string | null;
  readonly connections: number;
  /** Null where no record told them. */
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  /** What sources themselves refused. */
  readonly denied: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Days (UTC) with a connection, their weekdays (bit 0 Sunday) and hours of the day (UTC, bit 0 midnight), as masks. */
  readonly days: number;
  readonly weekdays: number;
  readonly hours: number;
  /** Hours of its days in which it was seen, added up. */
  readonly activeHours: number;
  readonly formats: readonly string[];
  readonly sources: readonly string[];
  readonly initiator: InitiatorProof;
  readonly isSampled: boolean;
}

/**
 * What judging needs of an edge. Every {@link Edge} is one; a lake that is asked for no more leaves lists out that cost most. `clients`
 * then holds the first only, `addresses` one where the others cannot change what is decided.
 */
export type JudgeableEdge = Pick<
  Edge,
  | 'principal'
  | 'how'
  | 'destination'
  | 'isName'
  | 'port'
  | 'protocol'
  | 'application'
  | 'rank'
  | 'candidates'
  | 'clients'
  | 'addresses'
  | 'connections'
  | 'bytesUp'
  | 'bytesDown'
  | 'denied'
  | 'firstMs'
  | 'lastMs'
  | 'initiator'
  | 'isSampled'
>;

/** The key of an edge, for joining and for a stable order: `payments-api\nbank.example\n443\n6`. */
export function edgeKey(edge: Pick<Edge, 'principal' | 'destination' | 'port' | 'protocol'>): string {
  return `${edge.principal}\n${edge.destination}\n${edge.port}\n${edge.protocol}`;
}
