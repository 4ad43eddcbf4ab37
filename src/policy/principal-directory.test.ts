import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identityNode, policyOf, serviceNode } from '../../test/support/policy-fixture.ts';
import { parseIpPrefix } from '../destination/index.ts';
import { type Evidence, identify, localEvidence } from '../identity/index.ts';
import type { PolicyDocument } from './index.ts';

const now = 1_000_000;
const at = { file: 'x.yaml', line: 1, column: 1 };
const range = parseIpPrefix('192.0.2.0/24');
assert.ok(range.ok);
const spiffe = 'spiffe://corp.example/ns/payments/sa/api';
const issuer = 'https://ci.example.com';

const of = (name: string, ...identities: string[]) => serviceNode(name, { identities: identities.map(identityNode) });
const policy = policyOf([
  of('api', spiffe, 'credential:api'),
  of('both', 'credential:both + source:10.20.0.0/24'),
  of('main', `token:${issuer}{repository_id=123,ref=main}`),
  of('dev', `token:${issuer}{repository_id=123,ref=dev}`),
  of('other', `token:${issuer}{repository_id=9,ref=main}`),
  of('latin', `token:${issuer}{actor=é}`),
  of('any', 'token:https://any.example.com'),
  of('wide', 'source:10.0.0.0/8'),
  of('narrow', 'source:10.20.0.0/16', 'source:2001:db8::/32'),
  of('runner', 'local:user:builder', 'local:group:1002 + source:10.20.0.0/24'),
  of('unit', 'local:cgroup:/ci.slice/unit + local:user:7'),
  of('twice', 'source:10.30.0.0/16 + source:10.30.1.0/24'),
  { kind: 'unattributed', owner: 'o', at, sources: [range.value], until: now + 1, reason: 'rollout' },
]);

const expiresAt = now + 1000;
const credential = (name: string): Evidence => ({ kind: 'credential', name, expiresAt });
const local = (user: string, gid: number, uid = 1): Evidence =>
  localEvidence({ uid, userNames: [user], gid, groupNames: [], cgroup: '/ci.slice/unit/job' });
const certificate: Evidence = { kind: 'certificate', spiffeId: spiffe, serial: '1', expiresAt };
const token = (claims: Record<string, string>, spiffeId: string | null = null, from = issuer): Evidence => ({
  kind: 'token',
  issuer: from,
  subject: null,
  claims,
  spiffeId,
  expiresAt,
});

const rows: readonly (readonly [string, string, readonly Evidence[], readonly string[]])[] = [
  ['a certificate is the strongest', '10.20.0.7', [certificate], [`api ${spiffe} certificate`]],
  ['a token with the SPIFFE id names it too', '10.20.0.7', [token({}, spiffe)], [`api ${spiffe} token`]],
  ['both give the stronger', '10.20.0.7', [token({}, spiffe), certificate], [`api ${spiffe} certificate`]],
  ['a credential', '192.0.2.1', [credential('api')], ['api credential:api shared-secret']],
  ['a user of the host', '192.0.2.1', [local('builder', 5)], ['runner local:user:builder shared-secret']],
  ['a number is not the name of another', '192.0.2.1', [local('1002', 5)], []],
  [
    'a group with its source',
    '10.20.0.7',
    [local('x', 1002)],
    ['runner local:group:1002 + source:10.20.0.0/24 shared-secret'],
  ],
  ['a group from elsewhere', '192.0.2.1', [local('x', 1002)], []],
  [
    'a cgroup holds those below it',
    '192.0.2.1',
    [local('x', 5, 7)],
    ['unit local:cgroup:/ci.slice/unit + local:user:7 shared-secret'],
  ],
  ['half of a local all:', '192.0.2.1', [local('x', 5, 8)], []],
  ['a credential is no local user', '192.0.2.1', [credential('builder')], []],
  ['an unknown credential names nobody, whatever its source', '10.20.0.7', [credential('nobody')], []],
  [
    'all: holds with its source',
    '10.20.0.7',
    [credential('both')],
    ['both credential:both + source:10.20.0.0/24 shared-secret'],
  ],
  ['all: does not hold from elsewhere', '10.21.0.7', [credential('both')], []],
  ['all: does not hold by a source that is no address', 'nonsense', [credential('both')], []],
  [
    'claims must all be equal',
    '10.20.0.7',
    [token({ repository_id: '123', ref: 'main', more: 'x' })],
    [`main token:${issuer} token`],
  ],
  [
    'claims of another service',
    '10.20.0.7',
    [token({ repository_id: '123', ref: 'dev' })],
    [`dev token:${issuer} token`],
  ],
  ['one claim missing', '10.20.0.7', [token({ repository_id: '123' })], []],
  [
    'claims from another issuer',
    '10.20.0.7',
    [token({ repository_id: '123', ref: 'main' }, null, 'https://evil.example')],
    [],
  ],
  ['a claim compares characters, not bytes', '10.20.0.7', [token({ actor: 'Ã©' })], []],
  ['a claim past ASCII', '10.20.0.7', [token({ actor: 'é' })], [`latin token:${issuer} token`]],
  [
    'an issuer without claims',
    '10.20.0.7',
    [token({ a: 'b' }, null, 'https://any.example.com')],
    ['any token:https://any.example.com token'],
  ],
];

