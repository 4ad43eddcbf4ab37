import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decisionCaseGrants,
  decisionCaseNow,
  decisionCasePolicy,
  decisionCases,
} from '../../test/support/decision-cases.ts';
import { policyOf } from '../../test/support/policy-fixture.ts';
import { parseWireHost } from '../destination/index.ts';
import { identify } from '../identity/index.ts';
import { decide, noFacts, openGrants, parsePolicyFiles } from './index.ts';

const parsed = parsePolicyFiles([{ path: 'cases.yaml', text: decisionCasePolicy }]);
const listed = decisionCaseGrants(decisionCaseNow);
const policy = policyOf(parsed.tree.documents);

test('the policy of the decision cases has no faults', () => assert.deepEqual(parsed.faults, []));

for (const row of decisionCases) {
  test(`decide: ${row.credential} to ${row.protocol ?? 'tunnel'} ${row.host}:${row.port} is ${row.verdict}, ${row.reason}`, () => {
    const evidence = { kind: 'credential', name: row.credential, expiresAt: decisionCaseNow + 1000 } as const;
    const who = identify(policy, { source: '10.20.0.7', presented: [evidence] }, decisionCaseNow);
    assert.ok(who.kind === 'identified');
    assert.equal(who.principal.strength, row.strength);
    const host = parseWireHost(row.host);
    assert.ok(host.ok);
    const verdict = decide(policy, {
      principal: who.principal,
      destination: { host: host.value, port: row.port, protocol: row.protocol },
      facts: { ...noFacts, grants: openGrants(listed.grants, listed.ended) },
      now: decisionCaseNow,
    });
    assert.deepEqual([verdict.verdict, verdict.reason, verdict.ruleIds], [row.verdict, row.reason, row.ruleIds]);
  });
}
