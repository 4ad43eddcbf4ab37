import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { endOf, refusedEntry, statusOf } from '../index.ts';
import {
  act,
  actorOf,
  admit,
  append,
  approvalOf,
  approveNow,
  change,
  codeOf,
  dayMs,
  hourMs,
  lookNow,
  minuteMs,
  must,
  settle,
  specOf,
  stateOf,
} from '../town.playbook.ts';
import { status, townsWith, vault } from './asked.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const { asked, granted } = townsWith(digest);

describe('the life of an exception', () => {
  it('goes from pending to active, expired, closed and reviewed by the clock and what was done', () => {
    const town = asked();
    assert.equal(status(town), 'pending');
    town.nowMs += hourMs;
    must(approveNow(town, 'dan', 'x1'));
    assert.equal(status(town), 'active');
    town.nowMs += 2 * hourMs - 1;
    assert.equal(status(town), 'active');
    town.nowMs += 1;
    assert.equal(status(town), 'expired');
    const state = stateOf(town, 'x1');
    assert.ok(state);
    assert.equal(statusOf(state, town.nowMs).close, 'closing');
    assert.equal(statusOf(state, town.nowMs + 10 * minuteMs).close, 'close_overdue');
    assert.equal(endOf(state), town.nowMs);
    must(
      act(
        town,
        'control',
        { kind: 'close', points: [{ point: 'proxy-1', sequence: 8, connections: 0, atMs: town.nowMs }] },
        'x1',
      ),
    );
    must(act(town, 'finn', { kind: 'review', outcome: 'should_be_permanent', note: 'every year' }, 'x1'));
    const closed = stateOf(town, 'x1');
    assert.ok(closed);
    assert.deepEqual(statusOf(closed, town.nowMs), { status: 'expired', close: 'closed', review: 'reviewed' });
  });

  it('waits for the start that was asked for', () => {
    const town = settle(digest);
    const startAtMs = town.nowMs + 3 * hourMs;
    must(act(town, 'cara', { kind: 'submit', id: 'x1', spec: specOf({ startAtMs }) }, 'x1'));
    must(approveNow(town, 'dan', 'x1'));
    assert.equal(status(town), 'approved');
    town.nowMs = startAtMs;
    assert.equal(status(town), 'active');
    town.nowMs = startAtMs + 2 * hourMs;
    assert.equal(status(town), 'expired');
  });

  it('needs two who are not linked for a vault, and a review when it is over', () => {
    const town = asked({ to: vault });
    must(approveNow(town, 'dan', 'x1'));
    assert.equal(status(town), 'pending');
    must(approveNow(town, 'vera', 'x1'));
    assert.equal(status(town), 'active');
    town.nowMs += 2 * hourMs;
    const state = stateOf(town, 'x1');
    assert.ok(state);
    assert.equal(statusOf(state, town.nowMs).review, 'review_due');
    assert.equal(statusOf(state, town.nowMs + 14 * dayMs).review, 'review_overdue');
  });

  it('voids decisions when it is edited, and those under another policy', () => {
    const town = asked({ to: vault });
    must(approveNow(town, 'dan', 'x1'));
    must(act(town, 'cara', { kind: 'edit', spec: specOf({ to: vault, durationMs: hourMs }) }, 'x1'));
    must(approveNow(town, 'eve', 'x1'));
    assert.equal(status(town), 'pending');
    town.policyVersion = 'sha256:02';
    must(approveNow(town, 'dan', 'x1'));
    assert.equal(status(town), 'pending');
    must(approveNow(town, 'eve', 'x1'));
    assert.equal(status(town), 'active');
  });

  it('is held when who benefits leaves, and counts again only when they are back', () => {
    const town = granted();
    must(change(town, 'ada', { kind: 'disable_person', id: 'cara', reason: 'left' }));
    must(act(town, 'control', { kind: 'deprovision', person: 'cara', why: 'disabled' }, 'x1'));
    assert.equal(status(town), 'suspended');
    const resume = (): ReturnType<typeof act> =>
      act(town, 'ben', { kind: 'resume', ...lookNow(town, 'x1'), note: 'back' }, 'x1');
    assert.equal(codeOf(resume()), 'requester_gone');
    must(change(town, 'ada', { kind: 'enable_person', id: 'cara', reason: 'back' }));
    assert.equal(codeOf(resume()), 'done');
    assert.equal(status(town), 'active');
  });

  for (const why of ['disabled', 'demoted'] as const) {
    it(`is held when who approved it is ${why} before its start, and not after it`, () => {
      const town = settle(digest);
      must(act(town, 'cara', { kind: 'submit', id: 'x1', spec: specOf({ startAtMs: town.nowMs + hourMs }) }, 'x1'));
      must(approveNow(town, 'dan', 'x1'));
      assert.equal(status(town), 'approved');
      const gone = { kind: 'deprovision', person: 'dan', why } as const;
      const waiting = { ...town, log: [...town.log] };
      must(act(waiting, 'control', gone, 'x1'));
      assert.equal(status(waiting), 'suspended');
      assert.match(stateOf(waiting, 'x1')?.suspended?.reason ?? '', /^`dan`, who approved it, .* before its start$/);
      town.nowMs += hourMs;
      assert.equal(codeOf(act(town, 'control', gone, 'x1')), 'not_granted');
      assert.equal(status(town), 'active');
    });
  }

  it('counts no approval of somebody who was linked to who asked since', () => {
    const town = asked({ to: vault });
    must(approveNow(town, 'dan', 'x1'));
    must(change(town, 'ada', { kind: 'link_people', id: 'dan', other: 'cara', reason: 'one human' }));
    must(approveNow(town, 'eve', 'x1'));
    assert.equal(status(town), 'pending');
    must(approveNow(town, 'ben', 'x1'));
    assert.deepEqual(stateOf(town, 'x1')?.grant?.approvers, ['eve', 'ben']);
  });

  it('is held when the last who acts for its owner leaves, not before', () => {
    const town = granted({ owner: 'team-vault' });
    admit(town, 'victor', ['requester'], ['team-vault']);
    const leave = (id: string): string => {
      must(change(town, 'ada', { kind: 'disable_person', id, reason: 'left' }));
      return codeOf(act(town, 'control', { kind: 'deprovision', person: id, why: 'disabled' }, 'x1'));
    };
    assert.equal(leave('victor'), 'not_granted');
    assert.equal(leave('vera'), 'done');
    assert.equal(status(town), 'suspended');
  });

  it('is extended by a decision of its own while it is active, never wider, never after its end', () => {
    const town = granted();
    const extend = (id: string, changes: Parameters<typeof specOf>[0] = {}): string =>
      codeOf(act(town, 'cara', { kind: 'submit', id, spec: specOf({ extends: 'x1', ...changes }) }, id));
    assert.equal(extend('x2', { to: 'other.example.com:443' }), 'wider_than_extended');
    assert.equal(extend('x3'), 'done');
    assert.equal(extend('x4'), 'done');
    town.nowMs += hourMs;
    assert.equal(codeOf(approveNow(town, 'ben', 'x3')), 'done');
    town.nowMs += hourMs;
    assert.equal(codeOf(approveNow(town, 'ben', 'x4')), 'extends_ended');
    assert.equal(extend('x5'), 'extends_ended');
    assert.equal(status(town, 'x3'), 'active');
  });

  it('counts what was open before, for the owner and for linked people, whatever host of the domain', () => {
    const town = settle(digest);
    const grant = (id: string, changes: Parameters<typeof specOf>[0]): string => {
      const submitted = act(
        town,
        'cara',
        { kind: 'submit', id, spec: specOf({ durationMs: 30 * dayMs, ...changes }) },
        id,
      );
      return submitted.ok ? codeOf(approveNow(town, 'dan', id)) : codeOf(submitted);
    };
    assert.equal(grant('x1', {}), 'done');
    assert.equal(grant('x2', { to: 'b.example.com:443' }), 'done');
    town.nowMs += 30 * dayMs;
    assert.equal(grant('x3', { to: 'c.example.com:443' }), 'done');
    town.nowMs += 30 * dayMs;
    assert.equal(grant('x4', { to: 'd.example.com:443' }), 'cumulative_over_cap');
    assert.equal(grant('x5', { owner: 'team-vault', to: 'e.example.com:443' }), 'cumulative_over_cap');
    const other = specOf({ durationMs: 30 * dayMs, to: 'f.example.com:443', beneficiary: 'gus' });
    assert.equal(codeOf(act(town, 'gus', { kind: 'submit', id: 'x7', spec: other }, 'x7')), 'cumulative_over_cap');
    assert.equal(grant('x6', { to: 'new.example.net:443', durationMs: dayMs }), 'done');
  });

  it('is asked for so often only', () => {
    const town = settle(digest);
    town.policy += '---\napiVersion: exeat/v1\nowner: team-security\ntiers: { low: { repeats: 2 } }\n';
    for (const id of ['x1', 'x2']) {
      must(act(town, 'cara', { kind: 'submit', id, spec: specOf({ durationMs: minuteMs }) }, id));
      must(approveNow(town, 'dan', id));
    }
    const third = act(town, 'cara', { kind: 'submit', id: 'x3', spec: specOf({ durationMs: minuteMs }) }, 'x3');
    assert.equal(codeOf(third), 'repeats_over_cap');
  });

  it('takes a narrowing of the first approver into what the second looks at', () => {
    const town = asked({ to: vault, bytesUp: 1_000_000 });
    const wide = approvalOf(town, 'x1');
    must(approveNow(town, 'dan', 'x1', { durationMs: hourMs }));
    assert.equal(codeOf(act(town, 'eve', wide, 'x1')), 'digest_stale');
    must(approveNow(town, 'eve', 'x1', { bytesUp: 1_000 }));
    const grant = stateOf(town, 'x1')?.grant;
    assert.deepEqual([grant?.spec.durationMs, grant?.spec.bytesUp, grant?.approvers], [hourMs, 1_000, ['dan', 'eve']]);
  });
});

it('a refused act is an entry that changes no state', () => {
  const town = asked();
  const refused = approveNow(town, 'cara', 'x1');
  assert.ok(!refused.ok);
  const before = stateOf(town, 'x1');
  append(town, [refusedEntry('exception/x1', 'approve', refused.fault, actorOf('cara'))]);
  assert.deepEqual(stateOf(town, 'x1'), before);
  assert.equal(town.log.at(-1)?.subject, 'refused/exception/x1');
  assert.equal(town.log.at(-1)?.action, 'exception.refused');
});
