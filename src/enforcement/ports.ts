import type { Result } from '../base/index.ts';
import type { ByteBudget } from '../behaviour/index.ts';
import type { IpAddress } from '../destination/index.ts';
import type { ProofVerifier } from '../identity/index.ts';
import type { DecisionRecord } from '../policy/index.ts';

/** What a name resolved to: every address of both families, and for how long the answer holds. */
export interface Resolution {
  readonly addresses: readonly IpAddress[];
  readonly ttlSeconds: number;
}

/**
 * Resolves names; answers at once (not a promise) what it remembers. Made by `dns/`. Never throws or rejects; a failure is a fault with the
 * internal cause in `message`.
 */
export interface Resolver {
  resolve(name: string): Result<Resolution> | Promise<Result<Resolution>>;
  /** Whether our answer for `name`, still in force, holds `address`; for tunnels asked for by address that name a server. */
  holds(name: string, address: IpAddress): boolean;
}

/** What a service was told of a name: addresses that it may now try to reach. */
export interface ToldAnswer {
  readonly service: string;
  readonly name: string;
  readonly addresses: readonly IpAddress[];
  readonly ttlSeconds: number;
  /** Whether the answer is recorded, whether its flow is asked for or not. */
  readonly isRecorded: boolean;
  /** The flow that the answer is recorded under; it is recorded by being asked for, if it would not be. */
  flow(): string;
}

/** Learns what services were told, before they are told it. Made by `gateway/`. */
export interface AnswerSink {
  /** Settles with whether the addresses can be reached now; the reply waits for it. Never rejects. */
  confirm(told: ToldAnswer): Promise<boolean>;
}

/** Takes records. `false` means that the record was not kept (disk or budget full) and was counted as lost. Never throws. */
export interface RecordSink {
  write(record: DecisionRecord): boolean;
  /** Whether a record written now would be kept. */
  readonly isKeeping: boolean;
}

/** Counts the bytes of a flow against what justifies it: gives how many of those that are about to pass may. */
export type ByteMeter = Pick<ByteBudget, 'take'>;

/** The budgets of capped grants. Made by `app`. */
export interface BudgetBook {
  /** What counts the bytes under a grant; null where it has no cap. */
  meterOf(grantId: string): ByteMeter | null;
}

/** A book for listeners whose grants, if any, have no caps. */
export const noBudgets: BudgetBook = { meterOf: () => null };

/** Verifies a presented proof, as `trust/` does; what a driver is handed, so that it needs to know no identities. */
export type VerifyProof = ProofVerifier['verify'];
