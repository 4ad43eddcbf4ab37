import { type Digest, encodeBase64 } from '../../base/index.ts';
import type { Entry } from '../entry.ts';
import type { CheckSignature, VerifierKey } from '../signed-note.ts';
import { createTreeHasher } from '../tree-hasher.ts';
import { createEntryCheck } from './check-entries.ts';
import { createFindings, type Finding } from './finding.ts';
import type { LogFiles, SpoolFolder } from './log-files.ts';
import { type CheckpointSource, compareOlder, readOlderCheckpoints } from './older-checkpoints.ts';
import { readHead } from './read-head.ts';
import { verifyExtras } from './verify-extras.ts';
import { createSpoolCheck, type SpoolVerdict } from './verify-spool.ts';
import { verifyTiles } from './verify-tiles.ts';

/** What is verified, and with what. */
export interface VerifyLogOptions {
  readonly files: LogFiles;
  readonly digest: Digest;
  readonly check: CheckSignature;
  /** The key that the auditor brought; null takes `log.pub` of the folder, which whoever rewrites the folder can replace. */
  readonly key: VerifierKey | null;
  /** Older checkpoints that were kept elsewhere: without any, truncation and rewriting cannot be told. */
  readonly older: readonly CheckpointSource[];
  /** The spool folder, to compare record files with their seals; null to leave it out. */
  readonly spool: SpoolFolder | null;
}

/** What verification found. Without findings, everything that the checkpoint covers is as it was when it was signed. */
export interface LogVerdict {
  readonly kind: 'log' | 'evidence';
  readonly origin: string | null;
  /** Entries that the checkpoint covers, and the root of their tree in base64; null where no checkpoint could be read. */
  readonly size: number | null;
  readonly root: string | null;
  /** First and last entry that was read, null for none. */
  readonly first: Pick<Entry, 'seq' | 'time'> | null;
  readonly last: Pick<Entry, 'seq' | 'time'> | null;
  /** How many entries an older checkpoint covers that holds: none of them was removed or rewritten since it was kept. */
  readonly anchored: number;
  /** The time of the first entry that no older checkpoint covers; null when all are covered, or there is none. */
  readonly unanchoredSince: string | null;
  /** Files of a write that had not come to its checkpoint: they fit, and no signature covers them yet. */
  readonly pastCheckpoint: number;
  readonly spool: SpoolVerdict | null;
  readonly findings: readonly Finding[];
  /** All findings, also those past the ones that are kept. */
  readonly findingCount: number;
}

/**
 * Verifies a log offline: reads everything that the folder holds and accounts for it. Memory is a tile of each level, however long the log is.
 * The answer is the verdict; nothing is thrown for what the folder holds.
 */
export async function verifyLog(options: VerifyLogOptions): Promise<LogVerdict> {
  const { files, digest, check, key: given } = options;
  const findings = createFindings();
  const hasher = createTreeHasher(digest);
  const { key, checkpoint } = await readHead({ files, digest, check, key: given, findings });
  const older = key === null ? [] : readOlderCheckpoints(options.older, key, { check, findings });
  const sizes = new Set(older.map((one) => one.size));
  const spool = options.spool === null ? null : createSpoolCheck(options.spool, findings);
  const seen = createWitness(sizes);
  const entries = createEntryCheck(findings, (entry) => {
    seen.onEntry(entry);
    spool?.onEntry(entry);
  });
  const size = checkpoint?.size ?? 0;
  const pastCheckpoint = await verifyExtras({ files, size, hasher, findings });
  const roots =
    checkpoint === null
      ? new Map<number, Uint8Array>()
      : await verifyTiles({ files, checkpoint, hasher, findings, entries, sizes });
  const anchored = compareOlder(checkpoint === null ? [] : older, size, { roots, findings });
  const spoolVerdict = spool === null ? null : await spool.verdict();
  return {
    kind: 'log',
    origin: checkpoint?.origin ?? key?.name ?? null,
    size: checkpoint?.size ?? null,
    root: checkpoint === null ? null : encodeBase64(checkpoint.root),
    ...seen.ends(),
    anchored,
    unanchoredSince: anchored === size ? null : (seen.timeOf(anchored) ?? null),
    pastCheckpoint,
    spool: spoolVerdict,
    findings: findings.kept(),
    findingCount: findings.count(),
  };
}

/** Remembers the ends of what was read, and the times of entries at which an older checkpoint may end. @internal */
export function createWitness(sizes: ReadonlySet<number>): {
  onEntry(entry: Entry): void;
  ends(): Pick<LogVerdict, 'first' | 'last'>;
  timeOf(seq: number): string | undefined;
} {
  const times = new Map<number, string>();
  let first: Pick<Entry, 'seq' | 'time'> | null = null;
  let last: Pick<Entry, 'seq' | 'time'> | null = null;
  return {
    onEntry: ({ seq, time }) => {
      first ??= { seq, time };
      last = { seq, time };
      if (seq === 0 || sizes.has(seq)) times.set(seq, time);
    },
    ends: () => ({ first, last }),
    timeOf: (seq) => times.get(seq),
  };
}