const shown = (matches: readonly { service: string; identity: string; strength: string }[]): readonly string[] =>
  matches.map(({ service, identity, strength }) => `${service} ${identity} ${strength}`).sort();

for (const [what, source, presented, expected] of rows) {
  test(`presented: ${what}`, () => assert.deepEqual(shown(policy.matchPresented({ source, presented })), expected));
}

const sources: readonly (readonly [string, string, number, readonly string[]])[] = [
  [
    'every range that holds it counts',
    '10.20.0.7',
    now,
    ['narrow source:10.20.0.0/16 network', 'wide source:10.0.0.0/8 network'],
  ],
  ['one range', '10.99.0.7', now, ['wide source:10.0.0.0/8 network']],
  ['IPv6', '2001:db8::7', now, ['narrow source:2001:db8::/32 network']],
  [
    'two ranges that must hold together',
    '10.30.1.7',
    now,
    ['twice source:10.30.0.0/16 + source:10.30.1.0/24 network', 'wide source:10.0.0.0/8 network'],
  ],
  ['one of two that must hold together', '10.30.2.7', now, ['wide source:10.0.0.0/8 network']],
  ['an unattributed source before its date', '192.0.2.7', now, ['unattributed source:192.0.2.0/24 network']],
  ['an unattributed source past its date', '192.0.2.7', now + 1, []],
  ['nobody', '203.0.113.7', now, []],
  ['a source that is no address', 'nonsense', now, []],
];
for (const [what, source, when, expected] of sources) {
  test(`source alone: ${what}`, () => assert.deepEqual(shown(policy.matchSource(source, when)), expected));
}

