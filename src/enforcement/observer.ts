import type { ProofFailure, Strength } from '../identity/index.ts';
import type { Reason, Verdict } from '../policy/index.ts';

/** Is told what a proxy listener does, for metrics and the log. Labels are bounded: services, modes, reasons, strengths. */
export interface ProxyObserver {
  opened(): void;
  closed(bytesUp: number, bytesDown: number): void;
  challenged(): void;
  proofFailed(why: ProofFailure | 'unavailable'): void;
  /** A request or tunnel was refused; `service` is null where it was never known. */
  refused(reason: Reason, service: string | null): void;
  verdict(verdict: Verdict, service: string, strength: Strength): void;
  /** An allowed flow never reached its destination. `cause` is internal, for the log only. */
  unreachable(failure: 'resolver_failed' | 'upstream_unreachable', service: string, cause: string): void;
  /** A record was not kept. */
  recordLost(): void;
  /** A broken invariant inside Exeat; the flow was denied or reset. */
  failed(where: string, error: unknown): void;
}

const nothing = (): void => undefined;

/** An observer that listens to nothing; the default. */
export const silentObserver: ProxyObserver = {
  opened: nothing,
  closed: nothing,
  challenged: nothing,
  proofFailed: nothing,
  refused: nothing,
  verdict: nothing,
  unreachable: nothing,
  recordLost: nothing,
  failed: nothing,
};
