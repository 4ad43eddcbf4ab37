import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '../../audit/index.ts';
import { parsePolicyTarget, targetCovers } from '../../destination/index.ts';
import { defaultTiers } from '../../policy/index.ts';
import {
  changePeople,
  type Departure,
  deprovisionAll,
  directoryAfter,
  type ExceptionCommand,
  type ExceptionSpec,
  type ExceptionState,
  endOf,
  exceptionOf,
  foldException,
  foldSubject,
  grantsOf,
  statusOf,
  tierOf,
} from '../index.ts';
import {
  act,
  actorOf,
  append,
  change,
  dayMs,
  directoryOf,
  enroll,
  factsOf,
  hourMs,
  lookNow,
  minuteMs,
  settle,
  specOf,
  stateOf,
  statesOf,
  type Town,
  tokenFor,
  worldFor,
} from '../town.playbook.ts';
import type { GrantedDetails } from './fold-exception.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const vault = 'eu.vault.example.net:443';

/** What somebody wants to do; ids are picked among those that are there. */
interface Step {
  readonly who: string;
  readonly what: string;
  readonly pick: number;
  readonly option: number;
  readonly waitMs: number;
}

/** What was seen at one step: the state before and after of the exception that was touched, and the town's time. */
interface Seen {
  readonly step: Step;
  readonly id: string;
  readonly nowMs: number;
  readonly entries: readonly Entry[];
  readonly before: ExceptionState | null;
  readonly after: ExceptionState | null;
  readonly looked: { readonly digest: string; readonly policyVersion: string };
  /** What stood there when it was decided on. */
  readonly stood: { readonly digest: string; readonly policyVersion: string };
}

const everybody = ['ada', 'ben', 'cara', 'dan', 'eve', 'finn', 'gus', 'vera', 'puppet', 'gus-key', 'dan-key'];
const deciders = ['ben', 'dan', 'eve', 'vera', 'puppet', 'ada'];

/** Every kind of step with who mostly takes it: stories in which everything is refused show little. Some take it who may not. */
const whoMostly: Readonly<Record<string, readonly string[]>> = {
  submit: ['cara', 'gus', 'ada', 'dan'],
  approve: deciders,
  edit: ['cara', 'gus', 'dan'],
  extend: ['cara', 'gus'],
  declare: ['gus-key', 'dan-key'],
  acknowledge: [...deciders, 'dan-key'],
  withdraw: ['cara', 'gus'],
  deny: deciders,
  revoke: [...deciders, 'cara'],
  suspend: deciders,
  resume: deciders,
  review: ['finn', 'eve', 'ben'],
};
const common = [
  ...['submit', 'submit', 'approve', 'approve', 'approve', 'approve', 'approve', 'look', 'extend'],
  ...['declare', 'acknowledge', 'acknowledge', 'suspend', 'resume', 'resume'],
];
const rare = [
  'edit',
  'withdraw',
  'deny',
  'revoke',
  'suspend',
  'review',
  'close',
  'mint',
  'reset',
  'link',
  'leave',
  'demote',
  'back',
  'policy',
];

const stepArbitrary: fc.Arbitrary<Step> = fc.constantFrom(...common, ...common, ...common, ...rare).chain((what) =>
  fc.record({
    what: fc.constant(what),
    who: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...(whoMostly[what] ?? everybody)) },
      { weight: 1, arbitrary: fc.constantFrom(...everybody) },
    ),
    pick: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
    option: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 1) }, { weight: 3, arbitrary: fc.nat(7) }),
    waitMs: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(0, 0, 1_000, 30_000, 5 * minuteMs) },
      { weight: 2, arbitrary: fc.constantFrom(11 * minuteMs, hourMs, 2 * hourMs) },
      { weight: 1, arbitrary: fc.constantFrom(dayMs, 3 * dayMs, 31 * dayMs) },
    ),
  }),
);
const storyArbitrary = fc.array(stepArbitrary, { minLength: 25, maxLength: 60, size: 'max' });

const specs = [
  {},
  { to: vault },
  { to: '*.example.com:443', bytesUp: 1_000_000 },
  { to: 'paste.example.org:443' },
  { beneficiary: 'dan', durationMs: 20 * dayMs },
  { startAtMs: 0, durationMs: hourMs },
  { owner: 'team-vault', beneficiary: 'puppet', durationMs: 29 * dayMs },
  { durationMs: 40 * dayMs },
] as const;
const narrowings = [
  {},
  {},
  {},
  { durationMs: minuteMs },
  { bytesUp: 10 },
  { to: 'files.example.com:443' },
  { durationMs: 60 * dayMs },
  { to: '*:443' },
];

