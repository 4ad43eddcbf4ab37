import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecisionRecord } from '../../policy/index.ts';
import { readSpool, type SpoolCursor } from '../../spool/index.ts';
import type { Logger } from '../logger.ts';
import { foldGrantUse, type NearGrants } from './grant-usage.ts';
import { createUsage, foldVerdict, pruneUsage, type Usage, usageFromJson, usageToJson } from './usage.ts';

/** Follows the spool and keeps usage. */
export interface UsageKeeper {
  current(): Usage;
  /** Settles when everything that was on disk at the call has been folded. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

const saveMs = 10_000;
const followMs = 200;

/** What following needs beside the records. */
export interface UsageKeeperOptions {
  readonly logger: Logger;
  readonly nearGrants: NearGrants;
  /** Is told of every record, once or, after a kill, twice. */
  readonly onRecord: (record: DecisionRecord) => void;
}

/** What is kept between runs: usage and how far into the spool it reaches, in one file, so that they never disagree. */
interface Kept {
  readonly usage: Usage;
  readonly cursor: SpoolCursor | null;
}

/**
 * Folds the spool in `spoolFolder` into usage and keeps it in `folder`. Each record counts once: the cursor is saved with the sums,
 * and what was folded after the last save is folded again from the same point.
 */
export function keepUsage(spoolFolder: string, folder: string, options: UsageKeeperOptions): UsageKeeper {
  const { logger, nearGrants, onRecord } = options;
  const path = join(folder, 'usage.json');
  const kept = load(path);
  const usage = kept.usage;
  let cursor = kept.cursor;
  let isClosed = false;
  let isChanged = false;
  let turn: Promise<void> = Promise.resolve();

  const catchUp = async (): Promise<void> => {
    try {
      for await (const entry of readSpool(spoolFolder, cursor, {
        onGap: (gap) => logger.warn('records are missing from usage', { ...gap }),
      })) {
        if (entry.record.kind === 'verdict') foldVerdict(usage, entry.record);
        foldGrantUse(usage.grants, entry.record, nearGrants);
        onRecord(entry.record);
        cursor = entry.cursor;
        isChanged = true;
        if (isClosed) return;
      }
    } catch (error) {
      logger.error('the spool cannot be read', { cause: (error as Error).message });
    }
  };
  let waiting = 0;
  const caughtUp = (): Promise<void> => {
    waiting += 1;
    turn = turn.then(catchUp).finally(() => {
      waiting -= 1;
    });
    return turn;
  };
  const save = (): void => {
    if (!isChanged) return;
    pruneUsage(usage, Date.now());
    try {
      writeFileSync(`${path}.new`, JSON.stringify({ cursor, usage: usageToJson(usage) }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
      isChanged = false;
    } catch (error) {
      logger.error('usage cannot be saved', { path, cause: (error as NodeJS.ErrnoException).code });
    }
  };
  const follow = setInterval(() => {
    // A long history is read once, not once a tick.
    if (waiting === 0) void caughtUp();
  }, followMs);
  const saving = setInterval(save, saveMs);
  return {
    current: () => usage,
    caughtUp,
    close: async () => {
      clearInterval(follow);
      clearInterval(saving);
      isClosed = true;
      await turn;
      save();
    },
  };
}

function load(path: string): Kept {
  const nothing: Kept = { usage: createUsage(), cursor: null };
  if (!existsSync(path)) return nothing;
  try {
    const data = JSON.parse(readFileSync(path, 'utf8')) as { cursor: SpoolCursor | null; usage: string };
    const usage = usageFromJson(data.usage);
    return usage === null ? nothing : { usage, cursor: data.cursor };
  } catch {
    // A file that was cut short is made again from the spool.
    return nothing;
  }
}
