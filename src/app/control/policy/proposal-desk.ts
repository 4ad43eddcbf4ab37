import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { DraftMapAnswer, ProposalAnswer, ProposalBody } from '../../../api/contract/index.ts';
import { failed, fault, type Result } from '../../../base/index.ts';
import { entryBeside } from '../../front/index.ts';
import type {
  FromProposalWorker,
  ProposalHouse,
  ProposalTask,
  ProposedFiles,
  ToProposalWorker,
  TrafficToTry,
} from './proposal-messages.ts';

/** Checks proposals of people, one after the other and each for a bounded time, in a thread of their own. */
export interface ProposalDesk {
  /** Faults: those of the check, `check_running`, `check_too_long`, `policy_busy`. */
  check(proposal: ProposalBody, person: string, nowMs: number): Promise<Result<ProposalAnswer>>;
  /** Tries a draft on traffic, which is read when its turn has come. Faults: those, and those of `read`. */
  tryOn(draft: ProposedFiles, person: string, read: ReadTraffic): Promise<Result<DraftMapAnswer>>;
  close(): Promise<void>;
}

/** Reads the traffic that a draft is tried on, as it is at an instant. */
export type ReadTraffic = () => Promise<Result<{ readonly traffic: TrafficToTry; readonly nowMs: number }>>;

/** What bounds the checks. */
export interface ProposalDeskOptions extends ProposalHouse {
  /** How long one check may take before it is ended, milliseconds. Default 12,000: longer than any policy that is small enough. */
  readonly longestMs?: number;
}

const usualLongestMs = 12_000;
// Waiting for one's turn is bounded too: whoever comes after these is told to come again.
const mostWaiting = 4;
// A thread that nobody needs gives its memory back.
const idleMs = 120_000;
const mostHeapMb = 2_048;

/** Makes the desk; its thread begins with the first proposal. */
export function createProposalDesk(options: ProposalDeskOptions): ProposalDesk {
  const { longestMs = usualLongestMs, ...house } = options;
  const people = new Set<string>();
  let worker: Worker | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let isClosed = false;
  let idle: NodeJS.Timeout | undefined;
  const end = async (): Promise<void> => {
    const gone = worker;
    worker = null;
    await gone?.terminate();
  };
  const run = async (task: ProposalTask, nowMs: number): Promise<Result<unknown>> => {
    clearTimeout(idle);
    if (isClosed) return failed(fault('policy_busy', 'control is ending, ask again in a few seconds'));
    worker ??= startWorker(house);
    const answer = await askWorker(worker, { id: 0, task, nowMs }, longestMs);
    if (answer === null) await end();
    idle = setTimeout(() => void end(), idleMs).unref();
    return answer ?? failed(tooLong(longestMs));
  };
  const inTurn = async <T>(person: string, work: () => Promise<Result<unknown>>): Promise<Result<T>> => {
    if (people.has(person)) return failed(fault('check_running', 'a check of yours is under way, wait for it'));
    if (waiting >= mostWaiting) return failed(fault('policy_busy', 'others are checking, try again in a few seconds'));
    people.add(person);
    waiting += 1;
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    try {
      return (await mine) as Result<T>;
    } finally {
      people.delete(person);
      waiting -= 1;
    }
  };
  return {
    check: (proposal, person, nowMs) => inTurn(person, () => run({ kind: 'check', proposal }, nowMs)),
    tryOn: (proposal, person, read) =>
      inTurn(person, async () => {
        const found = await read();
        return found.ok ? run({ kind: 'try', proposal, traffic: found.value.traffic }, found.value.nowMs) : found;
      }),
    close: async () => {
      isClosed = true;
      clearTimeout(idle);
      await end();
    },
  };
}

function startWorker(house: ProposalHouse): Worker {
  const half = Math.floor(totalmem() / 2 ** 20 / 2);
  const made = new Worker(entryBeside(import.meta.url, 'proposal-worker'), {
    workerData: house,
    resourceLimits: { maxOldGenerationSizeMb: Math.min(mostHeapMb, half) },
  });
  made.unref();
  // What it dies of is told to who waits for it.
  made.on('error', () => undefined);
  return made;
}

/** The answer, or null where none came in time, or the thread died: then it is not to be asked again. */
function askWorker(worker: Worker, asked: ToProposalWorker, longestMs: number): Promise<Result<unknown> | null> {
  return new Promise((resolve) => {
    const done = (answer: Result<unknown> | null): void => {
      clearTimeout(timer);
      worker.off('message', take);
      worker.off('exit', gone);
      resolve(answer);
    };
    const take = ({ answer }: FromProposalWorker): void => done(answer);
    const gone = (): void => done(null);
    const timer = setTimeout(gone, longestMs);
    worker.on('message', take);
    worker.on('exit', gone);
    worker.postMessage(asked);
  });
}

function tooLong(longestMs: number): ReturnType<typeof fault> {
  const said = `the check did not end within ${longestMs / 1_000} s, or needed too much memory: use \`exeat policy check\``;
  return fault('check_too_long', said);
}
