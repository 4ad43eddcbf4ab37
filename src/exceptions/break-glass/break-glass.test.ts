import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { grantsOf, type OfflineDocument, offlineSigners, statusOf } from '../index.ts';
import {
  act,
  change,
  codeOf,
  dayMs,
  directoryOf,
  enroll,
  factsOf,
  hourMs,
  minuteMs,
  must,
  settle,
  specOf,
  stateOf,
  statesOf,
  type Town,
} from '../town.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const vault = 'eu.vault.example.net:443';

/** A town where `gus` and `dan` have keys since long ago. */
function armed(): Town {
  const town = settle(digest);
  town.nowMs -= 40 * dayMs;
  for (const id of ['gus', 'dan', 'eve']) enroll(town, id);
  town.nowMs += 40 * dayMs;
  return town;
}

function declare(
  town: Town,
  id: string,
  changes: Parameters<typeof specOf>[0] = {},
  who = 'gus-key',
): ReturnType<typeof act> {
  const spec = specOf({ to: vault, durationMs: hourMs, beneficiary: 'gus', reason: 'payments are down', ...changes });
  return act(town, who, { kind: 'declare', id, spec }, id);
}

const acknowledge = (town: Town, who: string, id = 'b1'): string => codeOf(act(town, who, { kind: 'acknowledge' }, id));

const status = (town: Town, id = 'b1'): string => {
  const state = stateOf(town, id);
  return state === null ? 'none' : statusOf(state, town.nowMs).status;
};

describe('break-glass', () => {
  it('is declared by key only, for exactly one host and port, for an hour and a gigabyte up, inside the boundary', () => {
    const rows: readonly (readonly [code: string, changes: Parameters<typeof specOf>[0], who?: string])[] = [
      ['done', {}],
      ['break_glass_not_enrolled', {}, 'gus'],
      ['break_glass_not_enrolled', {}, 'cara-key'],
      ['break_glass_wide', { to: '*.vault.example.net:443' }],
      ['break_glass_wide', { to: 'eu.vault.example.net:443,8443' }],
      ['break_glass_wide', { to: '203.0.113.0/30:443' }],
      ['done', { to: '203.0.113.9:443' }],
      ['duration_over_tier', { durationMs: hourMs + 1 }],
      ['spec_malformed', { bytesUp: 2 ** 30 + 1 }],
      ['spec_malformed', { startAtMs: Date.UTC(2026, 10, 2, 10) }],
      ['boundary', { to: 'paste.example.org:443' }],
      ['boundary', { to: '169.254.169.254:80' }],
      ['reason_missing', { reason: 'down' }],
    ];
    for (const [code, changes, who] of rows)
      assert.equal(codeOf(declare(armed(), 'b1', changes, who)), code, JSON.stringify(changes));
    const town = armed();
    must(declare(town, 'b1'));
    assert.equal(stateOf(town, 'b1')?.grant?.spec.bytesUp, 2 ** 30);
  });

  it('ends after ten minutes unless a second person who is not linked acknowledges it', () => {
    const town = armed();
    must(declare(town, 'b1'));
    assert.equal(status(town), 'active');
    assert.deepEqual(
      grantsOf(statesOf(town), town.nowMs).map(({ kind, notAfter }) => [kind, notAfter - town.nowMs]),
      [['break-glass', 10 * minuteMs]],
    );
    assert.equal(acknowledge(town, 'gus-key'), 'self_acknowledge');
    assert.equal(acknowledge(town, 'vera'), 'not_eligible');
    assert.equal(acknowledge(town, 'cara'), 'done');
    town.nowMs += 59 * minuteMs;
    assert.equal(status(town), 'active');
    town.nowMs += minuteMs;
    assert.equal(status(town), 'expired');
    const other = armed();
    must(declare(other, 'b1'));
    other.nowMs += 10 * minuteMs;
    assert.equal(status(other), 'expired');
    assert.equal(acknowledge(other, 'dan'), 'acknowledge_late');
  });

  it('is not declared again by one whom nobody acknowledged, until somebody uninvolved reviewed it', () => {
    const town = armed();
    must(declare(town, 'b1'));
    assert.equal(codeOf(declare(town, 'b2')), 'break_glass_unacknowledged');
    town.nowMs += 9 * minuteMs;
    must(act(town, 'gus', { kind: 'revoke', reason: 'to start anew' }, 'b1'));
    assert.equal(codeOf(declare(town, 'b2')), 'break_glass_unacknowledged');
    assert.equal(codeOf(declare(town, 'b3', { beneficiary: 'dan' }, 'dan-key')), 'done');
    assert.equal(codeOf(act(town, 'gus', { kind: 'review', outcome: 'ok', note: '' }, 'b1')), 'token_cannot');
    must(act(town, 'finn', { kind: 'review', outcome: 'ok', note: 'was needed' }, 'b1'));
    assert.equal(codeOf(declare(town, 'b2')), 'done');
  });

  it('is blocked by an overdue review, of that person anywhere and of that place by anybody', () => {
    const town = armed();
    must(declare(town, 'b1'));
    assert.equal(acknowledge(town, 'dan'), 'done');
    town.nowMs += 2 * dayMs;
    assert.equal(codeOf(declare(town, 'b2', { to: 'files.example.com:443' })), 'review_overdue');
    assert.equal(codeOf(declare(town, 'b2', { beneficiary: 'dan' }, 'dan-key')), 'review_overdue');
    assert.equal(codeOf(declare(town, 'b2', { to: 'files.example.com:443', beneficiary: 'dan' }, 'dan-key')), 'done');
    assert.equal(codeOf(act(town, 'dan', { kind: 'review', outcome: 'ok', note: '' }, 'b1')), 'self_review');
    must(act(town, 'eve', { kind: 'review', outcome: 'ok', note: '' }, 'b1'));
    assert.equal(codeOf(declare(town, 'b4', { to: 'other.example.com:443' })), 'done');
  });
});