// Keys are enrolled long before, so that nobody is linked to who enrolled them.
const settled = settle(digest);
settled.nowMs -= 40 * dayMs;
enroll(settled, 'gus');
enroll(settled, 'dan');
settled.nowMs += 40 * dayMs;

/** Plays a story in a town of its own. Every look folds the log anew, so that each step is a restart too. */
function play(story: readonly Step[]): { readonly town: Town; readonly seen: readonly Seen[] } {
  const town: Town = { ...settled, log: [...settled.log] };
  const looks = new Map<string, Seen['looked']>();
  const seen: Seen[] = [];
  for (const step of story) {
    town.nowMs += step.waitMs;
    const from = town.log.length;
    const id = chooseId(town, step);
    const before = stateOf(town, id);
    const stood = lookNow(town, id);
    const looked = step.option % 4 === 3 ? (looks.get(id) ?? stood) : stood;
    if (step.what === 'look') looks.set(id, stood);
    takeStep(town, step, id, looked);
    const entries = town.log.slice(from);
    seen.push({ step, id, nowMs: town.nowMs, entries, before, after: stateOf(town, id), looked, stood });
  }
  return { town, seen };
}

function chooseId(town: Town, { what, pick }: Step): string {
  const ids = statesOf(town).map(({ id }) => id);
  const isNew = what === 'submit' || what === 'extend' || what === 'declare';
  return isNew || ids.length === 0 ? `x${ids.length}` : (ids[Math.max(0, ids.length - 1 - pick)] ?? 'x0');
}

function takeStep(town: Town, step: Step, id: string, looked: Seen['looked']): void {
  const command = commandOf(town, step, id, looked);
  if (command !== null) act(town, step.what === 'close' ? 'control' : step.who, command, id);
  else changeTown(town, step);
}

function commandOf(
  town: Town,
  { what, who, option }: Step,
  id: string,
  looked: Seen['looked'],
): ExceptionCommand | null {
  const asked = { ...specs[option], ...(option === 5 ? { startAtMs: town.nowMs + 3 * hourMs } : {}) };
  const spec = specOf({ beneficiary: who.replace('-key', ''), ...asked });
  switch (what) {
    case 'submit':
      return { kind: 'submit', id, spec };
    case 'extend':
      return { kind: 'submit', id, spec: extensionOf(town, option) };
    case 'declare':
      return { kind: 'declare', id, spec: { ...spec, durationMs: Math.min(spec.durationMs, hourMs), startAtMs: null } };
    case 'edit':
      return { kind: 'edit', spec };
    case 'approve':
      return { kind: 'approve', ...looked, narrowing: narrowings[option] ?? {}, note: 'looked' };
    case 'deny':
      return { kind: 'deny', note: 'no' };
    case 'withdraw':
    case 'revoke':
    case 'suspend':
      return { kind: what, reason: 'over' };
    case 'resume':
      return { kind: 'resume', ...looked, note: 'fine' };
    case 'acknowledge':
      return { kind: 'acknowledge' };
    case 'review':
      return { kind: 'review', outcome: 'ok', note: '' };
    case 'close':
      return {
        kind: 'close',
        points: [{ point: 'proxy-1', sequence: 7 - (option % 2), connections: 0, atMs: town.nowMs }],
      };
    default:
      return null;
  }
}

function depart(town: Town, person: string, why: Departure): void {
  const nowMs = town.nowMs;
  const directory = directoryOf(town);
  const command =
    why === 'disabled'
      ? ({ kind: 'disable_person', id: person, reason: 'left' } as const)
      : ({ kind: 'change_person', id: person, name: person, roles: ['requester'], owns: [] } as const);
  const done = changePeople(command, actorOf('ada'), { directory, nowMs });
  if (!done.ok) return;
  const world = {
    ...worldFor(town, { kind: 'deprovision', person, why }, null),
    directory: directoryAfter(directory, done.value.views),
  };
  const held = deprovisionAll({ person, why }, statesOf(town), { actor: actorOf('control'), world });
  append(town, [...done.value.entries, ...held.flatMap(({ entries }) => entries)]);
}

/** Mostly of what is granted now, as it is granted; at times of anything. */
function extensionOf(town: Town, option: number): ExceptionSpec {
  const states = statesOf(town);
  const active = states.findLast(
    (state) => state.kind === 'exception' && statusOf(state, town.nowMs).status === 'active',
  );
  const parent = option % 4 === 3 || active === undefined ? states.at(-1) : active;
  const spec = parent?.grant?.spec ?? specOf(specs[option]);
  return { ...spec, startAtMs: null, extends: parent?.id ?? 'x0' };
}

