import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../audit/index.ts';
import { parsePolicyTarget, targetCovers } from '../../destination/index.ts';
import { defaultTiers } from '../../policy/index.ts';
import { endOf, exceptionOf, foldException, foldSubject, grantsOf, statusOf, tierOf } from '../index.ts';
import {
  act,
  append,
  dayMs,
  directoryOf,
  factsOf,
  hourMs,
  lookNow,
  minuteMs,
  specOf,
  stateOf,
  statesOf,
  type Town,
} from '../town.playbook.ts';
import { grantsSeen, isLive, type Played, play, settleWithKeys, stoodAfter } from './stories.playbook.ts';
import { specs, storyArbitrary } from './story-steps.playbook.ts';
import { areLinked } from './walk-links.playbook.ts';

const settled = settleWithKeys((bytes) => createHash('sha256').update(bytes).digest());

// Half of them are the same every time, so that what they reach does not hang on luck.
const storyCount = 200;
const stories = [
  ...fc.sample(storyArbitrary, { seed: 12, numRuns: storyCount }),
  ...fc.sample(storyArbitrary, storyCount),
];
const plays = stories.map((story) => play(settled, story));

/** Runs one check over every story; they are played once. A story that fails is given to fast-check, which tells it as short as it can. */
function holds(name: string, check: (played: Played) => void): void {
  test(name, () => {
    const failing = plays.findIndex((played) => !passes(check, played));
    const [story] = stories.slice(failing);
    if (failing < 0 || story === undefined) return;
    fc.assert(
      fc.property(storyArbitrary, (each) => check(play(settled, each))),
      { examples: [[story]], numRuns: 1 },
    );
  });
}

function passes(check: (played: Played) => void, played: Played): boolean {
  try {
    check(played);
    return true;
  } catch {
    return false;
  }
}

test('the stories reach every kind of act', () => {
  const entries = plays.flatMap(({ town }) => town.log);
  const actions = new Set(entries.map(({ action }) => action.replace('exception.', '')));
  const granted = plays.flatMap(({ seen }) => grantsSeen(seen).map(({ grant }) => grant));
  assert.ok(granted.length >= 50, `${granted.length} grants`);
  assert.ok(granted.some(({ approvers }) => approvers.length === 2));
  assert.ok(granted.some(({ spec }) => spec.extends !== null));
  const wanted = [
    'submitted',
    'edited',
    'decided',
    'granted',
    'withdrawn',
    'revoked',
    'suspended',
    'resumed',
    'closed',
    'reviewed',
    'declared',
    'acknowledged',
  ];
  assert.deepEqual(
    wanted.filter((action) => !actions.has(action)),
    [],
  );
});

holds('INVARIANT I1: nobody approves their own, nor does anybody who is linked to them', ({ town, seen }) => {
  for (const { entry, grant, before, nowMs } of grantsSeen(seen)) {
    const log = town.log.slice(0, entry.seq);
    const involved = [before?.requester ?? '', grant.spec.beneficiary, ...(before?.editors ?? [])];
    const pairs = grant.approvers.flatMap((approver, index) =>
      [...involved, ...grant.approvers.slice(index + 1)].map((other) => [approver, other] as const),
    );
    assert.deepEqual(
      pairs.filter(([approver, other]) => areLinked(log, nowMs, approver, other)),
      [],
    );
  }
});

holds('INVARIANT I2: an approval counts for the digest and the policy that were looked at only', ({ seen }) => {
  for (const { step, entries, looked, stood } of seen) {
    if (!['approve', 'resume'].includes(step.what) || entries.length === 0) continue;
    assert.deepEqual(looked, stood);
  }
  for (const { grant, after, before } of grantsSeen(seen))
    for (const approver of grant.approvers)
      assert.ok(
        after?.decisions.some(
          ({ by, verdict, revision, policyVersion }) =>
            by === approver &&
            verdict === 'approve' &&
            revision === before?.revision &&
            policyVersion === grant.policyVersion,
        ),
      );
});

holds('INVARIANT I3: every grant ends, within what its tier allows', ({ town, seen }) => {
  for (const { grant, before } of grantsSeen(seen)) {
    const facts = factsOf(town, grant.spec);
    assert.ok(facts !== null && before !== null);
    const tier = facts.tiers[tierOf(before.spec, facts.target).tier];
    assert.ok(grant.notAfterMs > grant.notBeforeMs);
    assert.ok(grant.notAfterMs - grant.notBeforeMs <= tier.longestMs);
    assert.ok(grant.approvers.length >= tier.quorum);
  }
});

