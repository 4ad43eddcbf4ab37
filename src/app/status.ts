import type { Strength } from '../identity/index.ts';
import type { SpoolCounts } from '../spool/index.ts';

/** What the point says of itself over its local socket. */
export interface PointStatus {
  readonly pid: number;
  readonly startedAt: string;
  readonly policyVersion: string | null;
  readonly ruleCount: number;
  readonly serviceCount: number;
  readonly servicesByMode: { readonly enforce: number; readonly observe: number };
  /** Observed services by the end of their observation, the nearest first; at most 50. */
  readonly observeEnds: readonly { readonly service: string; readonly until: string }[];
  /** Whether sources without an identity are let through under observation, and until when. */
  readonly unattributedUntil: string | null;
  readonly openConnections: number;
  readonly transport: TransportStatus;
  readonly localOrigins: readonly string[];
  readonly allowCleartextProofs: boolean;
  readonly records: SpoolCounts & { readonly isKeeping: boolean };
  readonly leases: readonly LeaseSourceStatus[];
  readonly problems: readonly string[];
}

/** What moves the bytes. `why` says why it is not the native one where that was left to choose; null where there is nothing to say. */
export interface TransportStatus {
  readonly driver: 'native' | 'node';
  /** Threads beside the one that decides. */
  readonly threads: number;
  readonly why: string | null;
}

/** A source of leases: what it says, and what of that counts. `from` is its path or URL; `goodAt` (ISO 8601) its last good word, or null. */
export interface LeaseSourceStatus {
  readonly name: string;
  readonly from: string;
  readonly goodAt: string | null;
  /** Addresses that it speaks of, those that it leases now, and those that are leased to two at once. */
  readonly addresses: number;
  readonly live: number;
  readonly conflicts: number;
  /** Leases that must not count, and why the first. */
  readonly refused: number;
  readonly firstRefused: string | null;
  /** Services that it names and that take none of its leases. */
  readonly unclaimed: readonly string[];
  readonly problem: string | null;
}

/** What the point says of its transparent gateway. Sums are those since the point started. */
export interface GatewayStatus {
  /** Whether the helper is there. Without it the kernel keeps what it holds. */
  readonly isConnected: boolean;
  /** Whether the kernel confirmed what is in force, and nothing that others changed is left. */
  readonly isInForce: boolean;
  /** Services that are found by a source address. */
  readonly services: number;
  /** Ranges of source addresses that belong to a service. */
  readonly sources: number;
  /** Entries that rules and grants for addresses open. */
  readonly openEntries: number;
  /** Entries that answers of DNS opened, as long as they last. */
  readonly toldEntries: number;
  /** Connections of the name plane that are open now. */
  readonly connections: number;
  /** Runs that have a link of their own; null: the configuration has no addresses for them. */
  readonly runs: RunsStatus | null;
  readonly deniedPackets: number;
  /** Packets that were dropped before anybody was asked, since the ruleset was loaded first: forged sources, no connection, begun outside. */
  readonly droppedPackets: { readonly spoofed: number; readonly invalid: number; readonly inbound: number };
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Changes of others to what the kernel holds for us. */
  readonly drifts: number;
  readonly lastDrift: DriftStatus | null;
  readonly problems: readonly string[];
}

/** Runs behind the gateway. */
export interface RunsStatus {
  /** Those that have an address now, and how many more there is room for. */
  readonly live: number;
  readonly left: number;
  /** Where their addresses are, of the families that this machine speaks. */
  readonly ranges: readonly string[];
  /** Why none can begin now; null where one can. */
  readonly problem: string | null;
}

/** What others changed in the kernel. `at` is ISO 8601, `by` is `4711 (nft)` where the kernel tells. */
export interface DriftStatus {
  readonly at: string;
  readonly seen: readonly string[];
  readonly by: string | null;
  readonly isUndone: boolean;
}

/** A flow that worked within 30 days and is refused now. Times are ISO 8601. */
export interface BrokenFlow {
  readonly service: string;
  readonly host: string;
  readonly port: number | null;
  readonly lastAllowed: string;
  readonly lastDenied: string;
  readonly reason: string | null;
}

/** Connections of the last 30 days, folded from the decision records. Shares are within 0-1, null where there was none. */
export interface ConnectionShares {
  readonly total: number;
  readonly enforced: number;
  readonly enforcedShare: number | null;
  readonly wouldDeny: number;
  readonly byStrength: Readonly<Partial<Record<Strength, number>>>;
}

/** What `exeat status` shows. `point` is null while the point is down; then everything is refused by the missing listener. */
export interface StatusReport {
  readonly point: PointStatus | null;
  readonly controlPid: number | null;
  readonly connections: ConnectionShares;
  readonly brokenFlows: readonly BrokenFlow[];
  readonly brokenFlowCount: number;
  readonly problems: readonly string[];
}
