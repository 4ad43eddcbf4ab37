import type { Actor, Entry, JsonValue, NewEntry } from '../../../audit/index.ts';
import { type Fault, failed, fault, ok, type Result } from '../../../base/index.ts';
import {
  type Commit,
  changePeople,
  type Departure,
  deprovisionAll,
  directoryAfter,
  type ExceptionCommand,
  type ExceptionSpec,
  foldSetupLink,
  isDemotion,
  type NewView,
  type PeopleCommand,
  refusedEntry,
  type Transition,
  transition,
} from '../../../exceptions/index.ts';
import type { ExceptionFacts } from '../../../policy/index.ts';
import { type Closing, closeInParts, closeTogether } from './closings.ts';
import { findLastDisabling, joined, writeFollowing } from './following.ts';
import { createLogWriter, type LogWriter } from './log-writer.ts';
import type { PendingActs } from './pending-acts.ts';
import { createRefusalLimit, type RefusalLimit } from './refusal-limit.ts';
import { askFacts, heedFacts, specOf, type ToldFacts } from './told-facts.ts';
import { findException, type Knowledge, worldOf } from './world-of.ts';

/** What makes an act happen once: the caller's key, and the digest of what came with it. */
export interface ActOnce {
  readonly key: string;
  readonly digest: string;
}

/** One act as it is asked for. `ifMatch` is the place of the last entry that the caller knew. */
export interface AskedAct<C> {
  readonly id: string;
  readonly command: C;
  readonly actor: Actor;
  readonly ifMatch?: number | null;
  readonly once?: ActOnce | null;
}

/**
 * What became of an act. `isDurable` is false where it is in force and waits for the log, `isConfirmed` where the point did not say within
 * seconds that it lives by it: it is told until it does.
 */
export interface Acted {
  readonly id: string;
  readonly seq: number;
  readonly isDurable: boolean;
  readonly isConfirmed: boolean;
  readonly isReplay: boolean;
}

/** How something is taken down. */
export interface NoteOptions {
  /** Whether it counts although the log cannot be written, and is written first when it can be. Default: false. */
  readonly mayWait?: boolean;
  /** The time of the entry, epoch milliseconds. Default: now. */
  readonly atMs?: number;
}

/** The one place where acts are issued: asked by the API and by control itself, one at a time. */
export interface ActDesk {
  actOnException(asked: AskedAct<ExceptionCommand>): Promise<Result<Acted>>;
  actOnPeople(asked: AskedAct<PeopleCommand>): Promise<Result<Acted>>;
  /** Closes many that are over, some hundred in one commit; what may not be closed is left as it is. Gives how many were. */
  closeAll(closings: readonly Closing[]): Promise<number>;
  /** Takes down what is no transition: a policy change, a sealed file. */
  note(entries: readonly NewEntry[], how?: NoteOptions): Promise<Result<readonly Entry[]>>;
  /** Takes down that somebody tried what was refused before it was an act: a token that does not carry it, a body that cannot be read. */
  noteRefused(actor: Actor, what: string, why: Fault): Promise<void>;
  /** Writes what waits for the log, if it can be written again. */
  settle(): Promise<void>;
  /** Settles, and goes on with what a kill interrupted. Asked once at the start, before anything else. */
  recover(): Promise<void>;
  /** Why the log could not be written last time, or null. */
  problem(): string | null;
}

/** What the desk works with. */
export interface ActDeskOptions extends Knowledge {
  readonly pending: PendingActs;
  /** What the policy says of a spec. Faults: `no_policy`, `policy_busy`, those of spelling. */
  readonly factsOf: (spec: ExceptionSpec) => Promise<Result<ExceptionFacts>>;
  /** The version of the last policy change that was noted in this run, null for none. */
  readonly policyVersion: () => string | null;
  /** Why the audit log cannot be kept up to the ledger, or null: what widens waits then. */
  readonly auditTrouble: () => string | null;
  /** Told after every act that is in force: whether grants may have changed. */
  readonly onActed: (touchesGrants: boolean) => void;
  /** Told of every act that took place, for who must hear of it at once. */
  readonly onDone: (command: ExceptionCommand['kind'] | PeopleCommand['kind'], id: string, actor: Actor) => void;
  /** Settles when the point lives by the acts that were told of, or after a bound; gives whether it does: who is answered may rely on it. */
  readonly inForce: () => Promise<boolean>;
}

