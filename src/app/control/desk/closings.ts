import type { Actor } from '../../../audit/index.ts';
import { type PointEvidence, type Transition, transition } from '../../../exceptions/index.ts';
import { joined } from './following.ts';
import type { LogWriter } from './log-writer.ts';
import { findException, type Knowledge, worldOf } from './world-of.ts';

/** An exception that is over, with what points said of it. */
export interface Closing {
  readonly id: string;
  readonly points: readonly PointEvidence[];
}

/** What closing works with. */
interface Closings extends Knowledge {
  readonly writer: Pick<LogWriter, 'write' | 'settle'>;
  readonly auditTrouble: () => string | null;
  readonly onActed: (touchesGrants: boolean) => void;
}

/** What is written together. A commit costs several ms whatever is in it, and whoever else is served waits for it as long as it takes. */
const mostAtOnce = 256;

const actor: Actor = { kind: 'system', part: 'control' };

/** Closes a part after the other. Gives how many were closed. */
export async function closeInParts(
  closings: readonly Closing[],
  close: (part: readonly Closing[]) => Promise<number>,
): Promise<number> {
  let count = 0;
  for (let at = 0; at < closings.length; at += mostAtOnce) count += await close(closings.slice(at, at + mostAtOnce));
  return count;
}

/** Closes what may be closed of these by one commit, or by one each where another writer was first with one of them. */
export async function closeTogether(desk: Closings, closings: readonly Closing[]): Promise<number> {
  await desk.writer.settle();
  // A proof that is not in the audit log yet is none.
  if (desk.auditTrouble() !== null) return 0;
  const done = await decideAll(desk, closings);
  if (done.length === 0) return 0;
  const written = await desk.writer.write({ ...joined({ entries: [], views: [] }, done), answer: null });
  if (written.ok) {
    desk.onActed(false);
    return done.length;
  }
  if (written.fault.code !== 'changed_meanwhile' || closings.length === 1) return 0;
  let count = 0;
  for (const closing of closings) count += await closeTogether(desk, [closing]);
  return count;
}

async function decideAll(desk: Closings, closings: readonly Closing[]): Promise<readonly Transition[]> {
  const world = worldOf(desk, null, { spec: null, requester: '' });
  const done: Transition[] = [];
  for (const { id, points } of closings) {
    const closed = transition({ kind: 'close', points }, await findException(desk, id), { actor, world });
    if (closed.ok) done.push(closed.value);
  }
  return done;
}
