import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CheckpointSource,
  evidenceFile,
  type LogVerdict,
  parseVerifierKey,
  type VerifierKey,
  verifyEvidence,
  verifyLog,
} from '../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { openLogFolder, openSpoolFolder } from './log-folder.ts';
import { checkEd25519, sha256 } from './note-signer.ts';

/** What to verify; paths as given. */
export interface VerifyFolderOptions {
  readonly dir: string;
  /** A file with the key of the log; null takes `log.pub` of the folder. */
  readonly keyFile: string | null;
  /** Files with checkpoints that were kept elsewhere. */
  readonly checkpointFiles: readonly string[];
  /** Checkpoints that were read from anchors already. */
  readonly older: readonly CheckpointSource[];
  /** The spool folder; null to leave record files out. */
  readonly spool: string | null;
}

/** Of a file of checkpoints this much is read, from its end: half a million of them. */
const maxSourceBytes = 128 * 1024 * 1024;
/** Far more than a checkpoint takes. */
const maxCheckpointBytes = 65_536;
/** A running writer replaces the checkpoint once a minute and after acts; looking again this often meets a quiet moment. */
const maxLooks = 5;

/**
 * Verifies a folder: a log, or an evidence pack. While Exeat runs the folder may be written on: where its checkpoint or its files changed on
 * the way and something was found, it is looked at again. Faults: `audit_unreadable`, for what was given and cannot be read.
 */
export async function verifyFolder(options: VerifyFolderOptions): Promise<Result<LogVerdict>> {
  const { dir } = options;
  if (!existsSync(dir)) return unreadable(dir, 'there is no such folder');
  const key = await readKey(options.keyFile);
  if (!key.ok) return key;
  const kept = await readSources(options.checkpointFiles);
  if (!kept.ok) return kept;
  const older = [...options.older, ...kept.value];
  const look = (): Promise<LogVerdict> => verifyOnce(options, { key: key.value, older });
  try {
    return ok(await lookUntilQuiet(dir, look));
  } catch (error) {
    return unreadable(dir, (error as NodeJS.ErrnoException).code ?? (error as Error).message);
  }
}

function verifyOnce(
  { dir, spool }: VerifyFolderOptions,
  given: { readonly key: VerifierKey | null; readonly older: readonly CheckpointSource[] },
): Promise<LogVerdict> {
  const all = { ...given, files: openLogFolder(dir), digest: sha256, check: checkEd25519 };
  if (existsSync(join(dir, evidenceFile))) return verifyEvidence(all);
  return verifyLog({ ...all, spool: spool === null ? null : openSpoolFolder(spool) });
}

async function lookUntilQuiet(dir: string, look: () => Promise<LogVerdict>): Promise<LogVerdict> {
  for (let looks = 1; ; looks += 1) {
    const before = await readState(dir);
    const verdict = await look();
    if (verdict.findingCount === 0 || looks === maxLooks || (await readState(dir)) === before) return verdict;
  }
}

async function readKey(path: string | null): Promise<Result<VerifierKey | null>> {
  if (path === null) return ok(null);
  const text = await readText(path);
  if (!text.ok) return text;
  const key = parseVerifierKey(text.value, sha256);
  return key.ok ? key : unreadable(path, key.fault.message);
}

async function readSources(paths: readonly string[]): Promise<Result<readonly CheckpointSource[]>> {
  const sources: CheckpointSource[] = [];
  for (const path of paths) {
    const text = await readText(path);
    if (!text.ok) return text;
    sources.push({ name: path, text: text.value });
  }
  return ok(sources);
}

/** Reads the end of a text file, as much as is taken from one. Fault: `audit_unreadable`. */
export async function readText(path: string): Promise<Result<string>> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const chunk = Buffer.alloc(Math.min(size, maxSourceBytes));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, Math.max(0, size - maxSourceBytes));
      return ok(chunk.toString('utf8', 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    return unreadable(path, (error as NodeJS.ErrnoException).code ?? 'unknown');
  }
}

// The checkpoint, and the names of the files: the older tiles go only after the checkpoint is there.
async function readState(dir: string): Promise<string> {
  const files = openLogFolder(dir);
  const checkpoint = await files.read('checkpoint', maxCheckpointBytes);
  const state = createHash('sha256').update(checkpoint.kind === 'bytes' ? checkpoint.bytes : checkpoint.kind);
  for await (const path of files.list()) state.update(`\0${path}`);
  return state.digest('hex');
}

function unreadable(path: string, why: string): Result<never, Fault<'audit_unreadable'>> {
  return failed(fault('audit_unreadable', `\`${path}\` cannot be read: ${why}`));
}
