import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrust, type Trust, type TrustOptions } from '../../src/trust/index.ts';

/** A folder with trust files, a log that is kept, and every Trust that was made in it; `close` ends all of it. */
export interface TrustSetup {
  readonly folder: string;
  readonly log: readonly string[];
  /** The clock of every Trust made here; moves only when a test moves it. Starts at the real time. */
  readonly clock: { nowMs: number; now(): number };
  /** Writes a file by rename and gives its path. */
  write(name: string, text: string): Promise<string>;
  start(options: Omit<TrustOptions, 'clock' | 'log'>): Promise<Trust>;
  close(): Promise<void>;
}

/** Makes a {@link TrustSetup} in a temporary folder. */
export async function createTrustSetup(): Promise<TrustSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-trust-'));
  const log: string[] = [];
  const started: Trust[] = [];
  const clock = {
    nowMs: Date.now(),
    now(): number {
      return clock.nowMs;
    },
  };
  const line = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  return {
    folder,
    log,
    clock,
    async write(name, text) {
      await writeFile(join(folder, `${name}.new`), text);
      await rename(join(folder, `${name}.new`), join(folder, name));
      return join(folder, name);
    },
    async start(options) {
      const trust = await createTrust({ clock, log: { info: line, warn: line, error: line }, ...options });
      started.push(trust);
      return trust;
    },
    async close() {
      for (const trust of started) await trust.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits for a notice, at most 5 s; keeps the process alive meanwhile, which a Trust's own watching does not. */
export function nextNotice(subscribe: (listener: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no notice within 5 s')), 5_000);
    const stop = subscribe(() => {
      clearTimeout(timer);
      stop();
      resolve();
    });
  });
}
