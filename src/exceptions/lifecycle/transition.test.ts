import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { type ExceptionCommand, endOf, refusedEntry, statusOf, transition } from '../index.ts';
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
  type Town,
  tokenFor,
  worldFor,
} from '../town.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const vault = 'eu.vault.example.net:443';

/** A town in which `cara` asked for something under the id `x1`. */
function asked(changes: Parameters<typeof specOf>[0] = {}): Town {
  const town = settle(digest);
  must(act(town, 'cara', { kind: 'submit', id: 'x1', spec: specOf(changes) }, 'x1'));
  return town;
}

/** The same, approved by `dan`. */
function granted(changes: Parameters<typeof specOf>[0] = {}): Town {
  const town = asked(changes);
  town.nowMs += minuteMs;
  must(approveNow(town, 'dan', 'x1'));
  return town;
}

function status(town: Town, id = 'x1'): string {
  const state = stateOf(town, id);
  return state === null ? 'none' : statusOf(state, town.nowMs).status;
}

type Row = readonly [code: string, what: string, play: () => ReturnType<typeof act>];

const submit = (changes: Parameters<typeof specOf>[0], who = 'cara', id = 'x2'): ReturnType<typeof act> =>
  act(settle(digest), who, { kind: 'submit', id, spec: specOf(changes) }, id);

const askingRows: readonly Row[] = [
  ['done', 'something ordinary', () => submit({})],
  ['token_cannot', 'an auditor', () => submit({}, 'finn')],
  ['token_cannot', 'a key', () => submit({}, 'cara-key')],
  ['actor_unknown', 'somebody unknown', () => submit({}, 'zoe')],
  [
    'exception_exists',
    'an id that is taken',
    () => act(asked(), 'cara', { kind: 'submit', id: 'x1', spec: specOf() }, 'x1'),
  ],
  ['spec_malformed', 'an odd id', () => submit({}, 'cara', 'x/2')],
  ['spec_malformed', 'no time at all', () => submit({ durationMs: 0 })],
  ['spec_malformed', 'half a byte', () => submit({ bytesUp: 0.5 })],
  ['spec_malformed', 'two lines of ticket', () => submit({ ticket: 'a\nb' })],
  ['target_malformed', 'no port', () => submit({ to: 'files.example.com' })],
  ['target_too_wide', 'every port', () => submit({ to: 'files.example.com:*' })],
  ['target_too_wide', 'every host', () => submit({ to: '*:443' })],
  ['target_too_wide', 'everything under a public suffix', () => submit({ to: '*.co.uk:443' })],
  ['target_too_wide', 'a large block', () => submit({ to: '203.0.112.0/20:443' })],
  ['boundary', 'a denied site', () => submit({ to: 'paste.example.org:443' })],
  ['boundary', 'metadata', () => submit({ to: 'http://169.254.169.254:80' })],
  ['boundary', 'a private address without a segment', () => submit({ to: 'tcp://10.60.0.9:5432' })],
  ['done', 'a private address by a segment', () => submit({ to: 'tcp://10.60.0.9:5432', via: ['backends'] })],
  ['unknown_segment', 'a segment of nobody', () => submit({ via: ['nowhere'] })],
  ['unknown_service', 'a service of nobody', () => submit({ service: 'payment-api' })],
  ['unknown_identity', 'an identity of nobody', () => submit({ identity: 'credential:other' })],
  ['done', 'one identity', () => submit({ identity: 'credential:payments-batch' })],
  ['owner_unknown', 'an owner of nobody', () => submit({ owner: 'team-nobody' })],
  ['done', 'an owner that somebody acts for', () => submit({ owner: 'team-vault' })],
  ['beneficiary_unknown', 'a beneficiary of nobody', () => submit({ beneficiary: 'zoe' })],
  ['reason_missing', 'a short reason', () => submit({ reason: 'because' })],
  ['reason_missing', 'a placeholder', () => submit({ reason: 'TODO write this' })],
  ['reason_missing', 'dots', () => submit({ reason: '..............' })],
  ['duration_over_tier', 'more than a low tier lasts', () => submit({ durationMs: 31 * dayMs })],
  ['duration_over_tier', 'more than a vault may be open', () => submit({ to: vault, durationMs: 9 * hourMs })],
  ['start_too_far', 'a start in half a year', () => submit({ startAtMs: Date.UTC(2027, 4, 1) })],
  ['start_too_far', 'a start yesterday', () => submit({ startAtMs: Date.UTC(2026, 10, 1) })],
  ['extends_unknown', 'an extension of nothing', () => submit({ extends: 'x9' })],
  [
    'no_policy',
    'without a policy',
    () => {
      const town = settle(digest);
      const command = { kind: 'submit', id: 'x2', spec: specOf() } as const;
      const world = { ...worldFor(town, command, null), facts: null };
      return transition(command, null, { actor: actorOf('cara'), world });
    },
  ],
];

describe('asking', () => {
  for (const [code, what, play] of askingRows) it(`${what}: ${code}`, () => assert.equal(codeOf(play()), code));
});

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

it('a token carries no more than was put into it, whatever the roles of its person', () => {
  const town = asked();
  must(change(town, 'ada', { ...tokenFor(town, 'dan', 'dan-read'), scopes: ['read'] }));
  const command = approvalOf(town, 'x1');
  const state = stateOf(town, 'x1');
  const actor = { kind: 'person', id: 'dan', via: 'token', credential: 'dan-read' } as const;
  assert.equal(codeOf(transition(command, state, { actor, world: worldFor(town, command, state) })), 'token_cannot');
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
