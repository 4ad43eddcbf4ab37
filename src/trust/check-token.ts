import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { type ProofFailure, parseSpiffeId, type TokenEvidence } from '../identity/index.ts';
import { type TokenKey, tokenAlgorithms } from './key-set.ts';
import type { KeyHint, KeySource } from './key-source.ts';
import { failedCheck, type ProofCheck } from './proof-check.ts';
import { flattenClaims } from './token-claims.ts';
import { clockToleranceMs } from './trust-options.ts';

/** A trusted issuer, options filled. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly trustDomain: string | null;
  readonly maxTokenAgeMs: number;
  readonly keys: KeySource;
}

/** Trusted issuers by their exact `iss`. */
export type TokenIssuers = ReadonlyMap<string, TokenIssuer>;

/** Tokens of the known issuers take 1 to 2 KiB; a request head is at most 16 KiB anyway. */
const maxTokenChars = 8192;
const compactPattern = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** RFC 7519 section 5.1, RFC 9068 section 2.1; JWT-SVID section 2.3 allows `JWT` and `JOSE`. Compared in lower case. */
const tokenTypes: readonly string[] = ['jwt', 'jose', 'at+jwt'];
/** Keys under one id, tried in turn; more are not looked at. */
const maxCandidateKeys = 4;

/** Whether a Basic password is a token rather than a secret: three parts, the first a JSON object in base64url. */
export function looksLikeToken(text: string): boolean {
  return text.startsWith('eyJ') && text.length <= maxTokenChars && compactPattern.test(text);
}

/**
 * Checks a signed token: form, algorithm, issuer, key, signature, audience, `exp`, `nbf`, `iat`. The header's `jku`, `x5u`,
 * `jwk` and `x5c` are never looked at: keys come from the issuer's own set only. `crit` is refused.
 */
export function checkToken(issuers: TokenIssuers, token: string, nowMs: number): ProofCheck | Promise<ProofCheck> {
  const read = readToken(token);
  if (read === null) return failedCheck('malformed');
  const issuer = issuers.get(read.issuer);
  if (issuer === undefined) return failedCheck('issuer_unknown');
  return verifyToken(issuer, token, { hint: read.hint, nowMs });
}

function readToken(token: string): { readonly issuer: string; readonly hint: KeyHint } | null {
  if (token.length > maxTokenChars || !compactPattern.test(token)) return null;
  try {
    const { alg, kid, crit, typ, b64 } = decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    if (!(tokenAlgorithms as readonly unknown[]).includes(alg) || crit !== undefined || b64 !== undefined) return null;
    if (typ !== undefined && !tokenTypes.includes(String(typ).toLowerCase())) return null;
    if (typeof iss !== 'string' || (kid !== undefined && typeof kid !== 'string')) return null;
    return { issuer: iss, hint: { alg: alg as string, kid: kid ?? null } };
  } catch {
    // The token is not what its form promises; what exactly is wrong with it is the sender's affair.
    return null;
  }
}

interface TokenQuestion {
  readonly hint: KeyHint;
  readonly nowMs: number;
}

async function verifyToken(issuer: TokenIssuer, token: string, question: TokenQuestion): Promise<ProofCheck> {
  const answer = await issuer.keys.keysFor(question.hint, question.nowMs);
  if (answer.kind === 'unavailable') return { kind: 'unavailable' };
  if (answer.kind === 'unknown') return failedCheck('signature_invalid');
  let last: ProofFailure = 'signature_invalid';
  for (const key of answer.keys.slice(0, maxCandidateKeys)) {
    const verified = await verifyWith(issuer, token, { key, nowMs: question.nowMs });
    if (typeof verified !== 'string') return toCheck(issuer, verified, { key, nowMs: question.nowMs });
    last = verified;
    if (last !== 'signature_invalid') break;
  }
  return failedCheck(last);
}

interface KeyTry {
  readonly key: TokenKey;
  readonly nowMs: number;
}

async function verifyWith(
  issuer: TokenIssuer,
  token: string,
  { key, nowMs }: KeyTry,
): Promise<JWTPayload | ProofFailure> {
  try {
    const { payload } = await jwtVerify(token, key.key, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: [key.algorithm],
      requiredClaims: ['exp', 'iat', 'aud'],
      maxTokenAge: issuer.maxTokenAgeMs / 1000,
      clockTolerance: clockToleranceMs / 1000,
      currentDate: new Date(nowMs),
    });
    return payload;
  } catch (error) {
    return failureOf(error);
  }
}

/** Claim -> failure, where the claim's check failed. */
const failureOfClaim: Readonly<Record<string, ProofFailure>> = {
  aud: 'audience_mismatch',
  iss: 'issuer_unknown',
  nbf: 'not_yet_valid',
  iat: 'not_yet_valid',
};

function failureOf(error: unknown): ProofFailure {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature_invalid';
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed') {
    return failureOfClaim[error.claim] ?? 'malformed';
  }
  return 'malformed';
}

function toCheck(issuer: TokenIssuer, payload: JWTPayload, { key, nowMs }: KeyTry): ProofCheck {
  const claims = flattenClaims(payload);
  if (claims === null || payload.exp === undefined || payload.iat === undefined) return failedCheck('malformed');
  // jose grants its tolerance to `exp` too; we do not, so that what has expired is refused everywhere at the same instant.
  const expiresAt = Math.min(payload.exp * 1000, payload.iat * 1000 + issuer.maxTokenAgeMs);
  if (!(expiresAt > nowMs)) return failedCheck('expired');
  const subject = typeof payload.sub === 'string' ? payload.sub : null;
  const evidence: TokenEvidence = {
    kind: 'token',
    issuer: issuer.issuer,
    subject,
    claims,
    spiffeId: spiffeIdOf(issuer, subject),
    expiresAt,
  };
  return { kind: 'verified', evidence, holds: (now) => issuer.keys.holds(key.thumbprint, now) };
}

/**
 * A subject is a SPIFFE ID only in the trust domain that the issuer was given: otherwise any CI system whose users choose
 * their subject could speak for every workload.
 */
function spiffeIdOf(issuer: TokenIssuer, subject: string | null): string | null {
  if (issuer.trustDomain === null || subject === null) return null;
  const id = parseSpiffeId(subject);
  return id.ok && id.value.trustDomain === issuer.trustDomain && id.value.path !== '' ? id.value.text : null;
}
