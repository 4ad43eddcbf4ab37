import type { Config } from '../config/index.ts';

/** What the supervisor tells a child. `start` comes first and once. */
export type ToChild =
  | { readonly kind: 'start'; readonly config: Config; readonly attempt: number }
  | { readonly kind: 'reload' }
  | { readonly kind: 'stop' };

/**
 * What a child tells the supervisor. `listening`: it serves; `addresses` by name, such as `{ proxy: '127.0.0.1:3128' }`.
 * `failed`: it cannot start, one line that says why and what to do; the child ends by itself.
 */
export type FromChild =
  | {
      readonly kind: 'listening';
      readonly addresses: Readonly<Record<string, string>>;
      /** One-time links that this start made, to be told to whoever started it. */
      readonly founding?: readonly { readonly role: string; readonly secret: string }[];
    }
  | {
      readonly kind: 'ready';
      readonly policyVersion: string | null;
      readonly says: string;
      /** Whether a policy is in force or was refused; false while the point does not answer yet. */
      readonly isSettled: boolean;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** What a child does with what it is told. */
export interface ChildWork {
  start(config: Config): Promise<void>;
  reload(): void;
  stop(): Promise<void>;
}

/** Tells the supervisor. Nothing happens when it is gone: its absence ends this process anyway. */
export function tellSupervisor(message: FromChild): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/**
 * Runs a child of the supervisor: does what it is told, and ends when told to, when asked by a signal, or when the supervisor is gone.
 * A terminal sends SIGINT and SIGHUP to the whole group; the supervisor alone judges those, so that children end in order.
 */
export function runChild(work: ChildWork): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), stopBoundMs).unref();
    void work.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
  process.on('message', (message: ToChild) => {
    if (message.kind === 'stop') stop();
    else if (message.kind === 'reload') work.reload();
    else void work.start(message.config).catch((error: unknown) => failStart(error));
  });
}

/** The exit code of a child that asks to be started again (sysexits.h, EX_TEMPFAIL). */
export const restartExitCode = 75;

/** Ends a child after its work, so that the supervisor starts it again at once. */
export function restartChild(stop: () => Promise<void>): void {
  const end = (): never => process.exit(restartExitCode);
  setTimeout(end, stopBoundMs).unref();
  void stop().then(end, end);
}

/** Ends a child that cannot start: the supervisor prints the line. */
export function failStart(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const end = (): void => process.exit(1);
  if (!process.connected || process.send === undefined) end();
  else process.send({ kind: 'failed', message } satisfies FromChild, undefined, undefined, end);
}

// `exeat up` must end within 2 s of a signal, its children a little earlier.
const stopBoundMs = 1_500;
