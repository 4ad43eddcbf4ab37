import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPublicSuffix } from '../../destination/index.ts';
import { lintPolicy, lintRules, parsePolicyFiles } from '../index.ts';
import { sharedTenancyParents } from './shared-tenancy.ts';

const now = Date.UTC(2026, 10, 23);
const api = 'apiVersion: exeat/v1\n';

interface ServiceText {
  readonly name?: string;
  readonly kind?: string;
  readonly identities?: string;
  readonly owner?: string;
  readonly more?: string;
}

function service({ name = 'api', kind = 'app', identities, owner = 'team', more = '' }: ServiceText): string {
  return `${api}service: ${name}\nowner: ${owner}\nkind: ${kind}\nidentities: [ ${identities ?? `"credential:${name}"`} ]\n${more}\n---\n`;
}

const allow = (...rules: readonly string[]): string => `allow: [ ${rules.map((rule) => `{ ${rule} }`).join(', ')} ]`;
const why = 'reason: card settlement with the bank';
const one = (to: string, more = ''): string => service({ more: allow(`to: "${to}", ${why}${more}`) });
const shared = (destinationClass: string, members: string): string =>
  `${api}destinations: shared\nowner: team\nclass: ${destinationClass}\nmembers: [ ${members} ]\n---\n`;
const space = (more = ''): string =>
  `${api}space: team\nowner: platform\npath: "**"\nowners: [ team, platform ]\nenvironment: prod\nidentities: [ "credential:*", "source:10.20.0.0/16", "token:https://ci.example.com", "spiffe://corp.example/ns/team/**" ]\n${more}---\n`;
const segment = `${api}owner: platform\nsegments: { ends: { ranges: [ 10.60.0.0/16 ], environment: prod } }\n---\n`;
const requires = `${api}owner: security\nboundary: { requires: { admin: { strength: certificate } } }\n---\n`;
const token = (claims: string, host = 'ci'): string =>
  `token: { issuer: "https://${host}.example.com", claims: { ${claims} } }`;
const revokes = (identity: string): string =>
  `${api}owner: security\nboundary: { revoked: [ { identity: "${identity}", reason: lost with a laptop } ] }\n---\n`;
const observe = (until: string): string => service({ more: `mode: observe\nobserveUntil: ${until}` });

