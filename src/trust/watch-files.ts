import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TrustLog } from './trust-options.ts';

/** What to watch. */
export interface WatchFilesOptions {
  readonly paths: readonly string[];
  /** Called after files changed; not again before it has settled. */
  readonly onChange: () => Promise<void>;
  readonly pollIntervalMs: number;
  readonly log: TrustLog;
}

/** Writers that replace several files at once (a certificate and its key) get this long to finish. */
const debounceMs = 100;

/**
 * Watches files by their folders (a rename over a file, or a swapped symbolic link, is seen there) and by comparing
 * identity, size and times on a timer, since notices get lost. Both only ask for a comparison. Does not keep the process alive.
 */
export async function watchFiles(options: WatchFilesOptions): Promise<{ close(): Promise<void> }> {
  let seen = await printAll(options.paths);
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();
  let isClosed = false;
  const compare = async (): Promise<void> => {
    const now = await printAll(options.paths);
    if (isClosed || now === seen) return;
    seen = now;
    await options.onChange();
  };
  const soon = (): void => {
    if (timer !== null || isClosed) return;
    timer = setTimeout(() => {
      timer = null;
      running = running.then(compare);
    }, debounceMs);
    timer.unref();
  };
  const poll = setInterval(soon, options.pollIntervalMs);
  poll.unref();
  const watchers = watchFolders(options, soon);
  return {
    async close() {
      isClosed = true;
      clearInterval(poll);
      if (timer !== null) clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      await running;
    },
  };
}

function watchFolders(options: WatchFilesOptions, soon: () => void): readonly FSWatcher[] {
  const watchers: FSWatcher[] = [];
  for (const folder of new Set(options.paths.map((path) => dirname(path)))) {
    const giveUp = (error: unknown): void =>
      options.log.warn(
        { folder, cause: (error as NodeJS.ErrnoException).code },
        'no notices for this folder, comparing on a timer',
      );
    try {
      const watcher = watch(folder, { persistent: false }, soon);
      watcher.on('error', giveUp);
      watchers.push(watcher);
    } catch (error) {
      giveUp(error);
    }
  }
  return watchers;
}

async function printAll(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(printOf))).join('|');
}

async function printOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
