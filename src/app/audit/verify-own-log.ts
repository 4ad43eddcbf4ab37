import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../audit/index.ts';
import type { Clock } from '../../base/index.ts';
import { escapeControls } from '../../base/index.ts';
import { openLogFolder } from './log-folder.ts';
import { verifyFolder } from './verify-folder.ts';

/** What control found when it read all files of its log. `size` is null where no checkpoint could be read. */
export interface OwnVerdict {
  readonly atMs: number;
  readonly size: number | null;
  readonly findingCount: number;
  /** The first 20, safe to show. */
  readonly findings: readonly Finding[];
}

/** Verification of the log that this process writes itself. */
export interface OwnVerification {
  /** Verifies, or joins who does. What was found in the last minute is told again where no file was touched since. Never rejects. */
  verify(): Promise<OwnVerdict>;
  /** The last verdict, null for none since the start, and whether there will be another soon. */
  status(): { readonly verdict: OwnVerdict | null; readonly isRunning: boolean };
}

/** What it needs. `newest` is the signed text of the last checkpoint that this process knows it wrote: null for none. */
export interface OwnVerificationOptions {
  readonly dir: string;
  readonly newest: () => string | null;
  readonly clock: Clock;
}

const mostFindings = 20;
// Names of files are as long as somebody liked.
const mostTextLength = 400;
// A disk that forgets does not say so: a verdict is told again without work only for as long as somebody presses twice.
const freshMs = 60_000;

/**
 * Verifies a log from within, one verification at a time. It goes tile by tile and waits for the disk at each, so what else the process does
 * goes on. It takes `log.pub` of the folder and holds the newest checkpoint of this process against it, so that a log which was rewritten
 * or cut since then shows; proof for others is what they do elsewhere.
 */
export function createOwnVerification(options: OwnVerificationOptions): OwnVerification {
  let last: { readonly verdict: OwnVerdict; readonly state: string; readonly doneMs: number } | null = null;
  let running: Promise<OwnVerdict> | null = null;
  const run = async (): Promise<OwnVerdict> => {
    const state = await readTouched(options.dir);
    if (last !== null && last.state === state && performance.now() - last.doneMs < freshMs) return last.verdict;
    const verdict = await look(options);
    last = { verdict, state, doneMs: performance.now() };
    return verdict;
  };
  return {
    verify: () => {
      running ??= run().finally(() => {
        running = null;
      });
      return running;
    },
    status: () => ({ verdict: last?.verdict ?? null, isRunning: running !== null }),
  };
}

async function look({ dir, newest, clock }: OwnVerificationOptions): Promise<OwnVerdict> {
  const note = newest();
  const older = note === null ? [] : [{ name: 'the last checkpoint of control', text: note }];
  const verified = await verifyFolder({ dir, keyFile: null, checkpointFiles: [], older, spool: null });
  const atMs = clock.now();
  if (!verified.ok) {
    const finding: Finding = { kind: 'unreadable', file: 'the folder of the log', says: verified.fault.message };
    return { atMs, size: null, findingCount: 1, findings: [toShow(finding)] };
  }
  const { size, findingCount, findings } = verified.value;
  return { atMs, size, findingCount, findings: findings.slice(0, mostFindings).map(toShow) };
}

function toShow({ kind, file, says }: Finding): Finding {
  return { kind, file: cut(file), says: cut(says) };
}

function cut(text: string): string {
  const safe = escapeControls(text.slice(0, mostTextLength));
  return text.length > mostTextLength ? `${safe}…` : safe;
}

/** Which files there are, and when each was last touched by anybody: writing sets that time, and nobody but the system can set it back. */
async function readTouched(dir: string): Promise<string> {
  const state = createHash('sha256');
  try {
    for await (const path of openLogFolder(dir).list()) {
      const { size, ctimeNs, ino } = await lstat(join(dir, path), { bigint: true });
      state.update(`${path}\0${size}\0${ctimeNs}\0${ino}\0`);
    }
  } catch {
    // Something went while it was listed, or cannot be read: that is for the verification to tell, and no state is like another.
    return `unreadable at ${performance.now()}`;
  }
  return state.digest('hex');
}
