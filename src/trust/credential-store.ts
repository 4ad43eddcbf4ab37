import { failed, fault, ok, type Result } from '../base/index.ts';
import { parseCredentialName } from '../identity/index.ts';
import { formatCredentialFile, maxLivePerName, parseCredentialFile, type StoredCredential } from './credential-file.ts';
import { digestSecret, generateSecret } from './credential-secret.ts';
import { withFileLock } from './file-lock.ts';
import { readBounded } from './read-bounded.ts';
import { writeAtomically } from './write-atomically.ts';

/** Issue 2: a credential expires after 90 days unless told otherwise. */
const defaultCredentialLifeMs: number = 90 * 86_400_000;
/** Longer ones would be forgotten; rotation is two commands. */
const maxCredentialLifeMs = 366 * 86_400_000;
const minCredentialLifeMs = 1_000;

/** A credential as shown: `id` tells two secrets of one name apart (the first 8 digits of the digest). */
export interface CredentialSummary {
  readonly name: string;
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A new credential with its secret, which is nowhere kept. */
export interface NewCredential extends CredentialSummary {
  readonly secret: string;
}

/** What `addCredential` takes. `nowMs` is epoch milliseconds. */
export interface AddCredentialOptions {
  /** The credential file; made when it is absent. */
  readonly path: string;
  readonly name: string;
  readonly nowMs: number;
  /** How long it lives in milliseconds, from 1 s to 366 days. Default: 90 days. */
  readonly lifeMs?: number;
}

/**
 * Generates a secret for a name and stores its digest. Faults: `credential_name_malformed`, `credential_life_out_of_range`,
 * `credential_limit` (two are live already), and those of the file.
 */
export async function addCredential(options: AddCredentialOptions): Promise<Result<NewCredential>> {
  const name = parseCredentialName(options.name);
  if (!name.ok) return name;
  const lifeMs = options.lifeMs ?? defaultCredentialLifeMs;
  if (!(lifeMs >= minCredentialLifeMs && lifeMs <= maxCredentialLifeMs)) {
    return failed(fault('credential_life_out_of_range', 'a credential lives from 1 second to 366 days'));
  }
  return changeFile<NewCredential>(options.path, options.nowMs, (credentials) => {
    const live = credentials.filter((each) => each.name === options.name && each.expiresAt > options.nowMs);
    if (live.length >= maxLivePerName) {
      const message = `credential \`${options.name}\` has ${maxLivePerName} live secrets already; remove one with \`exeat credential remove ${options.name} --id ${idOf(oldest(live))}\``;
      return failed(fault('credential_limit', message));
    }
    const secret = generateSecret();
    const added: StoredCredential = {
      name: options.name,
      sha256: digestSecret(secret).toString('hex'),
      createdAt: options.nowMs,
      expiresAt: options.nowMs + lifeMs,
    };
    return ok({ credentials: [...credentials, added], value: { ...summaryOf(added), secret } });
  });
}

/** Lists what the file holds, expired ones too, by name and age. An absent file holds none. */
export async function listCredentials(options: {
  readonly path: string;
  readonly nowMs: number;
}): Promise<Result<readonly CredentialSummary[]>> {
  const read = await readCredentials(options.path, options.nowMs);
  if (!read.ok) return read;
  const order = (a: StoredCredential, b: StoredCredential): number =>
    a.name === b.name ? a.createdAt - b.createdAt : a.name < b.name ? -1 : 1;
  return ok([...read.value].sort(order).map(summaryOf));
}

/**
 * Removes the secrets of a name, or the one with `id` (null: all of them). A running Exeat notices within seconds and cuts
 * what they justified. Gives what was removed. Fault: `credential_unknown`.
 */
export async function removeCredential(options: {
  readonly path: string;
  readonly name: string;
  readonly id: string | null;
  readonly nowMs: number;
}): Promise<Result<readonly CredentialSummary[]>> {
  const goes = (each: StoredCredential): boolean =>
    each.name === options.name && (options.id === null || idOf(each) === options.id);
  return changeFile(options.path, options.nowMs, (credentials) => {
    const removed = credentials.filter(goes).map(summaryOf);
    if (removed.length > 0) return ok({ credentials: credentials.filter((each) => !goes(each)), value: removed });
    const which = options.id === null ? `\`${options.name}\`` : `\`${options.name}\` with id \`${options.id}\``;
    return failed(fault('credential_unknown', `there is no credential ${which}; see \`exeat credential list\``));
  });
}

/** Removes expired secrets from the file. Gives what was removed. */
export async function pruneCredentials(options: {
  readonly path: string;
  readonly nowMs: number;
}): Promise<Result<readonly CredentialSummary[]>> {
  const isLive = (each: StoredCredential): boolean => each.expiresAt > options.nowMs;
  return changeFile(options.path, options.nowMs, (credentials) =>
    ok({ credentials: credentials.filter(isLive), value: credentials.filter((each) => !isLive(each)).map(summaryOf) }),
  );
}

type Change<T> = (
  credentials: readonly StoredCredential[],
) => Result<{ readonly credentials: readonly StoredCredential[]; readonly value: T }>;

function changeFile<T>(path: string, nowMs: number, change: Change<T>): Promise<Result<T>> {
  return withFileLock(path, async () => {
    const read = await readCredentials(path, nowMs);
    if (!read.ok) return read;
    const changed = change(read.value);
    if (!changed.ok) return changed;
    try {
      await writeAtomically(path, formatCredentialFile(changed.value.credentials));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      return failed(fault('file_unwritable', `\`${path}\` cannot be written (${code}); mend its folder's permissions`));
    }
    return ok(changed.value.value);
  });
}

async function readCredentials(path: string, nowMs: number): Promise<Result<readonly StoredCredential[]>> {
  const text = await readBounded(path);
  if (!text.ok) return text.fault.code === 'file_absent' ? ok([]) : text;
  return parseCredentialFile(text.value, nowMs);
}

function oldest(credentials: readonly StoredCredential[]): StoredCredential {
  return credentials.reduce((a, b) => (b.createdAt < a.createdAt ? b : a));
}

function summaryOf(each: StoredCredential): CredentialSummary {
  return { name: each.name, id: idOf(each), createdAt: each.createdAt, expiresAt: each.expiresAt };
}

function idOf(each: StoredCredential): string {
  return each.sha256.slice(0, 8);
}
