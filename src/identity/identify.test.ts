import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Evidence, EvidenceSet } from './evidence.ts';
import { identify } from './identify.ts';
import { localEvidence } from './local-evidence.ts';
import type { DirectoryMatch, PrincipalDirectory } from './principal.ts';
import type { Strength } from './strength.ts';

const now = 1_000_000;
const local = (uid: number): Evidence => localEvidence({ uid, userNames: [], gid: null, groupNames: [], cgroup: null });
const credential = (name: string, expiresAt = now + 1000): Evidence => ({ kind: 'credential', name, expiresAt });
const certificate = (id: string, expiresAt = now + 5000): Evidence => ({
  kind: 'certificate',
  spiffeId: `spiffe://corp.example/${id}`,
  serial: '01',
  expiresAt,
});
const token = (id: string): Evidence => ({
  kind: 'token',
  issuer: 'https://ci.example.com',
  subject: id,
  claims: {},
  spiffeId: `spiffe://corp.example/${id}`,
  expiresAt: now + 3000,
});

interface Entry {
  readonly service: string;
  readonly terms: readonly string[];
  readonly strength: Strength;
}

const entries: readonly Entry[] = [
  { service: 'payments', terms: ['credential:payments'], strength: 'shared-secret' },
  { service: 'payments', terms: ['spiffe://corp.example/payments'], strength: 'certificate' },
  { service: 'runner', terms: ['credential:runner'], strength: 'shared-secret' },
  { service: 'runner', terms: ['source:10.1.0.1'], strength: 'network' },
  { service: 'desk', terms: ['source:10.1.0.2'], strength: 'network' },
  { service: 'lamp', terms: ['source:10.1.0.2'], strength: 'network' },
  { service: 'both', terms: ['credential:half', 'spiffe://corp.example/half'], strength: 'certificate' },
  { service: 'placed', terms: ['credential:placed', 'source:10.1.0.3'], strength: 'shared-secret' },
  { service: 'builder', terms: ['local:user:1001'], strength: 'shared-secret' },
  { service: 'twice-a', terms: ['credential:twice'], strength: 'shared-secret' },
  { service: 'twice-b', terms: ['credential:twice'], strength: 'shared-secret' },
];

const directory: PrincipalDirectory = {
  matchPresented: (set) => matching(set, (entry) => entry.terms.some((term) => !term.startsWith('source:'))),
  matchSource: (source) => matching({ source, presented: [] }, () => true),
};

function matching(set: EvidenceSet, allowed: (entry: Entry) => boolean): readonly DirectoryMatch[] {
  const names = new Set([`source:${set.source}`, ...set.presented.map(nameOf)]);
  return entries
    .filter((entry) => allowed(entry) && entry.terms.every((term) => names.has(term)))
    .map((entry) => ({ service: entry.service, identity: entry.terms.join(' + '), strength: entry.strength }));
}

function nameOf(evidence: Evidence): string {
  if (evidence.kind === 'credential') return `credential:${evidence.name}`;
  if (evidence.kind === 'local') return `local:${evidence.names[0]}`;
  return evidence.spiffeId ?? '';
}

const cases: readonly (readonly [string, EvidenceSet, string])[] = [
  ['nothing and an unknown source is anonymous', { source: '10.9.9.9', presented: [] }, 'anonymous'],
  ['a source by itself names its service', { source: '10.1.0.1', presented: [] }, 'runner network'],
  ['a source of two services is a conflict', { source: '10.1.0.2', presented: [] }, 'identity_conflict'],
  [
    'a credential names its service',
    { source: '10.9.9.9', presented: [credential('payments')] },
    'payments shared-secret',
  ],
  [
    'a proof of nobody never falls back to the source',
    { source: '10.1.0.1', presented: [credential('nobody')] },
    'identity_unknown',
  ],
  [
    'a proof of one service from the range of another counts alone',
    { source: '10.1.0.1', presented: [credential('payments')] },
    'payments shared-secret',
  ],
  [
    'two proofs of one service give the stronger',
    { source: '10.9.9.9', presented: [credential('payments'), certificate('payments')] },
    'payments certificate',
  ],
  [
    'two proofs of one name by two kinds both speak',
    { source: '10.9.9.9', presented: [certificate('payments'), token('payments')] },
    'payments certificate',
  ],
  [
    'two proofs of two services are a conflict',
    { source: '10.9.9.9', presented: [credential('runner'), certificate('payments')] },
    'identity_conflict',
  ],
  [
    'one proof of somebody and one of nobody is unknown',
    { source: '10.9.9.9', presented: [credential('payments'), certificate('nobody')] },
    'identity_unknown',
  ],
  ['a local process names its service', { source: '10.9.9.9', presented: [local(1001)] }, 'builder shared-secret'],
  [
    'a local process of nobody never falls back to the address of its host',
    { source: '10.1.0.1', presented: [local(1002)] },
    'identity_unknown',
  ],
  [
    'a local process and a credential of another service are a conflict',
    { source: '10.9.9.9', presented: [local(1001), credential('payments')] },
    'identity_conflict',
  ],
  ['half of an all list is unknown', { source: '10.9.9.9', presented: [credential('half')] }, 'identity_unknown'],
  [
    'both halves of an all list name it',
    { source: '10.9.9.9', presented: [credential('half'), certificate('half')] },
    'both certificate',
  ],
  [
    'a double proof of one half still speaks',
    { source: '10.9.9.9', presented: [credential('half'), certificate('half'), token('half')] },
    'both certificate',
  ],
  [
    'a source inside all is a condition that fails',
    { source: '10.1.0.4', presented: [credential('placed')] },
    'identity_unknown',
  ],
  [
    'a source inside all is a condition that holds',
    { source: '10.1.0.3', presented: [credential('placed')] },
    'placed shared-secret',
  ],
  [
    'one credential in two services is a conflict',
    { source: '10.9.9.9', presented: [credential('twice')] },
    'identity_conflict',
  ],
  [
    'expired evidence names nobody',
    { source: '10.1.0.1', presented: [credential('payments', now)] },
    'identity_unknown',
  ],
  [
    'evidence without a sound end names nobody',
    { source: '10.1.0.1', presented: [credential('payments', Number.NaN)] },
    'identity_unknown',
  ],
  [
    'too many proofs are a conflict',
    { source: '10.9.9.9', presented: Array.from({ length: 5 }, () => credential('payments')) },
    'identity_conflict',
  ],
];

describe('identify', () => {
  for (const [name, set, expected] of cases) {
    it(name, () => {
      const answer = identify(directory, set, now);
      const text =
        answer.kind === 'identified'
          ? `${answer.principal.service} ${answer.principal.strength}`
          : answer.kind === 'refused'
            ? answer.reason
            : answer.kind;
      assert.equal(text, expected);
    });
  }

  it('a principal ends when the first of its proofs ends', () => {
    const set = {
      source: '10.9.9.9',
      presented: [certificate('payments', now + 5000), credential('payments', now + 7)],
    };
    const answer = identify(directory, set, now);
    assert.equal(answer.kind === 'identified' && answer.principal.expiresAt, now + 7);
  });

  it('a local process has no end by itself', () => {
    const answer = identify(directory, { source: '10.9.9.9', presented: [local(1001)] }, now);
    assert.equal(answer.kind === 'identified' && answer.principal.expiresAt, null);
  });
  it('a principal known by its source alone has no end', () => {
    const answer = identify(directory, { source: '10.1.0.1', presented: [] }, now);
    assert.equal(answer.kind === 'identified' && answer.principal.expiresAt, null);
  });
});
