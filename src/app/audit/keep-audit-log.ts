import { type LeafSource, readCheckpoint, renderVerifierKey } from '../../audit/index.ts';
import { type Clock, encodeBase64, type Fault, type Result } from '../../base/index.ts';
import type { AnchorConfig } from '../../config/index.ts';
import { createSigningKey } from '../../snapshot/index.ts';
import type { Logger } from '../logger.ts';
import type { StatePaths } from '../state-folder.ts';
import { createAnchors } from './anchors/create-anchors.ts';
import { type AnchorStatus, keepAnchors } from './anchors/keep-anchors.ts';
import { createNoteSigner } from './note-signer.ts';
import { openTileFiles } from './tile-files.ts';
import { createTileWriter, type TileWriter, type WriteTilesFault, type WrittenCheckpoint } from './tile-writer.ts';

/** What the audit log is kept with. */
export interface AuditLogOptions {
  readonly paths: Pick<StatePaths, 'keys' | 'audit' | 'auditTemporary'>;
  readonly leaves: LeafSource;
  readonly anchors: readonly AnchorConfig[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two writes without an act, in milliseconds. Default: 60,000. */
  readonly everyMs?: number;
}

// What widens is refused while the last write failed, so a mended disk is noticed soon.
const retryMs = 1_000;
// A busy day has thousands, and any one of them vouches for all entries before it: anchors are where all are kept.
const mostPublished = 100;

/** A checkpoint that was handed to the anchors. `root` is base64. */
export interface PublishedCheckpoint {
  readonly atMs: number;
  readonly size: number;
  readonly root: string;
  readonly note: string;
}

/** How the files of the audit log are. */
export interface AuditLogStatus {
  /** The last checkpoint on disk; null before the first. */
  readonly size: number | null;
  /** Its signed text, and the key that signed it, as `log.pub` holds it. */
  readonly note: string | null;
  readonly publicKey: string;
  readonly writtenAtMs: number | null;
  /** Why the last write failed; null when it did not. */
  readonly lastError: string | null;
  readonly anchors: readonly AnchorStatus[];
}

/** The files of the audit log, kept up to the store. */
export interface AuditLog {
  /** Writes what was committed, signs it, and hands the checkpoint to the anchors. To be called after each act of a person. */
  write(): Promise<Result<WrittenCheckpoint, WriteTilesFault>>;
  status(): AuditLogStatus;
  /** The last 100 checkpoints since the start, the newest first. */
  published(): readonly PublishedCheckpoint[];
  /** Writes once more, and ends. */
  close(): Promise<void>;
}

/**
 * Keeps the files of the audit log: writes them at once, after each act, and every 60 s. A failing write or anchor is told by `status` and
 * in the log, and tried again. Faults: `key_unreadable`. Rejects when the folders cannot be made.
 */
export async function keepAuditLog(options: AuditLogOptions): Promise<Result<AuditLog, Fault>> {
  const { paths, leaves, clock, logger, everyMs = 60_000 } = options;
  const key = await createSigningKey(paths.keys, 'audit');
  if (!key.ok) return key;
  const files = await openTileFiles(paths.audit, paths.auditTemporary);
  const signer = createNoteSigner(key.value);
  const writer = createTileWriter({ files, leaves, signer });
  const anchors = keepAnchors(createAnchors(options.anchors, clock), { clock, logger });
  const published: PublishedCheckpoint[] = [];
  let retry: NodeJS.Timeout | undefined;
  const publicKey = renderVerifierKey(signer.key);
  let said: Omit<AuditLogStatus, 'anchors'> = { size: null, note: null, publicKey, writtenAtMs: null, lastError: null };
  const write: TileWriter['write'] = async () => {
    clearTimeout(retry);
    const written = await writer.write();
    if (!written.ok) {
      clearTimeout(retry);
      retry = setTimeout(() => void write(), retryMs).unref();
      if (said.lastError !== written.fault.message) logger.error(written.fault.message);
      said = { ...said, lastError: written.fault.message };
      return written;
    }
    const { size, note } = written.value;
    said = { size, note, publicKey, writtenAtMs: clock.now(), lastError: null };
    if (note !== published[0]?.note) {
      anchors.publish(written.value);
      published.unshift({ atMs: clock.now(), size, root: rootOf(note), note });
      published.length = Math.min(published.length, mostPublished);
    }
    return written;
  };
  const timer = setInterval(() => void write(), everyMs);
  timer.unref();
  await write();
  return {
    ok: true,
    value: {
      write,
      status: () => ({ ...said, anchors: anchors.status() }),
      published: () => [...published],
      close: async () => {
        clearInterval(timer);
        await write();
        clearTimeout(retry);
        await anchors.close();
      },
    },
  };
}

function rootOf(note: string): string {
  const checkpoint = readCheckpoint(note);
  return checkpoint.ok ? encodeBase64(checkpoint.value.root) : '';
}