/** A policy that a lint rule reports, and one beside it that the same rule lets pass. */
const cases: readonly (readonly [rule: string, what: string, bad: string, good: string])[] = [
  ['allow-all', 'every name', one('*:443'), one('*.example.com:443')],
  ['allow-all', 'every address', one('0.0.0.0/0:443'), one('203.0.113.0/24:443')],
  [
    'allow-all',
    'every name in a shared document',
    shared('ordinary', '"*:443"'),
    shared('ordinary', '"a.example:443"'),
  ],
  ['port-any', 'every port', one('example.com:*'), one('example.com:443,8443')],
  ['wildcard-public-suffix', 'on a public suffix', one('*.co.uk:443'), one('*.example.co.uk:443')],
  ['wildcard-public-suffix', 'on a top-level domain', one('*.com:443'), one('*.example.com:443')],
  ['wildcard-public-suffix', 'on the private section', one('*.github.io:443'), one('octocat.github.io:443')],
  ['wildcard-public-suffix', 'above the private section', one('*.amazonaws.com:443'), one('*.example.com:443')],
  [
    'wildcard-public-suffix',
    'above a region of the private section',
    one('*.eu-west-1.amazonaws.com:443'),
    one('kms.eu-west-1.amazonaws.com:443'),
  ],
  ['public-resolver', 'by name', one('dns.google:443'), one('docs.google:443')],
  ['public-resolver', 'below a name', one('abc.dns.nextdns.io:853'), one('my.nextdns.io:443')],
  ['public-resolver', 'under a wildcard', one('*.quad9.net:443'), one('*.example.net:443')],
  ['public-resolver', 'by address', one('8.8.8.0/24:443'), one('203.0.113.0/24:443')],
  [
    'ip-literal',
    'an address with a thin reason',
    service({ more: allow('to: "203.0.113.7:443", reason: needed') }),
    one('203.0.113.7:443'),
  ],
  [
    'ip-literal',
    'an address in a shared document',
    shared('ordinary', '"203.0.113.7:443"') + service({ more: allow('to: "@shared", reason: needed') }),
    shared('ordinary', '"a.example:443"') + service({ more: allow('to: "@shared", reason: needed') }),
  ],
  ['tls-alone', 'every name on 443', one('*:443'), one('*.example.com:443')],
  ['tls-alone', 'sni: none', one('203.0.113.0/24:443', ', sni: none'), one('203.0.113.0/24:443')],
  ['tls-alone', "a provider's range", one('203.0.0.0/16:443'), one('203.0.113.0/28:443')],
  ['tls-alone', "a provider's range of IPv6", one('[2001:db8::/32]:443'), one('[2001:db8:1::/48]:443')],
  [
    'identity-in-two-services',
    'the same credential',
    service({}) + service({ name: 'b', identities: '"credential:api"' }),
    service({}) + service({ name: 'b' }),
  ],
  [
    'identity-in-two-services',
    'a source inside another',
    service({ identities: '"source:10.20.0.0/16"' }) + service({ name: 'b', identities: '"source:10.20.3.0/24"' }),
    service({ identities: '"source:10.20.0.0/16"' }) + service({ name: 'b', identities: '"source:10.21.3.0/24"' }),
  ],
  [
    'identity-in-two-services',
    'a part of an all: list',
    service({}) + service({ name: 'b', identities: 'all: [ "credential:api", "credential:two" ]' }),
    service({}) + service({ name: 'b', identities: 'all: [ "credential:one", "credential:two" ]' }),
  ],
  [
    'identity-in-two-services',
    'a token with fewer claims',
    service({ identities: token('repo: "1"') }) + service({ name: 'b', identities: token('repo: "1", env: prod') }),
    service({ identities: token('repo: "1"') }) + service({ name: 'b', identities: token('repo: "2", env: prod') }),
  ],
  [
    'identity-in-two-services',
    'fewer claims inside an all: list',
    service({ identities: token('repo: "1"') }) +
      service({ name: 'b', identities: `all: [ { ${token('repo: "1", env: prod')} }, "source:10.20.0.0/16" ]` }),
    service({ identities: token('repo: "1"', 'other') }) +
      service({ name: 'b', identities: `all: [ { ${token('repo: "1", env: prod')} }, "source:10.20.0.0/16" ]` }),
  ],
  [
    'token-claims-overlap',
    'claims that agree where both ask',
    service({ identities: token('repo: "1", ref: main') }) +
      service({ name: 'b', identities: token('repo: "1", env: prod') }),
    service({ identities: token('repo: "1", ref: main') }) +
      service({ name: 'b', identities: token('repo: "2", env: prod') }),
  ],
  [
    'token-claims-overlap',
    'claims that have no name in common',
    service({ identities: token('repo: "1"') }) + service({ name: 'b', identities: token('env: prod') }),
    service({ identities: token('repo: "1"') }) + service({ name: 'b', identities: token('env: prod', 'other') }),
  ],
  [
    'revocation-unmatched',
    'a credential that is spelled otherwise',
    service({}) + revokes('credential:app'),
    service({}) + revokes('credential:api'),
  ],
  [
    'revocation-unmatched',
    'an issuer that nobody trusts for anything',
    service({ identities: token('repo: "1"') }) + revokes('token:https://other.example.com'),
    service({ identities: token('repo: "1"') }) + revokes('token:https://ci.example.com'),
  ],
  [
    'revocation-unmatched',
    'no term of an all: list',
    service({ identities: 'all: [ "credential:api", "source:10.20.0.0/16" ]' }) + revokes('source:10.0.0.0/8'),
    service({ identities: 'all: [ "credential:api", "source:10.20.0.0/16" ]' }) + revokes('source:10.20.0.0/16'),
  ],
  [
    'operator-shares-identity',
    'an app and an operator',
    service({}) + service({ name: 'b', kind: 'operator', identities: '"credential:api"' }),
    service({}) + service({ name: 'b', kind: 'agent', identities: '"credential:api"' }),
  ],
  [
    'identity-in-two-services',
    'a cgroup below another',
    service({ identities: 'local: { cgroup: /a }' }) + service({ name: 'b', identities: 'local: { cgroup: /a/b }' }),
    service({ identities: 'local: { cgroup: /a/c }' }) + service({ name: 'b', identities: 'local: { cgroup: /a/b }' }),
  ],
  [
    'local-wide',
    'root',
    service({ identities: 'local: { user: root }' }),
    service({ identities: 'all: [ local: { user: root }, local: { cgroup: /system.slice/a.service } ]' }),
  ],
  [
    'local-wide',
    'a group of everybody, by its number',
    service({ identities: 'local: { group: 100 }' }),
    service({ identities: 'local: { group: 1002 }' }),
  ],
  [
    'local-wide',
    'every unit',
    service({ identities: 'local: { cgroup: /system.slice }' }),
    service({ identities: 'local: { cgroup: /system.slice/a.service }' }),
  ],
  [
    'outside-space',
    'a local user that is not claimed',
    space().replace('"credential:*"', '"local:user:ci-*"') + service({ identities: 'local: { user: root }' }),
    space().replace('"credential:*"', '"local:user:ci-*"') + service({ identities: 'local: { user: ci-1 }' }),
  ],
  [
    'outside-space',
    'a cgroup that is not claimed',
    space().replace('"credential:*"', '"local:cgroup:/ci.slice/**"') + service({ identities: '"local:cgroup:/a/b"' }),
    space().replace('"credential:*"', '"local:cgroup:/ci.slice/**"') +
      service({ identities: '"local:cgroup:/ci.slice/b"' }),
  ],
  [
    'network-only-identity',
    'a source in prod',
    space() + service({ identities: '"source:10.20.0.0/24"' }),
    service({ identities: '"source:10.20.0.0/24"' }),
  ],
  [
    'network-only-identity',
    'sources in prod',
    space() + service({ identities: 'all: [ "source:10.20.0.0/24" ]' }),
    space() + service({ identities: 'all: [ "source:10.20.0.0/24", "credential:api" ]' }),
  ],
  [
    'registry-outside-build',
    'an app that names a registry itself',
    shared('package-registry', '"npm.example:443"') + one('npm.example:443'),
    shared('package-registry', '"npm.example:443"') + one('npm.example:8443'),
  ],
  [
    'registry-outside-build',
    'an app with a wildcard over a registry',
    shared('package-registry', '"npm.example.com:443"') + one('*.example.com:443'),
    shared('package-registry', '"npm.example.com:443"') + one('*.example.net:443'),
  ],
  [
    'registry-outside-build',
    'an app that refers to registries',
    shared('package-registry', '"npm.example:443"') + one('@shared'),
    shared('package-registry', '"npm.example:443"') + service({ kind: 'build', more: allow(`to: "@shared", ${why}`) }),
  ],
  [
    'privileged-weak-proof',
    'a credential for admin',
    requires + shared('admin', '"*.admin.example:443"') + one('a.admin.example:443'),
    requires + shared('admin', '"*.admin.example:443"') + one('a.admin.example:443', ', strength: certificate'),
  ],
  [
    'privileged-weak-proof',
    'one weak identity of two',
    requires +
      shared('admin', '"a.example:443"') +
      service({ identities: '"spiffe://corp.example/a", "credential:a"', more: allow(`to: "@shared", ${why}`) }),
    requires +
      shared('admin', '"a.example:443"') +
      service({ identities: '"spiffe://corp.example/a"', more: allow(`to: "@shared", ${why}`) }),
  ],
  ['owner-unassigned', 'a service that nobody owns', service({ owner: 'unassigned' }), service({ owner: 'team' })],
  ['outside-space', 'an owner who is not listed', space() + service({ owner: 'strangers' }), space() + service({})],
  [
    'outside-space',
    'an identity that is not claimed',
    space() + service({ identities: '"spiffe://corp.example/ns/other/x"' }),
    space() + service({ identities: '"spiffe://corp.example/ns/team/sa/x"' }),
  ],
  [
    'outside-space',
    'a source that is wider than the claim',
    space() + service({ identities: '"source:10.0.0.0/8"' }),
    space() + service({ identities: '"source:10.20.3.0/24"' }),
  ],
  [
    'outside-space',
    'a token of another issuer',
    space() + service({ identities: 'token: { issuer: "https://other.example.com", claims: { a: b } }' }),
    space() + service({ identities: 'token: { issuer: "https://ci.example.com", claims: { a: b } }' }),
  ],
  ['outside-space', 'a file in no space', space().replace('"**"', 'elsewhere/**') + service({}), service({})],
  [
    'crossing-unnamed',
    'no environment into prod',
    segment + one('kms.example:443', ', via: ends'),
    segment + space() + one('kms.example:443', ', via: ends'),
  ],
  [
    'crossing-unnamed',
    'dev into prod',
    segment + space().replace('environment: prod', 'environment: dev') + one('kms.example:443', ', via: ends'),
    segment +
      space().replace('environment: prod', 'environment: dev') +
      one('kms.example:443', ', via: ends, crossing: { from: dev, to: prod }'),
  ],
  ['observe-ended', 'yesterday', observe('2026-11-22'), observe('2026-12-10')],
  ['observe-ending', 'in 7 days', observe('2026-11-30'), observe('2026-12-01')],
  ['observe-too-long', 'in 31 days', observe('2026-12-24'), observe('2026-12-23')],
  [
    'observe-too-long',
    'unattributed in 31 days',
    `${api}owner: a\nunattributed: { sources: [ 10.0.0.0/8 ], until: 2026-12-24, reason: first rollout }\n`,
    `${api}owner: a\nunattributed: { sources: [ 10.0.0.0/8 ], until: 2026-12-23, reason: first rollout }\n`,
  ],
  [
    'shadowed',
    'a name under a wildcard',
    service({ more: allow(`to: "a.example.com:443", ${why}`, `to: "*.example.com:443", ${why}`) }),
    service({ more: allow(`to: "example.com:443", ${why}`, `to: "*.example.com:443", ${why}`) }),
  ],
  [
    'shadowed',
    'fewer ports',
    service({ more: allow(`to: "a.example:443", ${why}`, `to: "a.example:80,443", ${why}`) }),
    service({ more: allow(`to: "a.example:443", ${why}`, `to: "tcp://a.example:443", ${why}`) }),
  ],
  [
    'shadowed',
    'an allow that is denied whole',
    service({ more: `${allow(`to: "a.example.com:443", ${why}`)}\ndeny: [ { to: "*.example.com:*", ${why} } ]` }),
    service({ more: `${allow(`to: "*.example.com:443", ${why}`)}\ndeny: [ { to: "a.example.com:*", ${why} } ]` }),
  ],
  [
    'shadowed',
    'a block inside a block',
    service({ more: allow(`to: "203.0.113.0/28:443", ${why}`, `to: "203.0.113.0/24:443", ${why}`) }),
    service({ more: allow(`to: "203.0.113.0/28:443", ${why}`, `to: "198.51.100.0/24:443", ${why}`) }),
  ],
  [
    'shadowed',
    'a member of a shared document',
    shared('ordinary', '"*.example.com:443"') +
      service({ more: allow(`to: "a.example.com:443", ${why}`, `to: "@shared", ${why}`) }),
    shared('ordinary', '"*.example.com:443"') + one('@shared'),
  ],
  [
    'repeated-rules',
    'one rule in three services',
    ['a', 'b', 'c'].map((name) => service({ name, more: allow(`to: "x.example:443", ${why}`) })).join(''),
    ['a', 'b'].map((name) => service({ name, more: allow(`to: "x.example:443", ${why}`) })).join(''),
  ],
  [
    'member-untested',
    'a member that no test uses',
    shared('ordinary', '"a.example:443", "b.example:443"') +
      service({ more: `${allow(`to: "@shared", ${why}`)}\ntests: [ { allow: "a.example:443" } ]` }),
    shared('ordinary', '"a.example:443", "*.b.example:443"') +
      service({
        more: `${allow(`to: "@shared", ${why}`)}\ntests: [ { allow: "a.example:443" }, { allow: "x.b.example:443" } ]`,
      }),
  ],
];

