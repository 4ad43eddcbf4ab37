import type { KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Clock } from '../../base/index.ts';
import { type Directory, type ExceptionState, listGrants, offlineSigners } from '../../exceptions/index.ts';
import type { GrantList, Tiers } from '../../policy/index.ts';
import { writeGrants } from '../../snapshot/index.ts';
import { askLocal } from '../local-socket.ts';
import type { Logger } from '../logger.ts';

/** Gives points the grants of now. */
export interface GrantPublisher {
  /** Writes and tells, as soon as what is under way is done. */
  publish(): void;
  /** Of the last list that a point confirmed. */
  confirmed(): number;
  /** Of the last list that was made. */
  sequence(): number;
  /** Why the last list is not in force everywhere, or null. */
  problem(): string | null;
  close(): void;
}

/** What a publisher works with. */
export interface GrantPublisherOptions {
  readonly path: string;
  readonly sequencePath: string;
  readonly pointSocket: string;
  readonly signingKey: KeyObject;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly states: () => Iterable<ExceptionState>;
  readonly directory: () => Directory;
  readonly tiers: () => Promise<Tiers>;
}

const retryMs = 1_000;
const askTimeoutMs = 20_000;

/** Makes the publisher. One list at a time; what changes meanwhile is in the next. */
export function createGrantPublisher(options: GrantPublisherOptions): GrantPublisher {
  let sequence = readSequence(options.sequencePath);
  let confirmed = 0;
  let problem: string | null = null;
  let isRunning = false;
  let isAgain = false;
  let retry: NodeJS.Timeout | null = null;
  let isClosed = false;

  const say = (text: string | null): void => {
    if (text !== null && text !== problem) options.logger.error(text);
    problem = text;
  };
  const once = async (): Promise<boolean> => {
    sequence = Math.max(options.clock.now(), sequence + 1);
    const list = await makeList(options, sequence);
    keepSequence(options.sequencePath, sequence);
    const written = await writeGrants({ path: options.path, list, signingKey: options.signingKey });
    if (!written.ok) {
      say(written.fault.message);
      // What ended must not wait for the disk.
      const ids = list.ended.map(({ id }) => id);
      await askLocal(options.pointSocket, 'revoke', { ids, sequence }, askTimeoutMs);
      return false;
    }
    const told = await askLocal<{ readonly sequence: number }>(options.pointSocket, 'apply-grants', null, askTimeoutMs);
    if (told.ok) confirmed = told.value.sequence;
    say(told.ok ? null : `the point did not take the grants: ${told.fault.message}`);
    return told.ok;
  };
  const run = async (): Promise<void> => {
    if (isRunning || isClosed) {
      isAgain = true;
      return;
    }
    isRunning = true;
    isAgain = false;
    if (retry !== null) clearTimeout(retry);
    const isDone = await once().catch((error: unknown) => {
      say(`grants could not be given to the point (${(error as Error).message})`);
      return false;
    });
    isRunning = false;
    if (isClosed) return;
    if (isAgain) void run();
    else if (!isDone) retry = setTimeout(() => void run(), retryMs);
  };
  return {
    publish: () => void run(),
    confirmed: () => confirmed,
    sequence: () => sequence,
    problem: () => problem,
    close: () => {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
    },
  };
}

async function makeList(options: GrantPublisherOptions, sequence: number): Promise<GrantList> {
  const tiers = await options.tiers();
  const nowMs = options.clock.now();
  return {
    sequence,
    createdAtMs: nowMs,
    ...listGrants(options.states(), nowMs),
    offline: offlineSigners(options.directory(), tiers, nowMs),
  };
}

// Rises even when the clock is set anew: points never take an older list.
function readSequence(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

function keepSequence(path: string, sequence: number): void {
  try {
    writeFileSync(path, String(sequence), { mode: 0o600 });
  } catch {
    // A full disk: the clock keeps the next one higher all the same, unless it is set back before it is written.
  }
}
