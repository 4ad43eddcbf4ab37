import { type IpAddress, parseIpAddress } from '../destination/index.ts';
import {
  type DirectoryMatch,
  type Evidence,
  type EvidenceSet,
  type HeldLease,
  type Strength,
  strengths,
  type TokenEvidence,
} from '../identity/index.ts';
import { identityKey } from './ascii-key.ts';
import { type FlatView, readText } from './format/flat-view.ts';
import { identityWord, keyKind, owner, serviceWord, termKind, termWord, unattributedWord } from './format/layout.ts';
import { findText, visitBlocks } from './format/lookup.ts';
import { unattributedServiceName } from './rule-id.ts';

/** Every identity that what was presented satisfies, with the source as one more condition (see `PrincipalDirectory`). */
export function matchPresented(
  view: FlatView,
  evidence: EvidenceSet,
  leases: readonly HeldLease[] = [],
): readonly DirectoryMatch[] {
  const rows = new Set<number>();
  for (const proof of evidence.presented) {
    for (const key of keysOf(proof)) {
      addRun(view, findText(view, owner.identities * 2 + keyKind.exact, key), rows);
    }
  }
  const source = parseIpAddress(evidence.source);
  return matchRows(view, rows, { presented: evidence.presented, source: source.ok ? source.value : null, leases });
}

/**
 * Every identity that the source and its leases alone satisfy; where there is none, the unattributed sources whose date has not come. A
 * lease names a service, and counts where an identity of that service says that leases of this source do.
 */
export function matchSource(
  view: FlatView,
  source: string,
  { nowMs, leases }: { readonly nowMs: number; readonly leases: readonly HeldLease[] },
): readonly DirectoryMatch[] {
  const parsed = parseIpAddress(source);
  if (!parsed.ok) return [];
  const rows = new Set<number>();
  visitBlocks(view, owner.sources, parsed.value, (run) => addRun(view, run, rows));
  for (const lease of leases) {
    addRun(
      view,
      findText(view, owner.identities * 2 + keyKind.exact, identityKey.leased(lease.source, lease.service)),
      rows,
    );
  }
  const matches = matchRows(view, rows, { presented: [], source: parsed.value, leases });
  return matches.length > 0 ? matches : matchUnattributed(view, parsed.value, nowMs);
}

/** The unattributed sources that hold an address and whose date has not come. */
export function matchUnattributed(view: FlatView, source: IpAddress, nowMs: number): readonly DirectoryMatch[] {
  const matches: DirectoryMatch[] = [];
  visitBlocks(view, owner.unattributed, source, (row) => {
    const at = view.unattributed.at + row * 3;
    const until =
      (view.words[at + unattributedWord.untilHigh] as number) * 2 ** 32 +
      (view.words[at + unattributedWord.untilLow] as number);
    if (!(nowMs < until)) return;
    const identity = readText(view, view.words[at + unattributedWord.text] as number);
    matches.push({ service: unattributedServiceName, identity, strength: 'network', until });
  });
  return matches;
}

interface Known {
  readonly presented: readonly Evidence[];
  readonly source: IpAddress | null;
  readonly leases: readonly HeldLease[];
}

function keysOf(proof: Evidence): readonly string[] {
  switch (proof.kind) {
    case 'certificate':
      return [identityKey.spiffe(proof.spiffeId)];
    case 'credential':
      return [identityKey.credential(proof.name)];
    case 'local':
      return proof.names.map(identityKey.local);
    case 'token': {
      const keys = Object.entries(proof.claims).map(([name, value]) => identityKey.claim(proof.issuer, name, value));
      keys.push(identityKey.issuer(proof.issuer));
      if (proof.spiffeId !== null) keys.push(identityKey.spiffe(proof.spiffeId));
      return keys;
    }
    default:
      return proof satisfies never;
  }
}

/** Adds the rows of a run of identities: their count, then their rows. */
function addRun(view: FlatView, run: number, rows: Set<number>): void {
  if (run < 0) return;
  const at = view.lists.at + run;
  const count = Math.min(view.words[at] as number, view.lists.length);
  for (let i = 1; i <= count; i++) rows.add(view.words[at + i] as number);
}

function matchRows(view: FlatView, rows: ReadonlySet<number>, known: Known): readonly DirectoryMatch[] {
  const matches: DirectoryMatch[] = [];
  for (const row of rows) {
    const match = matchIdentity(view, row, known);
    if (match !== null) matches.push(match);
  }
  return matches;
}

