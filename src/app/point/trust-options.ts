import type { Clock } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { TrustLog, TrustOptions } from '../../trust/index.ts';
import type { Logger } from '../logger.ts';

/** What trust is made from, by the configuration. */
export function toTrustOptions(config: Config, clock: Clock, logger: Logger): TrustOptions {
  return { clock, log: toTrustLog(logger), credentials: config.credentials, issuers: config.issuers, tls: config.tls };
}

function toTrustLog(logger: Logger): TrustLog {
  return {
    info: (fields, message) => logger.info(message, fields),
    warn: (fields, message) => logger.warn(message, fields),
    error: (fields, message) => logger.error(message, fields),
  };
}
