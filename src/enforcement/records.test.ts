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
  const form = { accept: null, isHead: false, closes: false, requestBase: null };
  const denial = { reason: 'no_rule_matched', decisionId: '01J', isChallenge: false } as const;
  const text = Buffer.from(refusalResponse(denial, form)).toString('latin1');
  assert.match(text, /^HTTP\/1\.1 403 Forbidden\r\nExeat-Decision: 01J\r\nExeat-Reason: no_rule_matched\r\n/);
  assert.doesNotMatch(text, /Proxy-Authenticate/);
  const rows = [
    [{ reason: 'proof_required', decisionId: null, isChallenge: true }, 407],
    [{ reason: 'proof_required', decisionId: '01J', isChallenge: false }, 403],
    [{ reason: 'proof_refused', decisionId: null, isChallenge: true }, 407],
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

test('a denial that a grant can mend says where to ask for one, as text, in a header and in a problem', () => {
  const form = { accept: null, isHead: false, closes: false, requestBase: 'https://exeat.example.com' };
  const link = 'https://exeat.example.com/request?decision=01J';
  for (const [reason, isRequestable] of [
    ['no_rule_matched', true],
    ['grant_expired', true],
    ['grant_revoked', true],
    ['budget_spent', true],
    ['grant_suspended', false],
    ['rule_denied', false],
    ['boundary_denied', false],
    ['identity_revoked', false],
    ['resolver_failed', false],
  ] as const) {
    const denial = { reason, decisionId: '01J', isChallenge: false };
    const text = Buffer.from(refusalResponse(denial, form)).toString('latin1');
    assert.equal(text.includes(`\r\nExeat-Request: ${link}\r\n`), isRequestable, reason);
    assert.equal(text.endsWith(`, to ask for an exception: ${link}\n`), isRequestable, reason);
    const problem = Buffer.from(refusalResponse(denial, { ...form, accept: 'application/json' })).toString('latin1');
    const { requestable } = JSON.parse(problem.split('\r\n\r\n')[1] ?? '');
    assert.deepEqual(requestable, isRequestable ? { url: link } : undefined, reason);
  }
  const challenge = { reason: 'no_rule_matched', decisionId: null, isChallenge: true } as const;
  assert.doesNotMatch(Buffer.from(refusalResponse(challenge, form)).toString('latin1'), /Exeat-Request/);
});
