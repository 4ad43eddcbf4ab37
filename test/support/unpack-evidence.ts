import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type VerifyFolderOptions, verifyFolder } from '../../src/app/index.ts';

/** Evidence as the API hands it out, unpacked by the tar of the system. */
export interface UnpackedEvidence {
  /** Where it was unpacked: for the test to remove. */
  readonly home: string;
  readonly pack: string;
}

/** Unpacks evidence into a new folder. */
export function unpackEvidence(evidence: {
  readonly name: string;
  readonly folder: string;
  readonly archive: string;
}): UnpackedEvidence {
  const home = mkdtempSync(join(tmpdir(), 'exeat-story-'));
  writeFileSync(join(home, evidence.name), Buffer.from(evidence.archive, 'base64'));
  execFileSync('tar', ['xzf', evidence.name], { cwd: home });
  return { home, pack: join(home, evidence.folder) };
}

/** What `exeat audit verify` finds in a folder, each as `kind file`. */
export async function findingsOf(dir: string, given: Partial<VerifyFolderOptions> = {}): Promise<readonly string[]> {
  const options = { dir, keyFile: null, checkpointFiles: [], older: [], spool: null, ...given };
  const verified = await verifyFolder(options);
  return verified.ok ? verified.value.findings.map(({ kind, file }) => `${kind} ${file}`) : [verified.fault.message];
}