// A retry with the same key comes within seconds; a day is for those that are queued somewhere.
const keptAnswerMs = 24 * 3_600_000;
const mostRetries = 3;

// What only takes away. It takes effect although the log cannot be written, and is appended first when it can be again.
const narrowingCommands: ReadonlySet<string> = new Set([
  'withdraw',
  'deny',
  'revoke',
  'suspend',
  'deprovision',
  'disable_person',
  'link_people',
  'revoke_token',
  'revoke_key',
]);

// These change no grant: points need no new list for them.
const quietCommands: ReadonlySet<string> = new Set(['submit', 'edit', 'deny', 'close', 'review']);

/** What an act is to write, and whether grants may be others afterwards. */
interface Decided {
  readonly id: string;
  readonly kind: NewView['kind'];
  readonly entries: readonly NewEntry[];
  readonly views: readonly NewView[];
  /** What it brings with it, written after it. */
  readonly follows: readonly Transition[];
}

/** What the functions below share. */
interface Desk extends ActDeskOptions {
  readonly writer: LogWriter;
  readonly refusals: RefusalLimit;
}

/** What became of an act before the point was asked. */
type Done = Omit<Acted, 'isConfirmed'> & { readonly touchesGrants: boolean };

type Decide<C> = (desk: Desk, asked: AskedAct<C>) => Promise<Result<Decided>>;

/** Makes the desk. */
export function createActDesk(options: ActDeskOptions): ActDesk {
  const desk: Desk = { ...options, writer: createLogWriter(options), refusals: createRefusalLimit() };
  const { writer } = desk;
  let turn: Promise<unknown> = Promise.resolve();
  // One act at a time: what one decides on, another must not change meanwhile.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  // Others may act meanwhile: only the answer waits. So does one that is given again: a kill may have come between act and point.
  const relied = async (outcome: Result<Done>): Promise<Result<Acted>> => {
    if (!outcome.ok) return outcome;
    const { touchesGrants, ...done } = outcome.value;
    return ok({ ...done, isConfirmed: !touchesGrants || (await desk.inForce()) });
  };
  return {
    actOnException: async (asked) => {
      const state = await findException(desk, asked.id);
      const told = await askFacts(asked.command, state, desk.factsOf);
      const decide: Decide<ExceptionCommand> = (of, each) => decideOnException(of, each, told);
      return inTurn(() => act(desk, asked, decide, 'exception')).then(relied);
    },
    actOnPeople: (asked) => inTurn(() => act(desk, asked, decideOnPeople, kindOf(asked.command))).then(relied),
    // Between two commits it is the turn of whoever waits.
    closeAll: (closings) => closeInParts(closings, (part) => inTurn(() => closeTogether(desk, part))),
    note: (entries, how = {}) => inTurn(() => note(desk, entries, how)),
    noteRefused: (actor, what, why) =>
      inTurn(() => noteRefusal(desk, actor, { subject: `api/${what}`, command: what, why })),
    settle: () => inTurn(async () => void (await writer.settle())),
    recover: () =>
      inTurn(async () => {
        await writer.settle();
        await writeFollowing(desk, await unwritten(desk));
      }),
    problem: writer.problem,
  };
}

async function note(
  desk: Desk,
  entries: readonly NewEntry[],
  { mayWait = false, atMs }: NoteOptions,
): Promise<Result<readonly Entry[]>> {
  await desk.writer.settle();
  const when = atMs === undefined ? {} : { atMs };
  const written = await desk.writer.write({ entries, views: [], answer: null, ...when });
  if (written.ok) desk.onActed(false);
  if (written.ok || !mayWait) return written;
  desk.writer.hold({ entries, views: [] });
  return ok([]);
}

// A commit that somebody else's came before is decided anew, on what stands there now.
type AnyKind = ExceptionCommand['kind'] | PeopleCommand['kind'];

