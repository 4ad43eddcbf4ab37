import type { Actor, NewEntry } from '../../audit/index.ts';
import { ok, type Result } from '../../base/index.ts';
import type { ConfirmMode } from '../../policy/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { toDetails } from '../plain-details.ts';
import type { AccessWorld } from './authorise.ts';
import type { Directory, Passkey } from './person.ts';

/**
 * What came with an act to confirm it, as it was verified outside: a passkey or an enrolled key signed just this act, for this once.
 * `refused`: something came and was none of these. `signCount` is what the passkey told.
 */
export type Confirmation =
  | { readonly kind: 'passkey'; readonly id: string; readonly signCount: number }
  | { readonly kind: 'key'; readonly id: string }
  | { readonly kind: 'refused'; readonly why: string };

/** By what an act was confirmed, as the log tells of it. */
export interface ConfirmedBy {
  readonly kind: 'passkey' | 'key';
  readonly id: string;
}

/** An act that may go on: what confirmed it, null for nothing, and what is taken down of that. */
export interface Confirmed {
  readonly by: ConfirmedBy | null;
  readonly entries: readonly NewEntry[];
}

/** What is confirmed: the subject of the act, who does it, and whether they must. */
export interface ToConfirm {
  readonly subject: string;
  readonly actor: Actor;
  readonly mode: ConfirmMode;
}

// Whoever holds a token that leaked changes passkeys with it: a day for the person to hear of it.
const settleMs = 86_400_000;

/**
 * Whether an act may go on by what confirms it. INVARIANT: what comes is judged also where nothing needs to come, and a count that does not
 * grow is never taken. Faults: `confirmation_missing`, `confirmation_refused`, `passkey_cloned`, `passkey_fresh`.
 */
export function confirm(
  given: Confirmation | null,
  asked: ToConfirm,
  world: AccessWorld,
): Result<Confirmed, ExceptionFault> {
  const person = asked.actor.kind === 'person' ? asked.actor.id : '';
  if (given === null) return whyMissing(person, asked.mode, world) ?? ok({ by: null, entries: [] });
  if (given.kind === 'refused') return refuse('confirmation_refused', given.why);
  if (given.kind === 'key') {
    const key = world.directory.keys.get(given.id);
    if (key?.person !== person || key.revokedAtMs !== null) return refuse('confirmation_refused');
    return ok({ by: { kind: 'key', id: key.id }, entries: [] });
  }
  const passkey = world.directory.passkeys.get(given.id);
  if (passkey?.person !== person || passkey.removedAtMs !== null) return refuse('confirmation_refused');
  return usePasskey(passkey, given.signCount, asked, world);
}

/** The passkeys of somebody that count, the oldest first. */
export function livePasskeysOf(person: string, { passkeys }: Pick<Directory, 'passkeys'>): readonly Passkey[] {
  return [...passkeys.values()].filter((each) => each.person === person && each.removedAtMs === null);
}

function whyMissing(
  person: string,
  mode: ConfirmMode,
  { directory, nowMs }: AccessWorld,
): ReturnType<typeof refuse> | null {
  if (mode === 'never') return null;
  if (mode === 'always' || livePasskeysOf(person, directory).length > 0) return refuse('confirmation_missing');
  const isRecent = lossesOf(person, directory).some(({ removedAtMs }) => nowMs < (removedAtMs ?? 0) + settleMs);
  return isRecent ? refuse('passkey_fresh', 'the last passkey was removed by token alone, less than a day ago') : null;
}

function usePasskey(
  passkey: Passkey,
  signCount: number,
  { subject, actor, mode }: ToConfirm,
  world: AccessWorld,
): Result<Confirmed, ExceptionFault> {
  // Most passkeys that are synchronised count nothing and say 0 for ever; of one that counted once, 0 is no answer.
  const counts = passkey.signCount > 0 || signCount > 0;
  if (counts && signCount <= passkey.signCount) return refuse('passkey_cloned');
  const mustBeSettled = mode === 'always' || lossesOf(passkey.person, world.directory).length > 0;
  if (mustBeSettled && !isSettled(passkey, world.nowMs))
    return refuse('passkey_fresh', 'this passkey was registered by token alone, less than a day ago');
  const entry: NewEntry = {
    subject: `passkey/${passkey.id}`,
    action: 'passkey.used',
    actor,
    details: toDetails({ for: subject, signCount }),
  };
  return ok({ by: { kind: 'passkey', id: passkey.id }, entries: [entry] });
}

/** Whether more than a token stands behind a passkey: an earlier proof, somebody else who enrolled it, or a day in which nobody minded. */
function isSettled({ isProven, enrolledBy, registeredAtMs }: Passkey, atMs: number): boolean {
  return isProven || enrolledBy !== null || atMs >= registeredAtMs + settleMs;
}

/** Passkeys that stood behind somebody and were taken away by less than a proof of the person. */
function lossesOf(person: string, { passkeys }: Directory): readonly Passkey[] {
  return [...passkeys.values()].filter((each) => {
    const isLost = each.removedHow === 'token' || each.removedHow === 'admin';
    return each.person === person && isLost && isSettled(each, each.removedAtMs ?? 0);
  });
}
