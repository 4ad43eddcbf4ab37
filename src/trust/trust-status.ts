import type { TrustProblem } from './file-part.ts';
import type { TrustStatus } from './trust.ts';
import type { TrustParts } from './trust-parts.ts';
import type { ProofChecker } from './verify-proof.ts';

/** Two weeks: time to rotate in working hours. */
const soonMs = 14 * 86_400_000;

/** Says what is loaded, what ends soon and what is wrong at an instant. */
export function describeTrust(
  parts: TrustParts,
  at: { readonly generation: number; readonly checker: ProofChecker; readonly nowMs: number },
): TrustStatus {
  return {
    generation: at.generation,
    remembered: at.checker.remembered,
    proofs: at.checker.counts(),
    credentials: describeCredentials(parts, at.nowMs),
    issuers: [...parts.issuers.values()].map(({ issuer, keys }) => ({
      issuer,
      keys: keys.count(at.nowMs),
      fetchedAt: parts.remoteKeys.find((remote) => remote === keys)?.fetchedAt ?? null,
    })),
    server: describeServer(parts),
    bundle: describeBundle(parts),
    revocations: describeRevocations(parts),
    problems: [...loadProblems(parts), ...timeProblems(parts, at.nowMs)],
  };
}

function describeCredentials(parts: TrustParts, nowMs: number): TrustStatus['credentials'] {
  if (parts.credentials === null) return null;
  const all = parts.credentials.value?.all ?? [];
  const live = all.filter((each) => each.expiresAt > nowMs);
  const expiring = live
    .filter((each) => each.expiresAt <= nowMs + soonMs)
    .sort((a, b) => a.expiresAt - b.expiresAt)
    .map(({ name, expiresAt }) => ({ name, expiresAt }));
  return { live: live.length, expired: all.length - live.length, expiring };
}

function describeServer({ server }: TrustParts): TrustStatus['server'] {
  const value = server?.value ?? null;
  return value === null ? null : { notAfter: value.notAfter };
}

function describeBundle({ bundle }: TrustParts): TrustStatus['bundle'] {
  const authorities = bundle?.value?.authorities ?? null;
  if (authorities === null) return null;
  return { authorities: authorities.length, nearestNotAfter: Math.min(...authorities.map((each) => each.notAfter)) };
}

function describeRevocations({ revocations }: TrustParts): TrustStatus['revocations'] {
  const lists = revocations?.value ?? null;
  if (lists === null) return null;
  return {
    lists: lists.length,
    revoked: lists.reduce((sum, list) => sum + list.serials.size, 0),
    nearestNextUpdate: Math.min(...lists.map((list) => list.nextUpdate)),
  };
}

function loadProblems(parts: TrustParts): readonly TrustProblem[] {
  return [...parts.files, ...parts.remoteKeys].map((part) => part.problem).filter((problem) => problem !== null);
}

/** What goes wrong by the clock alone: nothing was loaded or failed, time passed. */
export function timeProblems(parts: TrustParts, nowMs: number): readonly TrustProblem[] {
  const revocations = describeRevocations(parts);
  const server = describeServer(parts);
  const bundle = describeBundle(parts);
  const rows: readonly [number | undefined, string, string, string][] = [
    [
      revocations?.nearestNextUpdate,
      'revocations',
      'revocations_lapsed',
      'a revocation list is past its `nextUpdate`; give a new one',
    ],
    [
      server?.notAfter,
      'listener certificate',
      'certificate_expired',
      'the certificate of the listener has expired; replace it',
    ],
    [
      bundle?.nearestNotAfter,
      'client bundle',
      'authority_expired',
      'an authority of the client bundle has expired; replace it',
    ],
  ];
  return rows.flatMap(([since, part, code, message]) =>
    since === undefined || nowMs < since ? [] : [{ part, code, message, since }],
  );
}
