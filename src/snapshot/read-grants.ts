import type { KeyObject } from 'node:crypto';
import { failed, ok, type Result } from '../base/index.ts';
import { readEndedGrant, readGrant } from '../policy/index.ts';
import { linesOf } from './grant-lines.ts';
import { type GrantsFault, type GrantsHeader, grantsKind, parseGrantsHeader } from './grants-format.ts';
import { readSignedFile, type SignedFile, trouble } from './signed-file.ts';

/** A file of grants that was read and checked, line by line. */
export interface ReadGrants {
  readonly header: GrantsHeader;
  readonly body: Uint8Array<SharedArrayBuffer>;
  /** Base64; the same for the same content. */
  readonly signature: string;
}

/**
 * Reads a whole file of grants and checks it: layout, signature, every line, sequence. Blocks its thread; run in the worker.
 * Faults: every {@link GrantsFault} but `grants_load_failed`. Never throws.
 */
export function readGrants(path: string, publicKey: KeyObject, leastSequence: number): Result<ReadGrants, GrantsFault> {
  return readSignedFile(path, grantsKind, publicKey, (file) => takeGrants(file, leastSequence));
}

function takeGrants(
  { header: json, body, signature }: SignedFile,
  leastSequence: number,
): Result<ReadGrants, GrantsFault> {
  const header = parseGrantsHeader(json);
  if (!header.ok) return header;
  const { sequence, grantCount, endedCount } = header.value;
  if (sequence < leastSequence) {
    const says = `has sequence ${sequence}, which is before ${leastSequence} that was accepted already`;
    return failed(trouble(grantsKind, 'rolled_back', says));
  }
  const wrong = findWrongLine(body, grantCount, endedCount);
  if (wrong !== null) return failed(trouble(grantsKind, 'malformed', wrong));
  return ok({ header: header.value, body, signature: signature.toString('base64') });
}

function findWrongLine(body: Uint8Array, grantCount: number, endedCount: number): string | null {
  let at = 0;
  for (const line of linesOf(body)) {
    at += 1;
    const value = parsed(line);
    if (at > grantCount + endedCount) return 'holds more lines than it says';
    if ((at <= grantCount ? readGrant(value) : readEndedGrant(value)) === null) return `holds no grant in line ${at}`;
  }
  return at === grantCount + endedCount ? null : 'holds fewer lines than it says';
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
