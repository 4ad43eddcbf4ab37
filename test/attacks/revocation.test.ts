import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EvidenceSet, identify } from '../../src/identity/index.ts';
import { decide, noFacts, type PolicyDocument, parsePolicyFile } from '../../src/policy/index.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../support/policy-fixture.ts';

const at = { file: 'boundary.yaml', line: 1, column: 1 };
const now = Date.UTC(2026, 10, 23);

function reasonOf(identities: readonly string[], revoked: string, evidence: EvidenceSet): string {
  const boundary: PolicyDocument = {
    kind: 'boundary',
    owner: 'team-security',
    at,
    deny: [],
    requires: [],
    revoked: [{ identity: revoked, reason: 'stolen', at }],
  };
  const app = serviceNode('app', {
    identities: identities.map(identityNode),
    allow: [ruleNode('bank-gateway.example.com:443')],
  });
  const policy = policyOf([app, boundary]);
  const found = identify(policy, evidence, now);
  assert.equal(found.kind, 'identified');
  const { principal } = found as Extract<typeof found, { kind: 'identified' }>;
  const host = { kind: 'name', name: 'bank-gateway.example.com' } as const;
  const destination = { host, port: 443, protocol: null };
  return decide(policy, { principal, destination, facts: noFacts, now }).reason;
}

const fromOffice: EvidenceSet = { source: '10.20.5.5', presented: [] };
const ciToken: EvidenceSet = {
  source: '10.20.5.5',
  presented: [
    {
      kind: 'token',
      issuer: 'https://ci.example.com',
      subject: null,
      claims: { repository: '7', environment: 'prod' },
      spiffeId: null,
      expiresAt: now + 60_000,
    },
  ],
};

test('outshone revocation: a revoked range inside a wider one of the same service stays revoked', () => {
  const identities = ['source:10.0.0.0/8', 'source:10.20.0.0/16'];
  assert.equal(reasonOf(identities, 'source:10.20.0.0/16', fromOffice), 'identity_revoked');
  assert.equal(reasonOf(identities, 'source:10.30.0.0/16', fromOffice), 'rule_matched');
});

test('outshone revocation: revoking an issuer ends each of its tokens', () => {
  const identities = ['token:https://ci.example.com{repository=7}'];
  assert.equal(reasonOf(identities, 'token:https://ci.example.com', ciToken), 'identity_revoked');
  assert.equal(reasonOf(identities, 'token:https://ci.example.net', ciToken), 'rule_matched');
});

test('respelled revocation: ranges are revoked in their one spelling, and a range that is none is a fault', () => {
  const document = (identity: string): string =>
    `apiVersion: exeat/v1\nowner: team-security\nboundary: { revoked: [ { identity: "${identity}", reason: stolen } ] }\n`;
  const revokedBy = (identity: string): readonly string[] =>
    parsePolicyFile('boundary.yaml', document(identity)).documents.flatMap((each) =>
      each.kind === 'boundary' ? each.revoked.map((one) => one.identity) : [],
    );
  assert.deepEqual(revokedBy('source:10.20.0.7/32'), ['source:10.20.0.7']);
  assert.deepEqual(revokedBy('source:2001:DB8:0::/32 + credential:app'), ['credential:app + source:2001:db8::/32']);
  const broken = parsePolicyFile('boundary.yaml', document('source:10.20.0.7/8'));
  assert.deepEqual(
    broken.faults.map((one) => one.code),
    ['range_malformed'],
  );
});
