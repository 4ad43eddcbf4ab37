import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failed, fault, ok, type Result } from '../../base/index.ts';

/** A file of a backup: its path below the folder of the backup, with slashes. */
export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a backup holds; written last, so a folder without it is no backup. */
export interface BackupManifest {
  readonly format: 'exeat-backup';
  readonly v: 1;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** How many acts its ledger holds. */
  readonly entries: number;
  readonly withKeys: boolean;
  readonly files: readonly BackupFile[];
}

/** The name of the manifest in the folder of a backup. */
export const manifestName = 'manifest.json';
/** The name of the ledger in the folder of a backup. */
export const ledgerName = 'ledger.db';
/** The folders of the state that a backup holds. Keys only where that is asked: whoever has them can sign in our name. */
export const backupFolders = ['audit', 'policy', 'keys'] as const;

// The history of a policy that changes every hour for years has some hundred thousand files.
const maxFiles = 2_000_000;

// Names of folders and files without `.`, `..`, backslashes and controls: what a manifest names lies inside the folder.
const pathText = /^(?:ledger\.db|(?:audit|policy|keys)(?:\/(?!\.{1,2}(?:\/|$))[^/\\\p{Cc}]+)+)$/u;

const manifestShape: z.ZodType<BackupManifest> = z.strictObject({
  format: z.literal('exeat-backup'),
  v: z.literal(1),
  createdAt: z.iso.datetime(),
  entries: z.int().min(0),
  withKeys: z.boolean(),
  files: z
    .array(
      z.strictObject({
        path: z.string().max(1_024).regex(pathText),
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(maxFiles),
});

/** Reads the manifest of a backup. Faults: `backup_malformed`, also for a folder that is none. */
export async function readManifest(folder: string): Promise<Result<BackupManifest>> {
  const malformed = (why: string): Result<never> =>
    failed(
      fault(
        'backup_malformed',
        `\`${folder}\` is no whole backup (${why}), name the folder that \`exeat backup\` made`,
      ),
    );
  let data: unknown;
  try {
    data = JSON.parse(await readFile(join(folder, manifestName), 'utf8'));
  } catch (error) {
    return malformed((error as NodeJS.ErrnoException).code ?? `${manifestName} is not JSON`);
  }
  const parsed = manifestShape.safeParse(data);
  if (!parsed.success) return malformed(`${manifestName}: ${parsed.error.issues[0]?.path.join('.') ?? 'its shape'}`);
  const { files, withKeys } = parsed.data;
  const paths = new Set(files.map((file) => file.path));
  if (paths.size !== files.length || !paths.has(ledgerName)) return malformed('it names a file twice, or no ledger');
  if (!withKeys && files.some((file) => file.path.startsWith('keys/'))) return malformed('it holds keys and denies it');
  return ok(parsed.data);
}
