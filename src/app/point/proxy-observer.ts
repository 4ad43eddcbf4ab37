import type { ProxyObserver } from '../../enforcement/index.ts';
import type { Logger } from '../logger.ts';
import type { PointMetrics } from './point-metrics.ts';

/** Turns what a listener tells into metrics, and into log lines where somebody must look. Never logs a proof. */
export function createProxyObserver(metrics: PointMetrics, logger: Logger): ProxyObserver {
  return {
    opened: metrics.opened,
    // Bytes are counted from close records, open connections are read from the listener.
    closed: () => undefined,
    challenged: metrics.challenged,
    proofFailed: metrics.proofFailed,
    refused: metrics.refused,
    // Verdicts are counted from their records, so that metrics and records agree.
    verdict: () => undefined,
    unreachable: (failure, service, cause) => {
      metrics.unreachable(failure);
      logger.warn('a destination was not reached', { failure, service, cause });
    },
    recordLost: metrics.recordLost,
    failed: (where, error) => {
      metrics.failed();
      logger.error('deciding failed, the flow was denied', {
        where,
        cause: error instanceof Error ? error.stack : String(error),
      });
    },
  };
}
