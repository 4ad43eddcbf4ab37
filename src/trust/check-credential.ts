import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { StoredCredential } from './credential-file.ts';
import { maxLivePerName } from './credential-file.ts';
import { digestSecret, secretPrefix } from './credential-secret.ts';
import { failedCheck, type ProofCheck } from './proof-check.ts';

/** Credentials, ready to be asked. */
export interface CredentialIndex {
  readonly all: readonly StoredCredential[];
  readonly byName: ReadonlyMap<string, readonly IndexedSecret[]>;
}

interface IndexedSecret {
  readonly digest: Buffer;
  readonly expiresAt: number;
}

/** A secret is 49 characters; a far longer password is not worth hashing. */
const maxPasswordBytes = 1024;
/** Stands where a name has fewer secrets than the most, so that an unknown name costs what a known one does. */
const nobody: IndexedSecret = { digest: randomBytes(32), expiresAt: 0 };

/** Indexes stored credentials by name, newest first. */
export function indexCredentials(all: readonly StoredCredential[]): CredentialIndex {
  const byName = new Map<string, IndexedSecret[]>();
  for (const each of [...all].sort((a, b) => b.expiresAt - a.expiresAt)) {
    const secrets = byName.get(each.name) ?? [];
    secrets.push({ digest: Buffer.from(each.sha256, 'hex'), expiresAt: each.expiresAt });
    byName.set(each.name, secrets);
  }
  return { all, byName };
}

/**
 * Checks a Basic username and password against the credentials: one SHA-256 and at least two constant-time compares whether
 * or not the name exists. `current` gives the credentials in force, now and whenever the evidence is asked about again.
 */
export function checkCredential(
  current: () => CredentialIndex | null,
  presented: { readonly username: string; readonly password: string },
  nowMs: number,
): ProofCheck {
  const { username, password } = presented;
  if (password.length > maxPasswordBytes) return failedCheck('malformed');
  const digest = digestSecret(password);
  const found = findSecret(current(), username, digest);
  if (found === null) return failedCheck(password.startsWith(secretPrefix) ? 'unknown' : 'malformed');
  if (!(found.expiresAt > nowMs)) return failedCheck('expired');
  const { expiresAt } = found;
  return {
    kind: 'verified',
    evidence: { kind: 'credential', name: username, expiresAt },
    holds: () => findSecret(current(), username, digest)?.expiresAt === expiresAt,
  };
}

function findSecret(index: CredentialIndex | null, name: string, digest: Buffer): IndexedSecret | null {
  const secrets = index?.byName.get(name) ?? [];
  let found: IndexedSecret | null = null;
  for (let each = 0; each < Math.max(secrets.length, maxLivePerName); each += 1) {
    const secret = secrets[each] ?? nobody;
    const isEqual = timingSafeEqual(secret.digest, digest);
    if (isEqual && secret !== nobody && found === null) found = secret;
  }
  return found;
}
