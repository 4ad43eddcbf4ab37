import { pino } from 'pino';

/** Where processes write what happened. `facts` are bounded and hold no secrets, no proofs and no rule text of others. */
export interface Logger {
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Makes a logger that writes JSON lines to stderr under the name of its process: `supervisor`, `point`, `control`. */
export function createLogger(process: string): Logger {
  // Written at once: a line that explains an end must not be lost in a buffer when the process ends.
  const sink = pino(
    { base: { process }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    info: (message, facts) => sink.info(facts ?? {}, message),
    warn: (message, facts) => sink.warn(facts ?? {}, message),
    error: (message, facts) => sink.error(facts ?? {}, message),
  };
}
