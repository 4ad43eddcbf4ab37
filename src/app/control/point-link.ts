import { askLocal } from '../local-socket.ts';
import type { Logger } from '../logger.ts';

/** Control's side of the point: tells it of snapshots, and knows which version it runs. */
export interface PointLink {
  /** The version that the point said it runs; null for none, or while the point is down. */
  inForce(): string | null;
  /** Why the point did not take the last snapshot, or null. */
  problem(): string | null;
  /** Has the point load the snapshot; tries again while it is starting. Calls `onTold` once it answered. */
  tell(onTold: () => void): void;
  /** Asks the point what it runs, and tells it when that is not `written`. Gives whether it answered. */
  agree(written: string | null): Promise<boolean>;
  close(): void;
}

/** Longer than loading the largest snapshot takes. */
const applyTimeoutMs = 30_000;
const askTimeoutMs = 2_000;
const retryMs = 100;

/** Makes the link over the point's local socket. */
export function linkPoint(pointSocket: string, logger: Logger): PointLink {
  let inForce: string | null = null;
  let problem: string | null = null;
  let isTelling = false;
  let retry: NodeJS.Timeout | undefined;

  const tell = async (onTold: () => void): Promise<void> => {
    if (isTelling) return;
    isTelling = true;
    clearTimeout(retry);
    const applied = await askLocal<string>(pointSocket, 'apply', null, applyTimeoutMs);
    isTelling = false;
    if (!applied.ok && applied.fault.code === 'not_running') {
      // It is starting, or starting again: soon told, and no problem of the policy.
      retry = setTimeout(() => void tell(onTold), retryMs);
      return;
    }
    if (applied.ok) inForce = applied.value;
    const now = applied.ok ? null : `the point did not take the policy: ${applied.fault.message}`;
    if (now !== null && now !== problem) logger.error(now);
    problem = now;
    onTold();
  };
  return {
    inForce: () => inForce,
    problem: () => problem,
    tell: (onTold) => void tell(onTold),
    agree: async (written) => {
      const answer = await askLocal<{ readonly version: string | null }>(pointSocket, 'version', null, askTimeoutMs);
      inForce = answer.ok ? answer.value.version : null;
      // A point that came back runs the snapshot on disk; it is told only when that is not what was written last.
      if (answer.ok && written !== null && inForce !== written) void tell(() => undefined);
      return answer.ok;
    },
    close: () => clearTimeout(retry),
  };
}
