import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parsePolicyTarget } from '../destination/index.ts';
import { createExceptionFacts, type ExceptionFacts, parsePolicyFiles } from './index.ts';

const policy = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow: [ { to: bank-gateway.example.com:443, reason: card settlement } ]
---
apiVersion: exeat/v1
destinations: vaults
owner: team-vault
class: secret-manager
members: [ "*.vault.example.net:443" ]
---
apiVersion: exeat/v1
owner: team-security
boundary: { deny: [ { to: "paste.example.org:*", reason: paste sites }, { to: "198.51.100.0/24:*", reason: hosting } ] }
`;

const facts = createExceptionFacts(parsePolicyFiles([{ path: 'p.yaml', text: policy }]).tree, 'sha256:01');

function ask(to: string, via: readonly string[] = []): ExceptionFacts {
  const target = parsePolicyTarget(to);
  assert.ok(target.ok, to);
  return facts({ service: 'payments-api', target: target.value, via });
}

it('says why a target is outside the boundary', () => {
  const rows: readonly (readonly [to: string, outside: string | null])[] = [
    ['paste.example.org:443', 'paste sites'],
    ['http://paste.example.org:80', 'paste sites'],
    ['*.example.org:443', null],
    ['198.51.100.7:443', 'hosting'],
    ['metadata.google.internal:80', 'Google Cloud metadata'],
    ['*.nip.io:443', 'the address is spelled in the name'],
    ['169.254.169.254:80', 'link-local and metadata'],
    ['127.0.0.1:22', 'loopback'],
    ['10.1.2.3:443', 'private use'],
    ['203.0.113.9:443', null],
    ['bank-gateway.example.com:443', null],
  ];
  for (const [to, outside] of rows) assert.equal(ask(to).target.outside, outside, to);
  assert.equal(ask('10.1.2.3:443', ['ops-net']).target.outside, null);
});

it('gives the strictest class that a target touches, and the owners of all of it', () => {
  assert.equal(ask('eu.vault.example.net:443').target.class, 'secret-manager');
  assert.deepEqual(ask('eu.vault.example.net:443').target.owners, ['team-vault']);
  assert.equal(ask('*.example.net:443').target.class, 'secret-manager');
  assert.deepEqual(ask('*.example.net:443').target.owners, []);
  assert.equal(ask('eu.vault.example.net:8443').target.class, 'ordinary');
});

it('knows the domains that rules and lists name, and the service', () => {
  assert.equal(ask('api.example.com:443').target.isKnownDomain, true);
  assert.equal(ask('new.example:443').target.isKnownDomain, false);
  assert.deepEqual(ask('new.example:443').service, {
    name: 'payments-api',
    owner: 'team-payments',
    identities: ['credential:payments-api'],
  });
});
