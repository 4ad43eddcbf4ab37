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
  readonly localOrigins: readonly string[];
  readonly allowCleartextProofs: boolean;
  readonly records: SpoolCounts & { readonly isKeeping: boolean };
  readonly problems: readonly string[];
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
