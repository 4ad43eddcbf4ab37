import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  compilePolicy,
  decide,
  lintPolicy,
  openPolicy,
  type PolicyTestResult,
  parsePolicyFiles,
  runPolicyTests,
  toCheckReport,
  toSarif,
} from '../index.ts';

const now = Date.UTC(2026, 10, 23);
const version = `sha256:${createHash('sha256').update('test').digest('hex')}`;

function run(tests: string, more = ''): readonly PolicyTestResult[] {
  const text = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
${more}
identities: [ "credential:payments-api", "spiffe://corp.example/ns/payments/sa/api" ]
allow:
  - { to: bank.example.com:443, reason: card settlement }
  - { to: "tcp://mail.example.com:25", reason: receipts by mail }
  - { to: vault.example.com:443, reason: keys for signing, strength: certificate }
deny: [ { to: "*.paste.example.net:*", reason: never from payments } ]
tests: [ ${tests} ]
`;
  const { tree, faults } = parsePolicyFiles([{ path: 'api.yaml', text }]);
  assert.deepEqual(faults, []);
  const compiled = compilePolicy(tree, { version, seed: new Uint8Array(16) });
  assert.ok(compiled.ok);
  const policy = openPolicy(compiled.value);
  assert.ok(policy.ok);
  return runPolicyTests(tree, policy.value, { decide, now });
}

/** One test entry a row, and whether it passes; for a failing one, what its message says. */
const rows: readonly (readonly [entry: string, passes: boolean, message?: RegExp])[] = [
  ['{ allow: bank.example.com:443 }', true],
  ['{ allow: bank.example.com:443, because: rule_matched }', true],
  ['{ deny: example.org:443, because: no_rule_matched }', true],
  ['{ deny: x.paste.example.net:443, because: rule_denied }', true],
  ['{ allow: tcp://mail.example.com:25 }', true],
  ['{ allow: vault.example.com:443, as: "spiffe://corp.example/ns/payments/sa/api" }', true],
  ['{ deny: vault.example.com:443, because: strength_insufficient }', true],
  ['{ deny: "169.254.169.254:80", because: boundary_denied }', true],
  ['{ allow: example.org:443 }', false, /got deny: `no_rule_matched` by no rule/],
  ['{ deny: bank.example.com:443 }', false, /got allow: `rule_matched` by `payments-api\/allow\/bank.example.com:443`/],
  ['{ deny: example.org:443, because: rule_denied }', false, /expected deny because `rule_denied`/],
  ['{ allow: tcp://bank.example.com:443 }', false, /no rule admits `tcp`/],
  ['{ allow: bank.example.com:443, as: "credential:payment-api" }', false, /did you mean `credential:payments-api`/],
];

describe('runPolicyTests', () => {
  for (const [entry, passes, message] of rows)
    it(`${entry} ${passes ? 'passes' : 'fails, and says what happened and by which rule'}`, () => {
      const [result] = run(entry);
      assert.equal(result?.passed, passes, result?.message ?? '');
      if (message !== undefined) assert.match(result?.message ?? '', message);
    });

  it('an observed service is tested as if it were enforced', () => {
    const [result] = run(
      '{ deny: example.org:443, because: no_rule_matched }',
      'mode: observe\nobserveUntil: 2026-12-20',
    );
    assert.equal(result?.passed, true);
  });
});

describe('the report of a check', () => {
  const { tree, faults } = parsePolicyFiles([
    {
      path: 'a b.yaml',
      text: 'apiVersion: exeat/v1\nservice: x\nowner: o\nkind: app\nidentities: [ "credential:x" ]\nallow: [ { to: "*:443", reason: a b } ]\nzz: 1\n',
    },
  ]);
  const check = { version, faults, findings: lintPolicy(tree, { now }), tests: run('{ allow: example.org:443 }') };

  it('counts, and is not ok with a fault, an error or a failed test', () => {
    const report = toCheckReport(check);
    assert.equal(report.ok, false);
    assert.deepEqual(report.counts, { faults: 1, errors: 1, warnings: 1, notes: 0, testsPassed: 0, testsFailed: 1 });
    assert.equal(
      toCheckReport({ version, faults: [], findings: [], tests: run('{ allow: bank.example.com:443 }') }).ok,
      true,
    );
  });

  it('is SARIF 2.1.0: every result has a described rule, a level, a message and a place', () => {
    const log = toSarif(check);
    const [{ tool, results }] = log.runs;
    assert.equal(log.version, '2.1.0');
    assert.equal(tool.driver.name, 'exeat');
    assert.deepEqual(
      new Set(results.map(({ ruleId }) => ruleId)),
      new Set(['key_unknown', 'allow-all', 'tls-alone', 'test-failed']),
    );
    for (const { ruleId, ruleIndex, level, message, locations } of results) {
      assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
      assert.ok(['error', 'warning', 'note'].includes(level) && message.text.length > 0);
      const { artifactLocation, region } = locations[0].physicalLocation;
      assert.ok(URL.canParse(artifactLocation.uri, 'file:///') && region.startLine >= 1 && region.startColumn >= 1);
    }
    assert.equal(results[0]?.locations[0].physicalLocation.artifactLocation.uri, 'a%20b.yaml');
  });
});