holds('INVARIANT I4: time that a request waited is not taken from its grant', ({ seen }) => {
  for (const { grant, nowMs } of grantsSeen(seen)) {
    assert.ok(grant.notBeforeMs >= nowMs);
    assert.equal(grant.notAfterMs - grant.notBeforeMs, grant.spec.durationMs);
  }
});

holds('INVARIANT I5: what points are given is what the status says, and nothing else', ({ town }) => {
  for (const nowMs of [town.nowMs, town.nowMs + hourMs, town.nowMs + 60 * dayMs]) {
    const live = statesOf(town).filter((state) => ['approved', 'active'].includes(statusOf(state, nowMs).status));
    assert.deepEqual(
      grantsOf(statesOf(town), nowMs)
        .map(({ id }) => id)
        .sort(),
      live.map(({ id }) => id).sort(),
    );
  }
});

holds('INVARIANT I6: nothing has to run for a grant to end', ({ town }) => {
  for (const state of statesOf(town)) {
    const end = endOf(state);
    if (end === null) continue;
    for (const laterMs of [0, 1, hourMs, 400 * dayMs]) assert.ok(!isLive(state, end + laterMs));
  }
});

holds('INVARIANT I7: ending one never ends another', ({ town, seen }) => {
  for (const { id, entries, step } of seen) {
    if (step.what === 'leave' || step.what === 'demote') continue;
    for (const { subject } of entries.filter((entry) => entry.subject.startsWith('exception/')))
      assert.equal(subject, `exception/${id}`);
  }
  assert.equal(new Set(statesOf(town).map(({ id }) => id)).size, statesOf(town).length);
});

const destinations = [
  'files.example.com',
  'a.b.example.com',
  'example.com',
  'eu.vault.example.net',
  'other.example',
].flatMap((name) => [443, 80].map((port) => ({ host: { kind: 'name', name }, port, protocol: 'tls' }) as const));
const covered = (to: string): readonly unknown[] => {
  const target = parsePolicyTarget(to);
  return destinations.filter((destination) => target.ok && targetCovers(target.value, destination));
};

holds('INVARIANT I9: approvers narrow and never widen', ({ seen }) => {
  for (const { grant, before } of grantsSeen(seen)) {
    assert.ok(before !== null);
    const outer = covered(before.spec.to);
    assert.ok(covered(grant.spec.to).every((destination) => outer.includes(destination)));
    assert.ok(grant.spec.durationMs <= before.spec.durationMs);
    assert.ok((grant.spec.bytesUp ?? Number.POSITIVE_INFINITY) <= (before.spec.bytesUp ?? Number.POSITIVE_INFINITY));
  }
});

holds('INVARIANT I10: nothing outside the boundary is granted, break-glass included', ({ town }) => {
  for (const state of statesOf(town)) {
    assert.notEqual(state.spec.to, 'paste.example.org:443');
    assert.equal(state.grant === null ? null : factsOf(town, state.grant.spec)?.target.outside, null);
  }
});

holds('INVARIANT I11: nothing that ended comes back', ({ town, seen }) => {
  const over = new Set<string>();
  for (const { state, nowMs } of stoodAfter(town, seen)) {
    if (nowMs >= (endOf(state) ?? Number.POSITIVE_INFINITY)) over.add(state.id);
    assert.ok(!(over.has(state.id) && isLive(state, nowMs)), `${state.id} came back`);
  }
});

holds('INVARIANT I11: an extension is a decision of its own, made while the other is active', ({ town, seen }) => {
  for (const { grant, nowMs, entry } of grantsSeen(seen)) {
    if (grant.spec.extends === null) continue;
    const subject = `exception/${grant.spec.extends}`;
    const parent = foldException(town.log.slice(0, entry.seq).filter((each) => each.subject === subject));
    assert.equal(parent === null ? null : statusOf(parent, nowMs).status, 'active');
  }
});

holds('INVARIANT I12: nothing is ever deleted, and a replay gives the same states', ({ town, seen }) => {
  const restarted = JSON.parse(JSON.stringify(town.log)) as readonly Entry[];
  for (const { id, after } of seen) {
    if (after === null) continue;
    const entries = restarted.filter(({ subject }) => subject === `exception/${id}`);
    const [view] = foldSubject(`exception/${id}`, entries);
    assert.ok(view);
    assert.deepEqual(exceptionOf(view), stateOf(town, id));
    assert.ok(exceptionOf(view).decisions.length >= after.decisions.length);
  }
});

holds('INVARIANT I21: every grant has its acts before it in the log', ({ town }) => {
  for (const { id } of grantsOf(statesOf(town), town.nowMs)) {
    const actions = town.log.filter(({ subject }) => subject === `exception/${id}`).map(({ action }) => action);
    assert.match(actions[0] ?? '', /^exception\.(submitted|declared)$/);
    if (actions[0] === 'exception.submitted')
      assert.ok(actions.indexOf('exception.decided') < actions.indexOf('exception.granted'));
  }
});

