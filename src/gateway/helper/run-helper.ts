import { failed, fault, ok, type Result } from '../../base/index.ts';
import { serveHelper } from './serve-helper.ts';

/** How the helper is started, as words of a command line. */
export interface HelperStart {
  readonly socket: string | undefined;
  readonly state: string | undefined;
  /** The number of the user that may speak to the helper beside root. */
  readonly user: string | undefined;
}

// The last number stands for nobody in chown(2).
const maxUserId = 2 ** 32 - 2;

/** What the process of a helper adds. */
export interface HelperRun {
  /** Called once it serves. */
  readonly onReady: () => void;
  /** Settles when it is to end. Default: only SIGTERM and SIGINT end it. */
  readonly ended?: Promise<unknown>;
}

/**
 * Runs the helper in this process until SIGTERM, SIGINT or the end that is given. What the kernel holds stays. Faults: `helper_usage`, those of
 * {@link serveHelper}.
 */
export async function runHelper(start: HelperStart, { onReady, ended }: HelperRun): Promise<Result<null>> {
  const { socket: socketPath, state: stateFile, user } = start;
  if (socketPath === undefined || stateFile === undefined)
    return failed(fault('helper_usage', '`--socket` and `--state` are needed'));
  if (user !== undefined && !(/^\d{1,10}$/.test(user) && Number(user) <= maxUserId))
    return failed(
      fault('helper_usage', `user \`${user}\` is not a number of a user, write what \`id -u NAME\` prints`),
    );
  const helper = await serveHelper({ socketPath, stateFile, userId: user === undefined ? null : Number(user) });
  if (!helper.ok) return helper;
  const signalled = Promise.withResolvers<void>();
  process.on('SIGTERM', signalled.resolve).on('SIGINT', signalled.resolve);
  onReady();
  await Promise.race([signalled.promise, ...(ended === undefined ? [] : [ended])]);
  await helper.value.close();
  return ok(null);
}
