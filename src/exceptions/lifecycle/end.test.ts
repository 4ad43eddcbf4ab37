import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ExceptionCommand } from '../index.ts';
import { act, codeOf, dayMs, hourMs, lookNow, must, type Town } from '../town.playbook.ts';
import { type Row, townsWith } from './asked.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const { asked, granted } = townsWith(digest);

describe('ending', () => {
  const rows: readonly Row[] = [
    ...['cara', 'dan', 'ben', 'eve'].map(
      (who): Row => ['done', `revoking by ${who}`, () => act(granted(), who, { kind: 'revoke', reason: 'over' }, 'x1')],
    ),
    ['not_yours', 'revoking by somebody else', () => act(granted(), 'gus', { kind: 'revoke', reason: 'over' }, 'x1')],
    ['not_granted', 'revoking what waits', () => act(asked(), 'cara', { kind: 'revoke', reason: 'over' }, 'x1')],
    [
      'not_granted',
      'revoking what expired',
      () => {
        const town = granted();
        town.nowMs += 2 * hourMs;
        return act(town, 'eve', { kind: 'revoke', reason: 'over' }, 'x1');
      },
    ],
    ['done', 'holding', () => act(granted(), 'eve', { kind: 'suspend', reason: 'odd traffic' }, 'x1')],
    ['not_suspended', 'resuming what is not held', () => act(granted(), 'ben', { kind: 'resume', ...none }, 'x1')],
    ['done', 'resuming by another approver', () => resumeBy('ben')],
    ['self_approval', 'resuming by who asked', () => resumeBy('cara')],
    ['approver_linked', 'resuming by who held it', () => resumeBy('eve')],
    ['not_eligible', 'resuming by the owner of something else', () => resumeBy('vera')],
    [
      'digest_stale',
      'resuming without a look',
      () => act(held(), 'ben', { kind: 'resume', ...none, policyVersion: 'sha256:01' }, 'x1'),
    ],
    ['policy_changed', 'resuming under another policy', () => act(held(), 'ben', { kind: 'resume', ...none }, 'x1')],
    ['token_cannot', 'closing by a person', () => act(granted(), 'eve', { kind: 'close', points: [] }, 'x1')],
    ['not_ended', 'closing what goes on', () => act(granted(), 'control', { kind: 'close', points: [] }, 'x1')],
    ['close_unproven', 'closing without a word of the point', () => closeWith([])],
    ['close_unproven', 'closing with a connection left', () => closeWith([{ ...evidence, connections: 1 }])],
    ['close_unproven', 'closing with an older list', () => closeWith([{ ...evidence, sequence: 6 }])],
    ['close_unproven', 'closing by what was said before the end', () => closeWith([{ ...evidence, atMs: 0 }])],
    ['done', 'closing with proof', () => closeWith([evidence])],
    [
      'not_ended',
      'reviewing what goes on',
      () => act(granted(), 'eve', { kind: 'review', outcome: 'ok', note: '' }, 'x1'),
    ],
    ['self_review', 'reviewing by the approver', () => reviewBy('dan')],
    ['token_cannot', 'reviewing by a requester', () => reviewBy('cara')],
    ['done', 'reviewing by the auditor', () => reviewBy('finn')],
    [
      'token_cannot',
      'deprovisioning by a person',
      () => act(granted(), 'eve', { kind: 'deprovision', person: 'cara', why: 'disabled' }, 'x1'),
    ],
    [
      'not_granted',
      'deprovisioning for nobody of it',
      () => act(granted(), 'control', { kind: 'deprovision', person: 'gus', why: 'disabled' }, 'x1'),
    ],
  ];
  const none = { digest: '', policyVersion: '', note: 'looked' };
  const evidence = { point: 'proxy-1', sequence: 7, connections: 0, atMs: Date.UTC(2026, 10, 3) };
  const held = (): Town => {
    const town = granted();
    must(act(town, 'eve', { kind: 'suspend', reason: 'odd traffic' }, 'x1'));
    return town;
  };
  const resumeBy = (who: string): ReturnType<typeof act> => {
    const town = held();
    return act(town, who, { kind: 'resume', ...lookNow(town, 'x1'), note: 'looked' }, 'x1');
  };
  const over = (): Town => {
    const town = granted();
    town.nowMs += dayMs;
    return town;
  };
  const closeWith = (points: Extract<ExceptionCommand, { kind: 'close' }>['points']): ReturnType<typeof act> =>
    act(over(), 'control', { kind: 'close', points }, 'x1');
  const reviewBy = (who: string): ReturnType<typeof act> =>
    act(over(), who, { kind: 'review', outcome: 'ok', note: 'fine' }, 'x1');
  for (const [code, what, play] of rows) it(`${what}: ${code}`, () => assert.equal(codeOf(play()), code));
});
