import type { KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../base/index.ts';
import { type Directory, type ExceptionState, listGrants, offlineSigners } from '../../exceptions/index.ts';
import type { GrantList } from '../../policy/index.ts';
import { writeGrants } from '../../snapshot/index.ts';
import { askLocal } from '../local-socket.ts';
import type { Logger } from '../logger.ts';
import { createLatestRunner } from './latest-runner.ts';

/** Gives points the grants of now. */
export interface GrantPublisher {
  /** Writes and tells, as soon as what is under way is done. */
  publish(): void;
  /** Settles when the point took a list that was made after the last `publish`, or after 5 s. Gives whether it took one. */
  inForce(): Promise<boolean>;
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
  /** How many people sign an offline break-glass. */
  readonly quorum: () => Promise<number>;
}

const retryMs = 1_000;
// A point that is down takes the list when it starts; nobody waits for that. One that is busy is waited for as long as a caller may be.
const inForceMs = 5_000;
const askTimeoutMs = 20_000;
const endsFirstMs = 20;

/** Makes the publisher. One list at a time; what changes meanwhile is in the next. */
export function createGrantPublisher(options: GrantPublisherOptions): GrantPublisher {
  let sequence = readSequence(options.sequencePath);
  let confirmed = 0;
  let problem: string | null = null;
  let ended: ReadonlySet<string> = new Set();
  const say = (text: string | null): void => {
    if (text !== null && text !== problem) options.logger.error(text);
    problem = text;
  };
  const publish = async (): Promise<boolean> => {
    sequence = Math.max(options.clock.now(), sequence + 1);
    const list = await makeList(options, sequence);
    keepSequence(options.sequencePath, sequence);
    // At once, and not when ten thousand grants were written and read: the list that comes says the same.
    const ending = endGrants(
      options.pointSocket,
      list.ended.filter(({ id }) => !ended.has(id)),
      sequence - 1,
    );
    // Spelling out the list takes the processor; what ends is on its way before.
    await Promise.race([ending, sleep(endsFirstMs, null, { ref: false })]);
    const [written] = await Promise.all([
      writeGrants({ path: options.path, list, signingKey: options.signingKey }),
      ending,
    ]);
    if (!written.ok) {
      say(written.fault.message);
      // What ended must not wait for the disk.
      await endGrants(options.pointSocket, list.ended, sequence);
      return false;
    }
    ended = new Set(list.ended.map(({ id }) => id));
    const told = await askLocal<{ readonly sequence: number }>(options.pointSocket, 'apply-grants', null, askTimeoutMs);
    if (told.ok) confirmed = told.value.sequence;
    say(told.ok ? null : `the point did not take the grants: ${told.fault.message}`);
    return told.ok;
  };
  const runner = createLatestRunner({
    run: publish,
    failed: (error) => say(`grants could not be given to the point (${(error as Error).message})`),
    retryMs,
    doneWithinMs: inForceMs,
  });
  return {
    publish: runner.ask,
    inForce: runner.done,
    confirmed: () => confirmed,
    sequence: () => sequence,
    problem: () => problem,
    close: runner.close,
  };
}

// With ids of 26 letters half of what a question to the point holds; after each of them it looks at every connection.
const mostAtOnce = 16_000;

/** Ends grants at the point until a list after `sequence` is there. */
async function endGrants(pointSocket: string, ended: GrantList['ended'], sequence: number): Promise<void> {
  for (const [why, some] of Map.groupBy(ended, (one) => one.why)) {
    for (let from = 0; from < some.length; from += mostAtOnce) {
      const ids = some.slice(from, from + mostAtOnce).map(({ id }) => id);
      await askLocal(pointSocket, 'end-grants', { ids, why, sequence }, askTimeoutMs);
    }
  }
}

async function makeList(options: GrantPublisherOptions, sequence: number): Promise<GrantList> {
  const quorum = await options.quorum();
  const nowMs = options.clock.now();
  return {
    sequence,
    createdAtMs: nowMs,
    ...listGrants(options.states(), nowMs),
    offline: offlineSigners(options.directory(), quorum, nowMs),
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