async function act<C extends { readonly kind: AnyKind }>(
  desk: Desk,
  asked: AskedAct<C>,
  decide: Decide<C>,
  kind: NewView['kind'],
): Promise<Result<Done>> {
  await desk.writer.settle();
  const before = await replayed(desk, asked);
  if (before?.ok === false) return refuse(desk, asked, { subject: `${kind}/${asked.id}`, why: before.fault });
  if (before !== null) return before;
  for (let left = mostRetries; ; left--) {
    const outcome = await actOnce(desk, asked, decide);
    const isConflict = !outcome.ok && outcome.fault.code === 'changed_meanwhile' && asked.ifMatch == null;
    if (!isConflict || left === 0) return outcome;
  }
}

async function actOnce<C extends { readonly kind: AnyKind }>(
  desk: Desk,
  asked: AskedAct<C>,
  decide: Decide<C>,
): Promise<Result<Done>> {
  const isNarrowing = narrowingCommands.has(asked.command.kind);
  const trouble = isNarrowing ? null : desk.auditTrouble();
  if (trouble !== null) return failed(fault('unavailable', `nothing is widened while the audit log fails: ${trouble}`));
  const decided = await decide(desk, asked);
  if (!decided.ok) return decided;
  const { id, kind, entries, views, follows } = decided.value;
  const answer = asked.once == null ? null : keptAnswer(asked.actor, asked.once, id, desk.clock.now());
  const done = await desk.writer.write({ entries, views, answer });
  const isHeld = !done.ok && done.fault.code === 'unavailable' && isNarrowing;
  if (!done.ok && !isHeld) return done;
  if (isHeld) desk.writer.hold(joined({ entries, views }, follows));
  const isDurable = !isHeld && (await writeFollowing(desk, follows));
  // What followed told it already.
  const isTold = !isHeld && follows.length > 0;
  const touchesGrants = !quietCommands.has(asked.command.kind);
  desk.onActed(touchesGrants && !isTold);
  desk.onDone(asked.command.kind, id, asked.actor);
  return ok({ id, seq: desk.standing.seqOf(kind, id) ?? 0, isDurable, isReplay: false, touchesGrants });
}

async function replayed(
  desk: Desk,
  { actor, once, command }: AskedAct<{ readonly kind: AnyKind }>,
): Promise<Result<Done> | null> {
  if (once == null || actor.kind !== 'person') return null;
  const kept = await desk.ledger.keptAnswer(actor.id, once.key, desk.clock.now());
  if (kept === null) return null;
  if (kept.digest !== once.digest) {
    return failed(fault('idempotency_key_reused', 'the key was used for another request, take a fresh one'));
  }
  const { id } = kept.body as { readonly id: string };
  return ok({ id, seq: 0, isDurable: true, isReplay: true, touchesGrants: !quietCommands.has(command.kind) });
}

async function decideOnException(
  desk: Desk,
  asked: AskedAct<ExceptionCommand>,
  told: ToldFacts | null,
): Promise<Result<Decided>> {
  const { id, command, actor } = asked;
  const state = await findException(desk, id);
  const stale = findStale(desk, 'exception', asked);
  if (stale !== null) return failed(stale);
  const about = specOf(command, state);
  const facts = heedFacts(told, about, desk.policyVersion());
  if (!facts.ok && facts.fault.code === 'changed_meanwhile') return facts;
  if (!facts.ok) return refuse(desk, asked, { subject: `exception/${id}`, why: facts.fault });
  // What counts together is looked up only where the policy has a say.
  const spec = told === null ? null : about;
  const world = worldOf(desk, facts.value, { spec, requester: personOf(actor) });
  const outcome = transition(command, state, { actor, world });
  if (!outcome.ok) return refuse(desk, asked, { subject: `exception/${id}`, why: outcome.fault });
  const { entries, views } = outcome.value;
  return ok({ id, kind: 'exception', entries, views, follows: [] });
}

