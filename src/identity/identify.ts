import type { Evidence, EvidenceSet } from './evidence.ts';
import { type HeldLease, type LeaseView, noLeases } from './lease.ts';
import type { DirectoryMatch, Identification, Principal, PrincipalDirectory } from './principal.ts';
import { strengths } from './strength.ts';

/** At most so many proofs count on one connection: a certificate, and one in a header. More are refused, never sorted out. */
const maxPresentedProofs = 4;

/**
 * Says who asks (DESIGN 5.3). Nothing presented: the source by itself may name a service, or nobody (`anonymous`).
 * Something presented: every proof must speak for the one service that all of it names; the source alone never does.
 * A proof that names nothing beside one that names a service is `identity_unknown`: an odd proof is not waved through
 * because a better one came along. Expired evidence names nobody. A lease is a word about the source: by itself it counts like one, and
 * where leases contradict each other the source is nobody. `nowMs` is epoch milliseconds.
 */
export function identify(
  directory: PrincipalDirectory,
  evidence: EvidenceSet,
  nowMs: number,
  leases: LeaseView = noLeases,
): Identification {
  const standing = leases.standingOf(evidence.source, nowMs);
  const held = standing.kind === 'leased' ? standing.leases : [];
  if (evidence.presented.length > 0) return byProof(directory, evidence, nowMs, held);
  if (standing.kind === 'nobody') return { kind: 'refused', reason: standing.reason };
  return bySource(directory, evidence.source, nowMs, held);
}

function byProof(
  directory: PrincipalDirectory,
  evidence: EvidenceSet,
  nowMs: number,
  leases: readonly HeldLease[],
): Identification {
  if (evidence.presented.length > maxPresentedProofs) return { kind: 'refused', reason: 'identity_conflict' };
  if (evidence.presented.some((proof) => !(proof.expiresAt > nowMs))) return unknown;
  const matches = directory.matchPresented(evidence, leases);
  const before = knownOf(evidence, leases, matches);
  if (before !== null) return before;
  const best = strongestOfOneService(matches);
  if (best === 'conflict') return { kind: 'refused', reason: 'identity_conflict' };
  if (best === null || !everyProofSpeaks(directory, evidence, { matches, leases })) return unknown;
  const ends = matches.flatMap(({ until }) => until ?? []);
  const first = Math.min(...evidence.presented.map((proof) => proof.expiresAt), ...ends);
  const expiresAt = first === Number.POSITIVE_INFINITY ? null : first;
  const found = {
    kind: 'identified',
    principal: { ...pick(best, matches), source: evidence.source, expiresAt },
  } as const;
  const [proof] = evidence.presented;
  if (proof !== undefined && isOfOne(evidence, leases)) known.set(matches, { proof, source: evidence.source, found });
  return found;
}

/** Whom matches of one proof named, where nothing else was asked. */
interface Known {
  readonly proof: Evidence;
  readonly source: string;
  readonly found: Identification;
}

// A directory that gives the same matches again was asked the same: whom they name does not change either. That the proof has not ended
// is looked at before.
const known = new WeakMap<readonly DirectoryMatch[], Known>();

function knownOf(
  evidence: EvidenceSet,
  leases: readonly HeldLease[],
  matches: readonly DirectoryMatch[],
): Identification | null {
  const last = isOfOne(evidence, leases) ? known.get(matches) : undefined;
  return last !== undefined && last.proof === evidence.presented[0] && last.source === evidence.source
    ? last.found
    : null;
}

function isOfOne({ presented }: EvidenceSet, leases: readonly HeldLease[]): boolean {
  return presented.length === 1 && leases.length === 0;
}

const unknown: Identification = { kind: 'refused', reason: 'identity_unknown' };

function bySource(
  directory: PrincipalDirectory,
  source: string,
  nowMs: number,
  leases: readonly HeldLease[],
): Identification {
  const matches = directory.matchSource(source, nowMs, leases);
  const best = strongestOfOneService(matches);
  if (best === 'conflict') return { kind: 'refused', reason: 'identity_conflict' };
  if (best === null) return { kind: 'anonymous' };
  return { kind: 'identified', principal: { ...pick(best, matches), source, expiresAt: lastDate(matches) } };
}

/** While one of the entries holds, the source does. */
function lastDate(matches: readonly DirectoryMatch[]): number | null {
  const last = Math.max(...matches.map(({ until }) => until ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(last) ? last : null;
}

function pick(
  best: DirectoryMatch,
  matches: readonly DirectoryMatch[],
): DirectoryMatch & Pick<Principal, 'alsoProven'> {
  const { service, identity, strength } = best;
  if (matches.length === 1) return { service, identity, strength };
  const alsoProven = matches.map((match) => match.identity).filter((text) => text !== identity);
  return { service, identity, strength, alsoProven: alsoProven.sort() };
}

/** The strongest match when all name one service; ties go by identity text, so that the order of documents says nothing. */
function strongestOfOneService(matches: readonly DirectoryMatch[]): DirectoryMatch | 'conflict' | null {
  let best: DirectoryMatch | null = null;
  for (const match of matches) {
    if (best !== null && match.service !== best.service) return 'conflict';
    if (best === null || isBetter(match, best)) best = match;
  }
  return best;
}

function isBetter(match: DirectoryMatch, best: DirectoryMatch): boolean {
  const difference = strengths.indexOf(match.strength) - strengths.indexOf(best.strength);
  return difference > 0 || (difference === 0 && match.identity < best.identity);
}

/**
 * Whether each proof adds a match in some company. Asking each alone would not do: inside `all:` a credential and a
 * certificate name a service only together. At most 2^3 companies for each of 4 proofs, and none for the usual single proof.
 */
function everyProofSpeaks(
  directory: PrincipalDirectory,
  evidence: EvidenceSet,
  { matches, leases }: { readonly matches: readonly DirectoryMatch[]; readonly leases: readonly HeldLease[] },
): boolean {
  if (evidence.presented.length === 1) return matches.length > 0;
  const count = (presented: readonly Evidence[]): number =>
    presented.length === 0 ? 0 : directory.matchPresented({ source: evidence.source, presented }, leases).length;
  return evidence.presented.every((proof) => {
    const others = evidence.presented.filter((other) => other !== proof);
    return subsets(others).some((company) => count([...company, proof]) > count(company));
  });
}

function subsets<T>(items: readonly T[]): readonly (readonly T[])[] {
  const all: (readonly T[])[] = [[]];
  for (const item of items) {
    all.push(...all.map((each) => [...each, item]));
  }
  return all;
}
