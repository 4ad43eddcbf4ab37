import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Actor, encodeEntry } from '../../src/audit/index.ts';
import {
  changePeople,
  type Directory,
  directoryAfter,
  type PeopleCommand,
  type Role,
  scopesOf,
} from '../../src/exceptions/index.ts';
import { openLedger, type SqliteLedger } from '../../src/store/index.ts';

/** Somebody who was there before the test. `scopes` of the token are everything that the roles carry. */
export interface SeededPerson {
  readonly id: string;
  readonly roles: readonly Role[];
  /** Default: nobody. */
  readonly owns?: readonly string[];
  /** Whether a break-glass key is enrolled for them. Default: no. */
  readonly hasKey?: boolean;
}

/** What they act by. `secret` is that of their API token. */
export interface SeededAccount {
  readonly secret: string;
  readonly tokenId: string;
  readonly key: { readonly id: string; readonly privateKey: KeyObject } | null;
}

// Past the 30 days in which whoever made an account counts as one with it.
const seededBeforeMs = 40 * 86_400_000;
const tokenMs = 300 * 86_400_000;

/**
 * Writes the log of acts of an installation as it stood 40 days ago: an admin, `root`, came by the founding link and made everybody else.
 * None of them counts as linked any more. Every act is decided by the product itself. Without `isFounded` a start still offers its links.
 */
export async function seedPeople(
  state: string,
  people: readonly SeededPerson[],
  { isFounded = true }: { readonly isFounded?: boolean } = {},
): Promise<ReadonlyMap<string, SeededAccount>> {
  mkdirSync(join(state, 'control'), { recursive: true, mode: 0o700 });
  const opened = openLedger({ path: join(state, 'control', 'ledger.db'), encode });
  if (!opened.ok) throw new Error(opened.fault.message);
  try {
    return await writePeople(opened.value, people, isFounded);
  } finally {
    await opened.value.close();
  }
}

async function writePeople(
  ledger: SqliteLedger,
  people: readonly SeededPerson[],
  isFounded: boolean,
): Promise<ReadonlyMap<string, SeededAccount>> {
  const nowMs = Date.now() - seededBeforeMs;
  let directory: Directory = { people: new Map(), tokens: new Map(), keys: new Map(), passkeys: new Map() };
  const act = async (command: PeopleCommand, actor: Actor): Promise<void> => {
    const decided = changePeople(command, actor, { directory, nowMs });
    if (!decided.ok) throw new Error(`${command.kind}: ${decided.fault.message}`);
    const { views } = decided.value;
    const entries = decided.value.entries.filter(({ subject }) => isFounded || !subject.startsWith('setup/'));
    if (entries.length === 0) return;
    const written = await ledger.commit({ nowMs, entries, views, expected: [], answer: null });
    if (!written.ok) throw new Error(written.fault.message);
    directory = directoryAfter(directory, views);
  };
  const accounts = new Map<string, SeededAccount>();
  const root = await found(act, nowMs);
  accounts.set('root', { secret: root.text, tokenId: root.id, key: null });
  const admin: Actor = { kind: 'person', id: 'root', via: 'token', credential: root.id };
  for (const { id, roles, owns = [], hasKey = false } of people) {
    await act({ kind: 'create_person', id, name: `Person ${id}`, roles, owns }, admin);
    const person = directory.people.get(id);
    const scopes = person === undefined ? [] : [...scopesOf(person)];
    const token = freshSecret();
    const expiresAtMs = nowMs + tokenMs;
    const made = { id: token.id, person: id, name: 'first', scopes, secretHash: token.hash, expiresAtMs };
    await act({ kind: 'create_token', ...made }, admin);
    const key = hasKey ? await enrol(act, id, admin) : null;
    accounts.set(id, { secret: token.text, tokenId: token.id, key });
  }
  return accounts;
}

type Act = (command: PeopleCommand, actor: Actor) => Promise<void>;

/** The first admin and, so that the product offers no more, the first approver and security: each by their founding link. */
async function found(act: Act, nowMs: number): Promise<FreshSecret> {
  const setup: Actor = { kind: 'system', part: 'setup' };
  const [admin, approver, security] = [freshSecret(), freshSecret(), freshSecret()];
  for (const [role, id, token] of [
    ['admin', 'root', admin],
    ['approver', 'first-approver', approver],
    ['security', 'first-security', security],
  ] as const) {
    const { id: linkId, hash: secretHash } = freshSecret();
    const offered = { id: linkId, role, secretHash, expiresAtMs: nowMs + 3_600_000 };
    await act({ kind: 'offer_setup', ...offered }, setup);
    const link = { ...offered, createdAtMs: nowMs, usedAtMs: null, usedBy: null };
    const granted = { id: token.id, secretHash: token.hash, expiresAtMs: nowMs + tokenMs };
    await act({ kind: 'use_setup', link, id, name: `Person ${id}`, token: granted, key: null }, setup);
  }
  return admin;
}

async function enrol(act: Act, person: string, admin: Actor): Promise<SeededAccount['key']> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { id } = freshSecret();
  const text = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  await act({ kind: 'enroll_key', id, person, publicKey: text }, admin);
  return { id, privateKey };
}

interface FreshSecret {
  readonly id: string;
  readonly text: string;
  readonly hash: string;
}

function freshSecret(): FreshSecret {
  const id = [...randomBytes(26)].map((byte) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[byte & 31] ?? '').join('');
  const secret = randomBytes(32).toString('base64url');
  return { id, text: `exeat_${id}_${secret}`, hash: createHash('sha256').update(secret).digest('hex') };
}

function encode(entry: Parameters<typeof encodeEntry>[0]): Uint8Array {
  const encoded = encodeEntry(entry);
  if (!encoded.ok) throw new Error(encoded.fault.message);
  return encoded.value;
}
