import { setTimeout as sleep } from 'node:timers/promises';
import type { NewEntry } from '../../../audit/index.ts';
import type { Ledger, NewView, Transition } from '../../../exceptions/index.ts';
import type { LogWriter } from './log-writer.ts';

// Disabling a person holds every grant that hangs on them, which may be ten thousand. The act itself is written first and alone, so that nothing
// happens before it stands in the log; then all of it is in force at once, and written down a part at a time. Nobody else acts in between, so
// that after a kill only what followed from the last disabling can be missing: grants of which nothing was written since.

/** What is written together: small enough that whoever else is served does not notice. */
const mostAtOnce = 256;

/** Entries with the views after them. */
interface Written {
  readonly entries: readonly NewEntry[];
  readonly views: readonly NewView[];
}

/** One writing of all. */
export function joined(first: Written, follows: readonly Transition[]): Written {
  const all = [first, ...follows];
  return { entries: all.flatMap(({ entries }) => entries), views: all.flatMap(({ views }) => views) };
}

// For so long the point goes first: cutting thousands takes the processor that writing would take from it.
const pointFirstMs = 1_000;

/** What writing what follows needs. `onActed` is told as soon as all of it is in force, `inForce` settles when the point lives by it. */
export interface Following {
  readonly writer: Pick<LogWriter, 'anticipate' | 'write' | 'hold'>;
  readonly onActed: (touchesGrants: boolean) => void;
  readonly inForce: () => Promise<boolean>;
}

/** Puts all that follows from an act in force and writes it down. Gives whether all of it is durable: what the log cannot take waits for it. */
export async function writeFollowing(
  { writer, onActed, inForce }: Following,
  follows: readonly Transition[],
): Promise<boolean> {
  if (follows.length === 0) return true;
  writer.anticipate(follows.flatMap(({ views }) => views));
  onActed(true);
  await Promise.race([inForce(), sleep(pointFirstMs, null, { ref: false })]);
  for (let at = 0; at < follows.length; at += mostAtOnce) {
    const written = await writer.write({ ...joined(nothing, follows.slice(at, at + mostAtOnce)), answer: null });
    if (written.ok) continue;
    writer.hold(joined(nothing, follows.slice(at)));
    return false;
  }
  return true;
}

const nothing: Written = { entries: [], views: [] };

/** The last disabling of somebody, and its place in the log; null where nobody ever was. */
export async function findLastDisabling(
  ledger: Pick<Ledger, 'entries'>,
): Promise<{ readonly person: string; readonly seq: number } | null> {
  const query = { actionPrefix: 'person.disabled', order: 'newest', after: null, most: 1 } as const;
  const [entry] = await ledger.entries(query);
  return entry === undefined ? null : { person: entry.subject.slice('person/'.length), seq: entry.seq };
}