async function decideOnPeople(desk: Desk, asked: AskedAct<PeopleCommand>): Promise<Result<Decided>> {
  const { actor, id } = asked;
  const command = await withFreshLink(desk, asked.command);
  const kind = kindOf(command);
  const stale = findStale(desk, kind, asked);
  if (stale !== null) return failed(stale);
  const outcome = changePeople(command, actor, { directory: desk.standing.directory, nowMs: desk.clock.now() });
  if (!outcome.ok) return refuse(desk, asked, { subject: `${kind}/${id}`, why: outcome.fault });
  const done = outcome.value;
  if (command.kind === 'disable_person') {
    return ok({ id, kind, ...done, follows: heldWith(desk, { person: command.id, why: 'disabled' }, done.views) });
  }
  const before = desk.standing.directory.people.get(id);
  const isDemoted = command.kind === 'change_person' && before !== undefined && isDemotion(before, command);
  // Few wait for their start: they are held by the same commit.
  const held = isDemoted ? heldWith(desk, { person: id, why: 'demoted' }, done.views) : [];
  return ok({ id, kind, ...joined(done, held), follows: [] });
}

// Read here and not by the caller: of two who claim one link at once, the second finds it used.
async function withFreshLink({ ledger }: Desk, command: PeopleCommand): Promise<PeopleCommand> {
  if (command.kind !== 'use_setup') return command;
  const link = foldSetupLink(await ledger.entriesOf(`setup/${command.link.id}`));
  return { ...command, link: link ?? command.link };
}

function findStale(desk: Desk, kind: NewView['kind'], { id, ifMatch }: AskedAct<unknown>): Fault | null {
  const known = desk.standing.seqOf(kind, id);
  if (ifMatch == null || ifMatch === known) return null;
  return fault('changed_meanwhile', `its last entry is ${known ?? 'none'} and not ${ifMatch}, look again`);
}

// A person who tried stands in the log; a part of the product that tried is none of its business.
async function refuse(
  desk: Desk,
  asked: AskedAct<{ readonly kind: string }>,
  { subject, why }: { readonly subject: string; readonly why: Fault },
): Promise<Result<never>> {
  await noteRefusal(desk, asked.actor, { subject, command: asked.command.kind, why });
  return failed(why);
}

async function noteRefusal(
  desk: Desk,
  actor: Actor,
  { subject, command, why }: { readonly subject: string; readonly command: string; readonly why: Fault },
): Promise<void> {
  if (actor.kind !== 'person' || !desk.refusals.mayNote(actor.id, desk.clock.now())) return;
  const noted = await desk.writer.write({
    entries: [refusedEntry(subject, command, why, actor)],
    views: [],
    answer: null,
  });
  if (noted.ok) desk.onActed(false);
}

/** Every grant that hangs on a person who is disabled or demoted, as held. `views` are what that makes of them. */
function heldWith(
  desk: Desk,
  gone: { readonly person: string; readonly why: Departure },
  views: readonly NewView[],
): readonly Transition[] {
  const { standing } = desk;
  const directory = directoryAfter(standing.directory, views);
  const world = { ...worldOf(desk, null, { spec: null, requester: '' }), directory };
  const actor: Actor = { kind: 'system', part: 'control' };
  return deprovisionAll(gone, [...standing.exceptions.values()], { actor, world });
}

/** What followed from the last disabling and was not written before a kill. What was decided about a grant since then stands. */
async function unwritten(desk: Desk): Promise<readonly Transition[]> {
  const last = await findLastDisabling(desk.ledger);
  const isGone = last !== null && desk.standing.directory.people.get(last.person)?.disabledAtMs !== null;
  if (!isGone) return [];
  const isOlder = ({ state }: Transition): boolean => (desk.standing.seqOf('exception', state.id) ?? 0) < last.seq;
  return heldWith(desk, { person: last.person, why: 'disabled' }, []).filter(isOlder);
}

function kindOf(command: PeopleCommand): Exclude<NewView['kind'], 'exception'> {
  if (command.kind.endsWith('_passkey')) return 'passkey';
  if (command.kind.endsWith('_token')) return 'token';
  return command.kind.endsWith('_key') ? 'key' : 'person';
}

function personOf(actor: Actor): string {
  return actor.kind === 'person' ? actor.id : '';
}

function keptAnswer(actor: Actor, once: ActOnce, id: string, nowMs: number): Commit['answer'] {
  const body: JsonValue = { id };
  return { actor: personOf(actor), ...once, status: 200, body, untilMs: nowMs + keptAnswerMs };
}