function rulesFound(text: string): ReadonlySet<string> {
  const { tree, faults } = parsePolicyFiles([{ path: 'team/a.yaml', text }]);
  assert.deepEqual(faults, []);
  return new Set(lintPolicy(tree, { now }).map(({ rule }) => rule));
}

describe('each lint rule', () => {
  for (const [rule, what, bad, good] of cases)
    it(`${rule} finds ${what}, and lets its better twin pass`, () => {
      assert.equal(rulesFound(bad).has(rule), true, 'the bad policy');
      assert.equal(rulesFound(good).has(rule), false, 'the good policy');
    });

  it('is in the table of cases, and has an id, a sentence and a mend of its own', () => {
    const ids = lintRules.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      ids.filter((id) => !cases.some(([rule]) => rule === id)),
      [],
    );
    for (const { says, mend } of lintRules) assert.ok(says.length > 10 && mend.length > 10 && !says.endsWith('.'));
  });
});

describe('lintPolicy', () => {
  it('finds nothing in a policy that is in order', () => {
    const text =
      space() +
      segment +
      service({
        more: `${allow(`to: "bank.example.com:443", ${why}`, `to: "kms.example.com:443", via: ends, ${why}`)}\ntests: [ { allow: "bank.example.com:443" } ]`,
      });
    assert.deepEqual([...rulesFound(text)], []);
  });

  it('lists at most 1,000 findings of one rule and says how many there were', () => {
    const more = allow(...Array.from({ length: 1500 }, (_, n) => `to: "h${n}.example:*", ${why}`));
    const { tree } = parsePolicyFiles([{ path: 'a.yaml', text: service({ more }) }]);
    const found = lintPolicy(tree, { now }).filter(({ rule }) => rule === 'port-any');
    assert.equal(found.length, 1001);
    assert.ok(found.some(({ message }) => message.startsWith('500 more')));
  });

  it('says in words when observe ended', () => {
    const { tree } = parsePolicyFiles([{ path: 'a.yaml', text: observe('2024-02-29') }]);
    assert.match(lintPolicy(tree, { now })[0]?.message ?? '', /2024-02-29/);
  });
});

