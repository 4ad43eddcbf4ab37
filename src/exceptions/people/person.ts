/** What people may have been given. `security` ends and reviews anything; `auditor` sees all and decides nothing. */
export const roles = ['requester', 'approver', 'security', 'auditor', 'admin', 'policy-author'] as const;

/** One of {@link roles}. */
export type Role = (typeof roles)[number];

/** What a token may be used for; a person's roles bound it further. */
export const scopes = [
  'read',
  'audit:read',
  'exception:request',
  'exception:approve',
  'exception:revoke',
  'exception:review',
  'people:write',
  'token:write',
  'policy:write',
] as const;

/** One of {@link scopes}. */
export type Scope = (typeof scopes)[number];

/** Somebody who had their hands on an account, a token or a key of somebody else, and when last (epoch milliseconds). */
export interface Handling {
  readonly person: string;
  readonly atMs: number;
}

/** A person as folded from the log. `owns` are owners of the policy that they act for (`team-payments`). Times are epoch milliseconds. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly owns: readonly string[];
  readonly createdAtMs: number;
  /** Null for the two that the founding links made: nobody stands behind those. */
  readonly createdBy: string | null;
  readonly disabledAtMs: number | null;
  /** Accounts that are said to be of the same human. */
  readonly linked: readonly string[];
  /** Who created, enabled or reset the account, each with the last time. */
  readonly handledBy: readonly Handling[];
}

/** An API token as folded from the log; the secret itself is never kept. Times are epoch milliseconds. */
export interface Token {
  readonly id: string;
  readonly person: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly createdAtMs: number;
  readonly createdBy: string | null;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | null;
  /** Who created or reset it, each with the last time. */
  readonly handledBy: readonly Handling[];
}

/** A break-glass key (Ed25519) as folded from the log. `publicKey` is SPKI, base64. Times are epoch milliseconds. */
export interface BreakGlassKey {
  readonly id: string;
  readonly person: string;
  readonly publicKey: string;
  readonly enrolledAtMs: number;
  readonly enrolledBy: string;
  readonly revokedAtMs: number | null;
}

/**
 * A founding link as folded from the log: made by the product at the first start, one each for the first admin, approver and security,
 * each used once. Times are epoch milliseconds.
 */
export interface SetupLink {
  readonly id: string;
  readonly role: 'admin' | 'approver' | 'security';
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
  readonly usedBy: string | null;
}

/**
 * A passkey (a WebAuthn credential) as folded from the log. `credentialId` and `publicKey` (COSE) are base64url; `signCount` is the last count
 * that it told, 0 for those that count nothing. Times are epoch milliseconds.
 */
export interface Passkey {
  readonly id: string;
  readonly person: string;
  readonly name: string;
  readonly credentialId: string;
  readonly publicKey: string;
  readonly signCount: number;
  /** How browsers reach it: `internal`, `usb`, `hybrid`. */
  readonly transports: readonly string[];
  readonly registeredAtMs: number;
  /** Whether an earlier passkey or an enrolled key of the person confirmed its registration. */
  readonly isProven: boolean;
  readonly lastUsedAtMs: number | null;
  /** Who let its person declare break-glass by it, null for nobody. */
  readonly enrolledBy: string | null;
  readonly removedAtMs: number | null;
  /** What its removal was confirmed by; `admin` where somebody else removed it. */
  readonly removedHow: 'passkey' | 'key' | 'token' | 'admin' | null;
  /** Who enrolled or removed it for somebody else, each with the last time. */
  readonly handledBy: readonly Handling[];
}

/** Everybody, with what they act by. */
export interface Directory {
  readonly people: ReadonlyMap<string, Person>;
  readonly tokens: ReadonlyMap<string, Token>;
  readonly keys: ReadonlyMap<string, BreakGlassKey>;
  readonly passkeys: ReadonlyMap<string, Passkey>;
}

const requesting: readonly Scope[] = ['read', 'exception:request', 'exception:revoke'];
const deciding: readonly Scope[] = ['exception:approve', 'exception:revoke', 'exception:review'];

// Admin and auditor are apart: who makes people does not judge what they did.
const scopesByRole: Readonly<Record<Role, readonly Scope[]>> = {
  requester: requesting,
  approver: [...requesting, ...deciding],
  security: [...requesting, ...deciding, 'audit:read'],
  auditor: ['read', 'audit:read', 'exception:review'],
  admin: ['read', 'people:write', 'token:write'],
  'policy-author': ['read', 'policy:write'],
};

/** The scopes that a person's roles carry; acting for an owner carries approving and ending too. */
export function scopesOf(person: Person): ReadonlySet<Scope> {
  const owning: readonly Scope[] = person.owns.length === 0 ? [] : ['read', 'exception:approve', 'exception:revoke'];
  return new Set([...owning, ...person.roles.flatMap((role) => scopesByRole[role])]);
}

/** Whether a token opens something: it approves, or makes people, tokens or policy. What lists openings names it. */
export function canWiden(token: Pick<Token, 'scopes'>): boolean {
  return token.scopes.some((scope) => wideningScopes.includes(scope));
}

const wideningScopes: readonly Scope[] = ['exception:approve', 'people:write', 'token:write', 'policy:write'];

/** Whether a token counts at a time: not revoked, not expired. */
export function isLiveToken(token: Token, nowMs: number): boolean {
  return token.revokedAtMs === null && nowMs < token.expiresAtMs;
}
