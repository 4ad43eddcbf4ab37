import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { transition } from '../index.ts';
import {
  act,
  admit,
  approvalOf,
  approveNow,
  change,
  codeOf,
  dayMs,
  hourMs,
  must,
  settle,
  specOf,
  stateOf,
  tokenFor,
  worldFor,
} from '../town.playbook.ts';
import { type Row, townsWith, vault } from './asked.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const { asked, granted } = townsWith(digest);

describe('deciding', () => {
  const rows: readonly Row[] = [
    ['done', 'an approver', () => approveNow(asked(), 'dan', 'x1')],
    ['done', 'the second founder', () => approveNow(asked(), 'ben', 'x1')],
    ['self_approval', 'who asked', () => approveNow(asked(), 'cara', 'x1')],
    ['self_approval', 'who benefits', () => approveNow(asked({ beneficiary: 'dan' }), 'dan', 'x1')],
    ['token_cannot', 'a requester', () => approveNow(asked(), 'gus', 'x1')],
    ['token_cannot', 'an admin', () => approveNow(asked(), 'ada', 'x1')],
    ['not_eligible', 'the owner of something else', () => approveNow(asked(), 'vera', 'x1')],
    ['done', 'the owner of the destination', () => approveNow(asked({ to: vault }), 'vera', 'x1')],
    [
      'self_approval',
      'who edited',
      () => {
        const town = asked({ beneficiary: 'dan' });
        must(act(town, 'dan', { kind: 'edit', spec: specOf({ beneficiary: 'cara' }) }, 'x1'));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'self_approval',
      'an account that who asked has just made',
      () => {
        const town = settle(digest);
        must(
          change(town, 'ada', {
            kind: 'change_person',
            id: 'ada',
            name: 'ada',
            roles: ['admin', 'requester'],
            owns: [],
          }),
        );
        admit(town, 'puppet', ['approver']);
        must(act(town, 'ada', { kind: 'submit', id: 'x1', spec: specOf() }, 'x1'));
        return approveNow(town, 'puppet', 'x1');
      },
    ],
    [
      'self_approval',
      'an account whose token who asked has just reset',
      () => {
        const town = settle(digest);
        const expiresAtMs = town.nowMs + dayMs;
        must(change(town, 'ada', { kind: 'reset_token', id: 'dan-token', secretHash: '12'.repeat(32), expiresAtMs }));
        must(act(town, 'ada', { kind: 'submit', id: 'x1', spec: specOf() }, 'x1'));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'done',
      'an account that who asked made 30 days ago',
      () => {
        const town = settle(digest);
        admit(town, 'puppet', ['approver']);
        town.nowMs += 30 * dayMs;
        must(act(town, 'ada', { kind: 'submit', id: 'x1', spec: specOf() }, 'x1'));
        return approveNow(town, 'puppet', 'x1');
      },
    ],
    [
      'self_approval',
      'an account that is said to be of the same human',
      () => {
        const town = asked();
        must(change(town, 'ada', { kind: 'link_people', id: 'dan', other: 'cara', reason: 'one human' }));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'person_disabled',
      'somebody who was disabled',
      () => {
        const town = asked();
        must(change(town, 'ada', { kind: 'disable_person', id: 'dan', reason: 'left' }));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'token_cannot',
      'a token that was revoked',
      () => {
        const town = asked();
        const approval = approvalOf(town, 'x1');
        must(change(town, 'dan', { kind: 'revoke_token', id: 'dan-token' }));
        return act(town, 'dan', approval, 'x1');
      },
    ],
    [
      'digest_stale',
      'what was edited meanwhile',
      () => {
        const town = asked();
        const approval = approvalOf(town, 'x1');
        must(act(town, 'cara', { kind: 'edit', spec: specOf({ durationMs: 3 * hourMs }) }, 'x1'));
        return act(town, 'dan', approval, 'x1');
      },
    ],
    [
      'policy_changed',
      'what was looked at under another policy',
      () => {
        const town = asked();
        const approval = approvalOf(town, 'x1');
        town.policyVersion = 'sha256:02';
        return act(town, 'dan', approval, 'x1');
      },
    ],
    ['wider_than_asked', 'more time', () => approveNow(asked(), 'dan', 'x1', { durationMs: 3 * hourMs })],
    ['wider_than_asked', 'another host', () => approveNow(asked(), 'dan', 'x1', { to: 'other.example.com:443' })],
    ['done', 'less time', () => approveNow(asked(), 'dan', 'x1', { durationMs: hourMs, bytesUp: 1_000 })],
    [
      'not_pending',
      'what waited too long',
      () => {
        const town = asked();
        town.nowMs += dayMs;
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'start_window_passed',
      'what should have started long ago',
      () => {
        const town = settle(digest);
        const spec = specOf({ startAtMs: town.nowMs + hourMs });
        must(act(town, 'cara', { kind: 'submit', id: 'x1', spec }, 'x1'));
        town.nowMs += 9 * hourMs;
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'already_decided',
      'the same approver twice',
      () => {
        const town = asked({ to: vault });
        must(approveNow(town, 'dan', 'x1'));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'approver_linked',
      'two approvers of one component',
      () => {
        const town = asked({ to: vault });
        must(change(town, 'ada', { kind: 'link_people', id: 'dan', other: 'eve', reason: 'one human' }));
        must(approveNow(town, 'dan', 'x1'));
        return approveNow(town, 'eve', 'x1');
      },
    ],
    [
      'quorum_unreachable',
      'a quorum of two with one eligible person left',
      () => {
        const town = asked({ to: vault });
        for (const id of ['ben', 'eve', 'vera'])
          must(change(town, 'ada', { kind: 'disable_person', id, reason: 'left' }));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'quorum_unreachable',
      'a quorum of two that only linked people could fill',
      () => {
        const town = asked({ to: vault });
        for (const id of ['ben', 'eve', 'vera'])
          must(change(town, 'ada', { kind: 'link_people', id, other: 'dan', reason: 'one human' }));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'quorum_unreachable',
      'a quorum of two where the other approver is linked to who asked',
      () => {
        const town = asked({ to: vault });
        for (const id of ['ben', 'vera']) must(change(town, 'ada', { kind: 'disable_person', id, reason: 'left' }));
        must(change(town, 'ada', { kind: 'link_people', id: 'eve', other: 'cara', reason: 'one human' }));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'beneficiary_unknown',
      'something for somebody who left',
      () => {
        const town = asked({ beneficiary: 'gus' });
        must(change(town, 'ada', { kind: 'disable_person', id: 'gus', reason: 'left' }));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'requester_gone',
      'something that somebody asked who left',
      () => {
        const town = asked({ beneficiary: 'gus' });
        must(change(town, 'ada', { kind: 'disable_person', id: 'cara', reason: 'left' }));
        return approveNow(town, 'dan', 'x1');
      },
    ],
    [
      'boundary',
      'what the boundary took in meanwhile',
      () => {
        const town = asked();
        town.policy = town.policy.replace('paste.example.org', 'files.example.com');
        town.policyVersion = 'sha256:02';
        return approveNow(town, 'dan', 'x1');
      },
    ],
    ['unknown_exception', 'nothing', () => approveNow(asked(), 'dan', 'x7')],
    ['done', 'a no of who asked', () => act(asked(), 'cara', { kind: 'deny', note: 'not needed' }, 'x1')],
    ['not_yours', 'a no of somebody uninvolved', () => act(asked(), 'gus', { kind: 'deny', note: 'no' }, 'x1')],
    ['done', 'taking it back', () => act(asked(), 'cara', { kind: 'withdraw', reason: 'not needed' }, 'x1')],
    ['not_yours', 'taking back what is not yours', () => act(asked(), 'gus', { kind: 'withdraw', reason: 'no' }, 'x1')],
    ['not_pending', 'editing what is granted', () => act(granted(), 'cara', { kind: 'edit', spec: specOf() }, 'x1')],
    ['not_yours', 'editing what is not yours', () => act(asked(), 'gus', { kind: 'edit', spec: specOf() }, 'x1')],
  ];
  for (const [code, what, play] of rows) it(`${what}: ${code}`, () => assert.equal(codeOf(play()), code));
});

it('a token carries no more than was put into it, whatever the roles of its person', () => {
  const town = asked();
  must(change(town, 'ada', { ...tokenFor(town, 'dan', 'dan-read'), scopes: ['read'] }));
  const command = approvalOf(town, 'x1');
  const state = stateOf(town, 'x1');
  const actor = { kind: 'person', id: 'dan', via: 'token', credential: 'dan-read' } as const;
  assert.equal(codeOf(transition(command, state, { actor, world: worldFor(town, command, state) })), 'token_cannot');
});
