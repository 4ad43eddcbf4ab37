import type { BlockingCommand, SessionEvent } from '../enforcement/index.ts';
import type { TransportOptions } from './transport.ts';

/** A blocking command of some type. */
export type Asked<T extends BlockingCommand['type']> = Extract<BlockingCommand, { readonly type: T }>;

/** Asks the verifier: the event at once when it remembers the proof, else null, and `answer` later. A verifier that throws is unavailable. */
export function askVerifier(
  options: TransportOptions,
  command: Asked<'verify'>,
  answer: (event: SessionEvent) => void,
): SessionEvent | null {
  const outcome = options.verify(command.proof, options.clock.now());
  if (!(outcome instanceof Promise)) return { type: 'verified', outcome };
  outcome.then(
    (value) => answer({ type: 'verified', outcome: value }),
    (error) => {
      options.failed('verify', error);
      answer({ type: 'verified', outcome: { kind: 'unavailable' } });
    },
  );
  return null;
}

/** Asks the resolver: the event at once when it remembers the name, else null, and `answer` later. A resolver that throws has failed. */
export function askResolver(
  options: TransportOptions,
  command: Asked<'resolve'>,
  answer: (event: SessionEvent) => void,
): SessionEvent | null {
  const outcome = options.resolve(command.name);
  if (!(outcome instanceof Promise)) return { type: 'resolved', result: outcome };
  outcome.then(
    (result) => answer({ type: 'resolved', result }),
    (error) => {
      options.failed('resolve', error);
      const fault = { code: 'resolver_failed', message: 'the resolver threw' };
      answer({ type: 'resolved', result: { ok: false, fault } });
    },
  );
  return null;
}
