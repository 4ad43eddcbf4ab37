import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createProofMemo, maxRememberedMs, type VerifiedCheck } from './proof-memo.ts';

const checkUntil = (expiresAt: number, holds = (): boolean => true): VerifiedCheck => ({
  kind: 'verified',
  evidence: { kind: 'credential', name: 'api', expiresAt },
  holds,
});

describe('memory of proofs', () => {
  it('is bounded, and the least recently used goes first', () => {
    const memo = createProofMemo(2);
    memo.put('a', checkUntil(1000), 0);
    memo.put('b', checkUntil(1000), 0);
    assert.notEqual(memo.get('a', 1), null);
    memo.put('c', checkUntil(1000), 1);
    assert.equal(memo.size, 2);
    assert.equal(memo.get('b', 2), null);
    assert.notEqual(memo.get('a', 2), null);
  });

  it('ends after 5 minutes, at the expiry, when the clock is set back, and when what it rests on fell', () => {
    const memo = createProofMemo();
    memo.put('long', checkUntil(Number.MAX_SAFE_INTEGER), 1000);
    assert.notEqual(memo.get('long', 999 + maxRememberedMs), null);
    assert.equal(memo.get('long', 1000 + maxRememberedMs), null);
    memo.put('short', checkUntil(1500), 1000);
    assert.equal(memo.get('short', 1500), null);
    memo.put('back', checkUntil(5000), 1000);
    assert.equal(memo.get('back', 999), null);
    memo.put(
      'fell',
      checkUntil(5000, () => false),
      1000,
    );
    assert.equal(memo.get('fell', 1001), null);
  });

  it('two proofs share a key only when they are the same, and another process has other keys', () => {
    const memo = createProofMemo();
    const basic = fc.record({ kind: fc.constant('basic' as const), username: fc.string(), password: fc.string() });
    fc.assert(
      fc.property(basic, basic, (a, b) => {
        const isSame = a.username === b.username && a.password === b.password;
        assert.equal(memo.keyOf(a) === memo.keyOf(b), isSame);
      }),
    );
    const moved = [
      memo.keyOf({ kind: 'basic', username: 'a', password: 'bc' }),
      memo.keyOf({ kind: 'basic', username: 'ab', password: 'c' }),
      memo.keyOf({ kind: 'bearer', token: 'abc' }),
      createProofMemo().keyOf({ kind: 'bearer', token: 'abc' }),
    ];
    assert.equal(new Set(moved).size, 4);
  });
});
