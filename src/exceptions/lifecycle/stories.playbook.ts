import type { Entry } from '../../audit/index.ts';
import type { Digest } from '../../base/index.ts';
import {
  changePeople,
  type Departure,
  deprovisionAll,
  directoryAfter,
  type ExceptionCommand,
  type ExceptionSpec,
  type ExceptionState,
  foldException,
  statusOf,
} from '../index.ts';
import {
  act,
  actorOf,
  append,
  change,
  dayMs,
  directoryOf,
  enroll,
  hourMs,
  lookNow,
  settle,
  specOf,
  stateOf,
  statesOf,
  type Town,
  tokenFor,
  worldFor,
} from '../town.playbook.ts';
import type { GrantedDetails } from './fold-exception.ts';
import { everybody, narrowings, type Step, specs } from './story-steps.playbook.ts';

/** What was seen at one step: the state before and after of the exception that was touched, and the town's time. */
export interface Seen {
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

/** A story that was played. */
export interface Played {
  readonly town: Town;
  readonly seen: readonly Seen[];
}

/** A town with two keys, enrolled long before, so that nobody is linked to who enrolled them. */
export function settleWithKeys(digest: Digest): Town {
  const settled = settle(digest);
  settled.nowMs -= 40 * dayMs;
  enroll(settled, 'gus');
  enroll(settled, 'dan');
  settled.nowMs += 40 * dayMs;
  return settled;
}

/** Plays a story in a town of its own. Every look folds the log anew, so that each step is a restart too. */
export function play(settled: Town, story: readonly Step[]): Played {
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

/** A step that granted something. */
export interface GrantSeen extends Seen {
  readonly grant: GrantedDetails;
  readonly entry: Entry;
}

/** Every step that granted something. */
export function grantsSeen(seen: readonly Seen[]): readonly GrantSeen[] {
  return seen.flatMap((each) =>
    each.entries
      .filter(({ action }) => action === 'exception.granted')
      .map((entry) => ({ ...each, entry, grant: entry.details as unknown as GrantedDetails })),
  );
}

/** Whether something counts or will count, held or not. */
export function isLive(state: ExceptionState | null, nowMs: number): boolean {
  return state !== null && ['approved', 'active', 'suspended'].includes(statusOf(state, nowMs).status);
}

/** Every exception as it stood after each step. */
export function* stoodAfter(
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
