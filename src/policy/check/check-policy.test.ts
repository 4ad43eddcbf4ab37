import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicyFile } from '../documents/parse-policy-file.ts';
import { checkPolicy, checkPolicyInSteps } from './check-policy.ts';

const options = { version: 'sha256:1', seed: new Uint8Array(16), now: Date.UTC(2026, 10, 23) };
const tests = Array.from({ length: 250 }, (_, at) => `  - { allow: "h${at}.example.com:443" }\n`).join('');
const text = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow:
  - { to: "*.example.com:443", reason: partners }
  - { to: "bank.example.com:*", reason: settlement }
tests:
  - { deny: other.example.org:443 }
  - { allow: other.example.org:443 }
${tests}`;

test('a check in steps breathes between them, and says what a check in one says', () => {
  const files = [parsePolicyFile('a.yaml', text)];
  const steps = checkPolicyInSteps(files, options);
  let count = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) count += 1;
  assert.ok(count >= 5, `${count} steps`);
  assert.ok(step.value.ok);
  const { check, policy } = step.value.value;
  assert.equal(check.tests.length, 252);
  assert.deepEqual(
    check.tests.filter(({ passed }) => !passed).map(({ at }) => at.line),
    [11],
  );
  assert.ok(check.findings.length > 0);
  assert.equal(policy?.serviceCount, 1);
  const whole = checkPolicy(files, options);
  assert.ok(whole.ok);
  assert.deepEqual(whole.value.check, check);
});

test('what does not load is not linted, tested or compiled', () => {
  const checked = checkPolicy([parsePolicyFile('a.yaml', `${text}colour: red\n`)], options);
  assert.ok(checked.ok);
  assert.deepEqual(
    checked.value.check.faults.map(({ code }) => code),
    ['key_unknown'],
  );
  assert.equal(checked.value.policy, null);
  assert.deepEqual(checked.value.check.tests, []);
});
