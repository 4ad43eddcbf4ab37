import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { safeText } from './records.ts';
import { refusalResponse, refusalStatus } from './refusal.ts';

test('log injection: text of a client never breaks a line of the log or turns it around', () => {
  assert.equal(safeText('a\r\nb\u0000\u2028\u202e\\'), 'a\\u{d}\\u{a}b\\u{0}\\u{2028}\\u{202e}\\u{5c}');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(safeText(text), /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test('a refusal shows its reason and id; 407 is only ever a challenge', () => {
  const form = { accept: null, isHead: false, closes: false };
  const denial = { reason: 'no_rule_matched', decisionId: '01J', isChallenge: false } as const;
  const text = Buffer.from(refusalResponse(denial, form)).toString('latin1');
  assert.match(text, /^HTTP\/1\.1 403 Forbidden\r\nExeat-Decision: 01J\r\nExeat-Reason: no_rule_matched\r\n/);
  assert.doesNotMatch(text, /Proxy-Authenticate/);
  const rows = [
    [{ reason: 'proof_required', decisionId: null, isChallenge: true }, 407],
    [{ reason: 'proof_required', decisionId: '01J', isChallenge: false }, 403],
    [{ reason: 'strength_insufficient', decisionId: null, isChallenge: true }, 407],
    [{ reason: 'policy_changed', decisionId: '01J', isChallenge: false }, 403],
    [{ reason: 'authority_malformed', decisionId: '01J', isChallenge: false }, 400],
    [{ reason: 'connection_limit', decisionId: '01J', isChallenge: false }, 503],
    [{ reason: 'resolver_failed', decisionId: '01J', isChallenge: false }, 502],
  ] as const;
  for (const [refusal, status] of rows) assert.equal(refusalStatus(refusal), status);
  const problem = refusalResponse(denial, { ...form, accept: 'application/problem+json' });
  const body = Buffer.from(problem).toString('latin1').split('\r\n\r\n')[1] ?? '';
  assert.equal(JSON.parse(body).reason, 'no_rule_matched');
});