// A source of leases names services; the policy says which of them take its word.
const leasedPolicy = policyOf([
  of('api', 'leased:ipam'),
  of('orders', 'leased:ipam', 'leased:dhcp + source:10.20.0.0/16'),
  of('silent', 'source:10.9.0.0/24'),
  of('strict', 'credential:strict + leased:ipam'),
]);
const leasedRows: readonly (readonly [string, string, readonly string[], readonly Evidence[], string])[] = [
  [
    'a lease names a service that takes leases of that source',
    '10.20.0.7',
    ['ipam api'],
    [],
    'api leased:ipam network',
  ],
  ['another service of the same source', '10.20.0.7', ['ipam orders'], [], 'orders leased:ipam network'],
  ['a service that does not take any is not named', '10.20.0.7', ['ipam silent'], [], ''],
  ['nor by another source than it takes', '10.20.0.7', ['dhcp api'], [], ''],
  ['nor one that there is not', '10.20.0.7', ['ipam nobody'], [], ''],
  [
    '`all:` bounds what a source may lease',
    '10.20.0.7',
    ['dhcp orders'],
    [],
    'orders leased:dhcp + source:10.20.0.0/16 network',
  ],
  ['outside of its bounds it may not', '10.21.0.7', ['dhcp orders'], [], ''],
  [
    'two sources that agree',
    '10.20.0.7',
    ['dhcp orders', 'ipam orders'],
    [],
    'orders leased:dhcp + source:10.20.0.0/16 network,orders leased:ipam network',
  ],
  ['a lease is no proof for what asks for one', '10.20.0.7', ['ipam strict'], [], ''],
  [
    'a proof with the lease it asks for',
    '10.20.0.7',
    ['ipam strict'],
    [credential('strict')],
    'strict credential:strict + leased:ipam shared-secret',
  ],
  ['a proof whose lease is of another service', '10.20.0.7', ['ipam api'], [credential('strict')], ''],
  ['a proof without the lease it asks for', '10.20.0.7', [], [credential('strict')], ''],
];
for (const [what, source, texts, presented, expected] of leasedRows) {
  test(`leased: ${what}`, () => {
    const leases = texts.map((text) => {
      const [from = '', service = ''] = text.split(' ');
      return { source: from, service, until: now + 5 };
    });
    const matches =
      presented.length > 0
        ? leasedPolicy.matchPresented({ source, presented }, leases)
        : leasedPolicy.matchSource(source, now, leases);
    assert.equal(shown(matches).join(), expected);
    assert.ok(matches.every(({ until }) => until === now + 5));
  });
}

test('an unattributed source ends at the last of the dates that hold it', () => {
  const document = (text: string, until: number): PolicyDocument => {
    const prefix = parseIpPrefix(text);
    assert.ok(prefix.ok);
    return { kind: 'unattributed', owner: 'o', at, sources: [prefix.value], until, reason: 'rollout' };
  };
  const dated = policyOf([
    document('192.0.2.0/24', now + 10),
    document('192.0.2.0/25', now + 20),
    document('203.0.113.0/24', now + 99),
    of('api', 'source:198.51.100.0/24'),
  ]);
  const endOf = (source: string, nowMs: number): number | null => {
    const found = identify(dated, { source, presented: [] }, nowMs);
    assert.equal(found.kind, 'identified');
    return found.kind === 'identified' ? found.principal.expiresAt : null;
  };
  assert.deepEqual(
    [endOf('192.0.2.7', now), endOf('192.0.2.7', now + 15), endOf('192.0.2.200', now), endOf('198.51.100.7', now)],
    [now + 20, now + 20, now + 10, null],
  );
});

test('a proof that was seen before is not remembered past its end, from elsewhere, under another policy, or beside another proof', () => {
  const proof = credential('both');
  const nameOf = (directory: typeof policy, source: string, presented: readonly Evidence[], nowMs = now): string => {
    const found = identify(directory, { source, presented }, nowMs);
    return found.kind === 'identified' ? `${found.principal.service} ${found.principal.source}` : found.kind;
  };
  const elsewhere = policyOf([of('moved', 'credential:both')]);
  for (let round = 0; round < 3; round++) {
    assert.equal(nameOf(policy, '10.20.0.7', [proof]), 'both 10.20.0.7');
    assert.equal(nameOf(policy, '10.20.0.8', [proof]), 'both 10.20.0.8');
    assert.equal(nameOf(policy, '192.0.2.9', [proof]), 'refused', 'its source is no longer inside the range');
    assert.equal(nameOf(policy, '10.20.0.7', [proof], expiresAt), 'refused', 'it has ended');
    assert.equal(nameOf(policy, '10.20.0.7', [proof, credential('api')]), 'refused', 'two proofs of two services');
    assert.equal(nameOf(elsewhere, '192.0.2.9', [proof]), 'moved 192.0.2.9');
  }
});

test('a lease that came or went counts for a proof that was seen before', () => {
  const proof = credential('api');
  const directory = policyOf([of('api', 'credential:api + leased:ipam')]);
  const lease = { source: 'ipam', service: 'api', until: now + 5 };
  const count = (leases: readonly (typeof lease)[]): number =>
    directory.matchPresented({ source: '10.1.1.1', presented: [proof] }, leases).length;
  assert.deepEqual([count([]), count([lease]), count([]), count([lease])], [0, 1, 0, 1]);
});