const noon = Date.UTC(2026, 10, 2, 12);
const document: OfflineDocument = {
  point: 'proxy-1',
  nonce: 'n-1',
  service: 'payments-api',
  identity: null,
  to: vault,
  via: [],
  notAfterMs: noon + hourMs,
  bytesUp: 1_000_000,
  owner: 'team-payments',
  reason: 'control is down and payments stand',
};
describe('offline break-glass', () => {
  it('counts linked signers once, because control names them by one name', () => {
    const town = armed();
    must(change(town, 'ada', { kind: 'link_people', id: 'gus', other: 'dan', reason: 'one human' }));
    const facts = factsOf(town, specOf());
    assert.ok(facts);
    assert.deepEqual(
      offlineSigners(directoryOf(town), facts.tiers.breakGlass.signatures, town.nowMs).keys.map(({ id, person }) => [
        id,
        person,
      ]),
      [
        ['dan-key', 'dan'],
        ['eve-key', 'eve'],
        ['gus-key', 'dan'],
      ],
    );
  });

  it('is learned as a fact when control is back, with what was doubtful about it', () => {
    const town = armed();
    const learned = {
      id: 'o1',
      document,
      signers: ['gus', 'dan'],
      fromMs: noon,
      untilMs: noon + hourMs,
      doubts: ['late'],
    };
    town.nowMs = noon + 3 * hourMs;
    assert.equal(codeOf(act(town, 'dan', { kind: 'learn', learned }, 'o1')), 'token_cannot');
    must(act(town, 'control', { kind: 'learn', learned }, 'o1'));
    assert.equal(codeOf(act(town, 'control', { kind: 'learn', learned }, 'o1')), 'exception_exists');
    const state = stateOf(town, 'o1');
    assert.ok(state);
    assert.deepEqual(state.offline?.doubts, ['late']);
    assert.deepEqual(statusOf(state, town.nowMs), { status: 'expired', close: 'close_overdue', review: 'review_due' });
    assert.equal(statusOf(state, noon).status, 'active');
  });
});
