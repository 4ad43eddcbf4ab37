import type { Entry, NewEntry } from '../../../audit/index.ts';
import { type Clock, failed, fault, type Result } from '../../../base/index.ts';
import type { KeptAnswer, Ledger, NewView } from '../../../exceptions/index.ts';
import type { PendingActs } from './pending-acts.ts';
import { answerOfPending } from './pending-once.ts';
import type { Standing } from './standing.ts';

/** What is written together: entries, the views after them, and the answer that a retry is given. */
export interface Writing {
  readonly entries: readonly NewEntry[];
  readonly views: readonly NewView[];
  readonly answer: KeptAnswer | null;
  /** When it is written, where that is not now. */
  readonly atMs?: number;
}

/** Writes to the ledger, keeps what stands at hand in step with it, and holds what must not wait for it. */
export interface LogWriter {
  /** Writes all or nothing. Faults: `changed_meanwhile`, `unavailable`. */
  write(writing: Writing): Promise<Result<readonly Entry[]>>;
  /** Lets something count that is about to be written. */
  anticipate(views: readonly NewView[]): void;
  /** Lets something count that the log could not take. It is appended first when the log can be written again. */
  hold(writing: Pick<Writing, 'entries' | 'views'>): void;
  /**
   * Writes what waits, if it can be; where nothing does and the log could not be written last time, an entry that says so: that is how
   * it is known that it can be again. Gives whether nothing waits any more.
   */
  settle(): Promise<boolean>;
  /** Why the log could not be written last time, or null. */
  problem(): string | null;
}

/** What the writer works with. */
interface LogWriterOptions {
  readonly ledger: Ledger;
  readonly standing: Standing;
  readonly pending: PendingActs;
  readonly clock: Clock;
}

/** Makes the writer. One caller at a time. */
export function createLogWriter(options: LogWriterOptions): LogWriter {
  const { ledger, standing, pending, clock } = options;
  let problem: string | null = null;
  return {
    problem: () => problem,
    write: async (writing) => {
      const expected = latest(writing.views).map(({ kind, id }) => ({
        subject: `${kind}/${id}`,
        seq: standing.seqOf(kind, id),
      }));
      const { entries, views, answer, atMs } = writing;
      const written = await ledger.commit({ entries, views, answer, expected, nowMs: atMs ?? clock.now() });
      if (written.ok) {
        problem = null;
        take(standing, writing.views, written.value);
        return written;
      }
      if (written.fault.code === 'ledger_conflict') {
        return failed(fault('changed_meanwhile', 'it changed meanwhile, look again'));
      }
      problem = written.fault.message;
      return failed(fault('unavailable', `the log of acts cannot be written: ${written.fault.message}`));
    },
    anticipate: standing.foresee,
    hold: ({ entries, views }) => {
      pending.add({ atMs: clock.now(), entries, views });
      standing.foresee(views);
    },
    settle: async () => {
      if (pending.acts.length > 0) problem = await writePending(options);
      else if (problem !== null) problem = await writeResumed(options, problem);
      return problem === null;
    },
  };
}

/** One commit an act, in their order: after a kill in between the rest of them is written. Gives why the log cannot be written, or null. */
async function writePending({ ledger, standing, pending, clock }: LogWriterOptions): Promise<string | null> {
  const { acts } = pending;
  // What stands at hand is what the last of them made: it never goes back to what an earlier one made.
  const last = latest(acts.flatMap(({ views }) => views));
  const written = new Set<string>();
  let problem: string | null = null;
  for (const act of acts) {
    const commit = { nowMs: clock.now(), entries: act.entries, views: latest(act.views), expected: [] };
    const done = await ledger.commit({ ...commit, answer: answerOfPending(act) });
    if (done.ok) take(standing, last, done.value);
    else if (done.fault.code !== 'ledger_conflict') {
      problem = done.fault.message;
      break;
    }
    // A conflict is its own answer: it is in the log.
    written.add(act.id);
  }
  if (written.size > 0) pending.drop(written);
  return problem;
}

async function writeResumed({ ledger, clock }: LogWriterOptions, problem: string): Promise<string | null> {
  const entries = [resumedEntry(problem)];
  const written = await ledger.commit({ nowMs: clock.now(), entries, views: [], expected: [], answer: null });
  return written.ok ? null : written.fault.message;
}

function resumedEntry(problem: string): NewEntry {
  return { subject: 'log', action: 'log.resumed', actor: { kind: 'system', part: 'control' }, details: { problem } };
}

/** The last entry of each subject is the one that its view holds. */
function take(standing: Standing, views: readonly NewView[], entries: readonly Entry[]): void {
  const lastSeqs = new Map(entries.map(({ subject, seq }) => [subject, seq]));
  for (const view of views) {
    const last = lastSeqs.get(`${view.kind}/${view.id}`);
    if (last !== undefined) standing.take([view], last);
  }
}

function latest(views: readonly NewView[]): readonly NewView[] {
  return [...new Map(views.map((view) => [`${view.kind}/${view.id}`, view])).values()];
}
