import { failed, ok, type Result } from '../base/index.ts';
import { type GrantList, maxGrants, readOfflineSigners } from '../policy/index.ts';
import { type SignedFault, type SignedKind, trouble } from './signed-file.ts';
import { isCount } from './snapshot-format.ts';

/** What a file of grants says of itself; its body holds the grants and then the ended ones, one a line. */
export interface GrantsHeader extends Omit<GrantList, 'grants' | 'ended'> {
  readonly grantCount: number;
  readonly endedCount: number;
}

/** A fault of a file of grants: names the file and the mend. */
export type GrantsFault = SignedFault<'grants'>;

/** The most grants that ended before their time in one file. */
export const maxEnded: number = 2 * maxGrants;

/** Files of grants as signed files. */
export const grantsKind: SignedKind<'grants'> = {
  word: 'grants',
  magic: new TextEncoder().encode('EXEATGRT'),
  // About 5,000 keys for offline break-glass.
  maxHeaderBytes: 1024 * 1024,
  // 100,000 grants take about 40 MB.
  maxBodyBytes: 256 * 1024 * 1024,
};

/** Reads the header. Every field is checked although it is signed: a key can sign a mistake. Faults: `grants_malformed`, `grants_too_large`. */
export function parseGrantsHeader(bytes: Buffer): Result<GrantsHeader, GrantsFault> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return failed(trouble(grantsKind, 'malformed', 'has a header that is not JSON'));
  }
  const { sequence, createdAtMs, grantCount, endedCount, offline: signers } = (value ?? {}) as Record<string, unknown>;
  const offline = readOfflineSigners(signers);
  if (!isCount(sequence) || !isCount(createdAtMs) || !isCount(grantCount) || !isCount(endedCount) || offline === null) {
    return failed(trouble(grantsKind, 'malformed', 'has a header with fields missing or of the wrong kind'));
  }
  if (grantCount > maxGrants || endedCount > maxEnded) {
    return failed(trouble(grantsKind, 'too_large', `says that it holds more than ${maxGrants} grants`));
  }
  return ok({ sequence, createdAtMs, grantCount, endedCount, offline });
}