function changeTown(town: Town, { what, who, option, pick }: Step): void {
  const other = everybody[(option + pick) % 8] ?? 'dan';
  const expiresAtMs = town.nowMs + 300 * dayMs;
  if (what === 'mint') {
    change(town, 'ada', {
      kind: 'create_person',
      id: 'puppet',
      name: 'puppet',
      roles: ['approver', 'requester'],
      owns: [],
    });
    change(town, 'ada', tokenFor(town, 'puppet', 'puppet-token'));
    change(town, 'ada', {
      kind: 'change_person',
      id: 'ada',
      name: 'ada',
      roles: ['admin', 'approver', 'requester'],
      owns: [],
    });
    change(town, 'ada', { ...tokenFor(town, 'ada', 'ada-token-2') });
  }
  if (what === 'reset')
    change(town, 'ada', { kind: 'reset_token', id: `${other}-token`, secretHash: '12'.repeat(32), expiresAtMs });
  if (what === 'link')
    change(town, 'ada', { kind: 'link_people', id: who.replace('-key', ''), other, reason: 'one human' });
  if (what === 'back') change(town, 'ada', { kind: 'enable_person', id: other, reason: 'back' });
  if (what === 'policy') town.policyVersion = `sha256:0${option}`;
  if (what === 'leave') depart(town, other, 'disabled');
  if (what === 'demote') depart(town, other, 'demoted');
}

/** The links as the log tells of them, found by walking: a second implementation, which shares nothing with `linkPeople`. */
function areLinked(log: readonly Entry[], nowMs: number, a: string, b: string): boolean {
  const pairs = log.flatMap((entry) => pairOf(entry, log, nowMs));
  const neighbours = (at: string): readonly string[] =>
    pairs.flatMap(([left, right]) => (left === at ? [right] : right === at ? [left] : []));
  const reached = new Set([a]);
  for (const at of reached) for (const next of neighbours(at)) reached.add(next);
  return reached.has(b);
}

function pairOf(
  { action, actor, details, subject, time }: Entry,
  log: readonly Entry[],
  nowMs: number,
): readonly (readonly [string, string])[] {
  const id = subject.split('/')[1] ?? '';
  if (action === 'person.linked') return [[id, String(details['other'])]];
  if (actor.kind !== 'person' || nowMs - Date.parse(time) >= 30 * dayMs) return [];
  if (action === 'person.created' || action === 'person.enabled') return [[id, actor.id]];
  if (action === 'token.created' || action === 'key.enrolled') return [[String(details['person']), actor.id]];
  if (action !== 'token.reset') return [];
  const made = log.find((entry) => entry.subject === subject && entry.action === 'token.created');
  return [[String(made?.details['person']), actor.id]];
}

// Half of them are the same every time, so that what they reach does not hang on luck.
const storyCount = 200;
const stories = [
  ...fc.sample(storyArbitrary, { seed: 12, numRuns: storyCount }),
  ...fc.sample(storyArbitrary, storyCount),
];
const plays = stories.map(play);

/** Runs one check over every story; they are played once. A story that fails is given to fast-check, which tells it as short as it can. */
function holds(name: string, check: (played: ReturnType<typeof play>) => void): void {
  test(name, () => {
    const failing = plays.findIndex((played) => !passes(check, played));
    const [story] = stories.slice(failing);
    if (failing < 0 || story === undefined) return;
    fc.assert(
      fc.property(storyArbitrary, (each) => check(play(each))),
      { examples: [[story]], numRuns: 1 },
    );
  });
}

function passes(check: (played: ReturnType<typeof play>) => void, played: ReturnType<typeof play>): boolean {
  try {
    check(played);
    return true;
  } catch {
    return false;
  }
}

interface GrantSeen extends Seen {
  readonly grant: GrantedDetails;
  readonly entry: Entry;
}

function grantsSeen(seen: readonly Seen[]): readonly GrantSeen[] {
  return seen.flatMap((each) =>
    each.entries
      .filter(({ action }) => action === 'exception.granted')
      .map((entry) => ({ ...each, entry, grant: entry.details as unknown as GrantedDetails })),
  );
}

const isLive = (state: ExceptionState | null, nowMs: number): boolean =>
  state !== null && ['approved', 'active', 'suspended'].includes(statusOf(state, nowMs).status);

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

/** Every exception as it stood after each step. */
function* stoodAfter(
  town: Town,
  seen: readonly Seen[],
): Generator<{ readonly state: ExceptionState; readonly nowMs: number }> {
  let length = 0;
  for (const { nowMs, entries } of seen) {
    length = Math.max(length, (entries.at(-1)?.seq ?? -1) + 1);
    const log = town.log.slice(0, length).filter(({ subject }) => subject.startsWith('exception/'));
    for (const own of Map.groupBy(log, ({ subject }) => subject).values()) {
      const state = foldException(own);
      if (state !== null) yield { state, nowMs };
    }
  }
}

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