holds('INVARIANT I22: nothing approves by itself', ({ seen }) => {
  for (const { entry, grant } of grantsSeen(seen)) {
    assert.ok(entry.actor.kind === 'person' && entry.actor.via === 'token');
    assert.ok(grant.approvers.includes(entry.actor.id));
  }
});

holds('INVARIANT I23: a grant whose requester or beneficiary left is held', ({ town }) => {
  const directory = directoryOf(town);
  for (const state of statesOf(town)) {
    if (statusOf(state, town.nowMs).status !== 'active') continue;
    for (const id of [state.requester, state.spec.beneficiary])
      assert.equal(directory.people.get(id)?.disabledAtMs, null, `${id} left and ${state.id} goes on`);
  }
});

holds(
  'INVARIANT I23: a grant that waits for its start is held when one who approved it may approve no more',
  ({ town }) => {
    const { people } = directoryOf(town);
    for (const state of statesOf(town)) {
      if (statusOf(state, town.nowMs).status !== 'approved') continue;
      const since = town.log.findLast(
        ({ subject, action }) =>
          subject === `exception/${state.id}` && (action === 'exception.granted' || action === 'exception.resumed'),
      );
      for (const approver of state.grant?.approvers ?? []) {
        const lost = town.log
          .slice(since?.seq)
          .find(({ subject, action }) => subject === `person/${approver}` && action === 'person.disabled');
        assert.equal(lost, undefined, `${approver} approved ${state.id} and left`);
        if (since?.action === 'exception.resumed') continue;
        const { roles = [], owns = [] } = people.get(approver) ?? {};
        assert.ok(roles.some((role) => role !== 'requester') || owns.length > 0, `${approver} lost every role`);
      }
    }
  },
);

holds(
  'INVARIANT: break-glass without a second person ends after ten minutes, and is of one hour at most',
  ({ town }) => {
    for (const { kind, grant, acknowledged, requester } of statesOf(town)) {
      if (kind !== 'break-glass' || grant === null) continue;
      const lastsMs = grant.notAfterMs - grant.notBeforeMs;
      assert.ok(lastsMs <= (acknowledged === null ? 10 * minuteMs : hourMs));
      assert.ok((grant.spec.bytesUp ?? Number.POSITIVE_INFINITY) <= 2 ** 30);
      assert.notEqual(acknowledged?.by, requester);
    }
  },
);

test('INVARIANT I25: the reason is no condition: another one changes neither tier nor answer', () => {
  const words = ['approved', 'by', 'the', 'board', 'urgent', 'emergency', 'ticket', 'closed', 'low'];
  const reasons = fc.array(fc.constantFrom(...words), { minLength: 5, maxLength: 12 }).map((each) => each.join(' '));
  fc.assert(
    fc.property(fc.constantFrom(...specs), reasons, (changes, reason) => {
      const town: Town = { ...settled, log: [...settled.log] };
      const ask = (id: string, spec: ReturnType<typeof specOf>): unknown => {
        const done = act(town, 'cara', { kind: 'submit', id, spec }, id);
        return done.ok ? [done.value.state.tier, statusOf(done.value.state, town.nowMs)] : done.fault.code;
      };
      assert.deepEqual(ask('x1', specOf({ ...changes, reason })), ask('x2', specOf(changes)));
    }),
    { numRuns: 60 },
  );
});

test('concurrent approvers: whichever comes second looks again, and one grant comes of it', () => {
  for (const [first, second] of [
    ['ben', 'dan'],
    ['dan', 'ben'],
  ] as const) {
    const town: Town = { ...settled, log: [...settled.log] };
    act(town, 'cara', { kind: 'submit', id: 'x1', spec: specOf() }, 'x1');
    const looked = lookNow(town, 'x1');
    const approval = { kind: 'approve', ...looked, narrowing: {}, note: '' } as const;
    assert.ok(act(town, first, approval, 'x1').ok);
    assert.ok(!act(town, second, approval, 'x1').ok);
    append(town, []);
    assert.equal(town.log.filter(({ action }) => action === 'exception.granted').length, 1);
  }
});

test('the defaults keep what a tier is for: a stricter one needs no fewer people and lasts no longer', () => {
  const { low, medium, high } = defaultTiers;
  assert.ok(low.quorum <= medium.quorum && medium.quorum <= high.quorum);
  assert.ok(low.longestMs >= medium.longestMs && medium.longestMs >= high.longestMs);
});
