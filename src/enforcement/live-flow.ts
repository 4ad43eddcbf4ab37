import type { Destination } from '../destination/index.ts';
import type { EvidenceSet, Principal } from '../identity/index.ts';
import type { ApprovedAddress, CompiledPolicy, PointKind, Verdict } from '../policy/index.ts';
import type { ByteMeter } from './ports.ts';

/** What a tunnel turned out to carry. `unread`: not known yet. */
export type Carried = 'unread' | 'tls' | 'http' | 'tcp' | 'unnamed-tls' | 'unknown';

/**
 * An allowed flow while it lives: all that is needed to judge it again. Mutable only by its own session and by recheck.
 * `inner` is the destination that the first bytes or the last head named, when it is not the one asked for, and `innerGrantId` the
 * grant that allows that one. `meter` counts bytes against the caps of the grants; null where none has any.
 */
export interface LiveFlow {
  readonly id: string;
  readonly point: PointKind;
  readonly source: string;
  readonly evidence: EvidenceSet;
  principal: Principal;
  readonly destination: Destination;
  verdict: Verdict;
  readonly decisionId: string;
  readonly startedAt: number;
  address: ApprovedAddress | null;
  /** The address that the client aimed at, where the answer for the name does not hold it; null for no such sign. */
  aimedAt: string | null;
  readonly isDelegated: boolean;
  carried: Carried;
  usesEch: boolean;
  inner: Destination | null;
  innerGrantId: string | null;
  meter: ByteMeter | null;
  innerHost: string;
  judgedBy: CompiledPolicy;
  trustGeneration: number;
  progressAt: number;
  /** Bytes that progress records told. */
  toldUp: number;
  toldDown: number;
}