function matchIdentity(view: FlatView, row: number, known: Known): DirectoryMatch | null {
  const at = view.identities.at + row * 4;
  const count = Math.min(view.words[at + identityWord.termCount] as number, view.terms.length / 10);
  const serviceAt = view.services.at + (view.words[at + identityWord.service] as number) * 12;
  const service = readText(view, view.words[serviceAt + serviceWord.name] as number);
  let best = -1;
  let until = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const term = (view.words[at + identityWord.terms] as number) + i;
    const lease = leaseOfTerm(view, term, { known, service });
    const strength = lease === null ? matchTerm(view, term, known) : 0;
    if (strength < 0) return null;
    best = Math.max(best, strength);
    until = Math.min(until, lease?.until ?? Number.POSITIVE_INFINITY);
  }
  const strength = strengths[best];
  if (strength === undefined) return null;
  const identity = readText(view, view.words[at + identityWord.text] as number);
  return { service, identity, strength, ...(Number.isFinite(until) ? { until } : {}) };
}

/** The lease by which a term holds: of the source that the term names, and for this very service. */
function leaseOfTerm(
  view: FlatView,
  row: number,
  { known, service }: { readonly known: Known; readonly service: string },
): HeldLease | null {
  const at = view.terms.at + row * 10;
  if (known.leases.length === 0 || view.words[at + termWord.kind] !== termKind.leased) return null;
  const name = readText(view, view.words[at + termWord.text] as number);
  return known.leases.find((lease) => lease.source === name && lease.service === service) ?? null;
}

/** The strength with which a term holds, as an index of `strengths`, or -1 where it does not. */
function matchTerm(view: FlatView, row: number, known: Known): number {
  const at = view.terms.at + row * 10;
  const kind = view.words[at + termWord.kind] as number;
  if (kind === termKind.leased) return -1;
  if (kind === termKind.source) return known.source !== null && holdsSource(view, at, known.source) ? 0 : -1;
  const text = readText(view, view.words[at + termWord.text] as number);
  let best = -1;
  for (const proof of known.presented) {
    const strength = proofStrength(view, { at, kind, text }, proof);
    if (strength !== null) best = Math.max(best, strengths.indexOf(strength));
  }
  return best;
}

interface Term {
  readonly at: number;
  readonly kind: number;
  readonly text: string;
}

function proofStrength(view: FlatView, term: Term, proof: Evidence): Strength | null {
  switch (proof.kind) {
    case 'certificate':
      return term.kind === termKind.spiffe && proof.spiffeId === term.text ? 'certificate' : null;
    case 'credential':
      return term.kind === termKind.credential && proof.name === term.text ? 'shared-secret' : null;
    case 'local':
      return term.kind === termKind.local && proof.names.includes(term.text) ? 'shared-secret' : null;
    case 'token':
      return tokenHolds(view, term, proof) ? 'token' : null;
    default:
      return proof satisfies never;
  }
}

function tokenHolds(view: FlatView, term: Term, proof: TokenEvidence): boolean {
  if (term.kind === termKind.spiffe) return proof.spiffeId === term.text;
  return term.kind === termKind.token && proof.issuer === term.text && holdClaims(view, term.at, proof.claims);
}

function holdClaims(view: FlatView, at: number, claims: Readonly<Record<string, string>>): boolean {
  const count = Math.min(view.words[at + termWord.claimCount] as number, view.lists.length);
  const list = view.lists.at + (view.words[at + termWord.claims] as number);
  for (let i = 0; i < count; i++) {
    const name = readText(view, view.words[list + i * 2] as number);
    const value = readText(view, view.words[list + i * 2 + 1] as number);
    if (!Object.hasOwn(claims, name) || claims[name] !== value) return false;
  }
  return true;
}

function holdsSource(view: FlatView, at: number, source: IpAddress): boolean {
  if (view.words[at + termWord.family] !== source.family) return false;
  const length = view.words[at + termWord.length] as number;
  return isInBlock(view.words, at + termWord.words, length, source.words);
}

/** Whether an address (as words) is in the block of `length` bits whose first address lies at `at`. */
export function isInBlock(words: Uint32Array, at: number, length: number, address: readonly number[]): boolean {
  for (let i = 0; i < address.length; i++) {
    const bits = length - i * 32;
    if (bits <= 0) return true;
    const mask = bits >= 32 ? 0xffffffff : 0xffffffff << (32 - bits);
    if ((((words[at + i] as number) ^ (address[i] as number)) & mask) !== 0) return false;
  }
  return true;
}