describe('shared tenancy', () => {
  for (const [parent, suffix] of sharedTenancyParents)
    it(`${suffix} is a public suffix below ${parent}, and ${parent} is not one itself`, () => {
      assert.ok(isPublicSuffix(suffix) && suffix.endsWith(`.${parent}`) && !isPublicSuffix(parent));
    });
});

it('a team that writes segments in its own folder is told so, the platform team is not', () => {
  const spaces = ['payments', 'platform'].map((name) =>
    space().replace('space: team', `space: ${name}`).replace('"**"', `${name}/**`),
  );
  const text = spaces[0]?.replace('[ team, platform ]', '[ team ]') + (spaces[1] ?? '');
  const findingsFor = (path: string): readonly string[] => {
    const files = [
      { path: 'platform/spaces.yaml', text },
      { path, text: segment.replace('platform', path.startsWith('payments') ? 'team' : 'platform') },
    ];
    const { tree, faults } = parsePolicyFiles(files);
    assert.deepEqual(faults, []);
    return lintPolicy(tree, { now })
      .filter((finding) => finding.rule === 'outside-space')
      .map((finding) => finding.message);
  };
  assert.deepEqual(findingsFor('payments/net.yaml'), [
    'a `segments` document stands in space `payments`, where teams write services',
  ]);
  assert.deepEqual(findingsFor('platform/net.yaml'), []);
});
