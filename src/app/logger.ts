import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { pino } from 'pino';
import { terminalLine } from './terminal-line.ts';

/** Where processes write what happened. `facts` are bounded and hold no secrets, no proofs and no rule text of others. */
export interface Logger {
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
}

/**
 * Makes a logger on stderr, or on another descriptor, under the name of its process: `supervisor`, `point`, `control`. JSON lines, or lines for people where
 * stderr is a terminal.
 */
export function createLogger(process: string, descriptor: number = stderr): Logger {
  return isatty(descriptor) ? createTerminalLogger(process) : createJsonLogger(process, descriptor);
}

const stderr = 2;

function createTerminalLogger(process: string): Logger {
  const write = (level: string, message: string, facts: Readonly<Record<string, unknown>>): void => {
    try {
      writeSync(stderr, terminalLine({ level, process, message, facts, at: Date.now() }));
    } catch {
      // The terminal is gone or does not keep up (EIO, EAGAIN): a line for people is no reason to end or to wait.
    }
  };
  return {
    info: (message, facts = {}) => write('info', message, facts),
    warn: (message, facts = {}) => write('warn', message, facts),
    error: (message, facts = {}) => write('error', message, facts),
  };
}

function createJsonLogger(process: string, descriptor: number): Logger {
  // Written at once: a line that explains an end must not be lost in a buffer when the process ends.
  const sink = pino(
    { base: { process }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: descriptor, sync: true }),
  );
  return {
    info: (message, facts) => sink.info(facts ?? {}, message),
    warn: (message, facts) => sink.warn(facts ?? {}, message),
    error: (message, facts) => sink.error(facts ?? {}, message),
  };
}
