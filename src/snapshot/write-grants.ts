import type { KeyObject } from 'node:crypto';
import { failed, type Result } from '../base/index.ts';
import { type GrantList, maxGrants } from '../policy/index.ts';
import { type GrantsFault, type GrantsHeader, grantsKind, maxEnded } from './grants-format.ts';
import { trouble, writeSignedFile } from './signed-file.ts';

/** What to write, and where. `signingKey` is Ed25519, the one of the snapshots. */
export interface WriteGrantsOptions {
  readonly path: string;
  readonly list: GrantList;
  readonly signingKey: KeyObject;
}

/**
 * Writes a signed file of grants in the place of the last one, and gives its length in bytes.
 * Faults: `grants_too_large`, `grants_unreadable` (with the system's code).
 */
export async function writeGrants({
  path,
  list,
  signingKey,
}: WriteGrantsOptions): Promise<Result<number, GrantsFault>> {
  const { grants, ended, ...rest } = list;
  if (grants.length > maxGrants || ended.length > maxEnded) {
    const says = `grants \`${path}\` would hold more than ${maxGrants}: make rules of those that stay needed`;
    return failed(trouble(grantsKind, 'too_large', says));
  }
  const header: GrantsHeader = { ...rest, grantCount: grants.length, endedCount: ended.length };
  const lines = [...grants, ...ended].map((each) => `${JSON.stringify(each)}\n`);
  const body = Buffer.from(lines.join(''));
  return writeSignedFile(grantsKind, { path, header, body, signingKey }, 'make rules of those that stay needed');
}
