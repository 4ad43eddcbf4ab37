import { tellSupervisor } from '../ipc.ts';
import { askLocal } from '../local-socket.ts';
import type { Logger } from '../logger.ts';
import type { Readiness } from './console-listener.ts';
import type { PolicyOutcome } from './policy-outcome.ts';
import { watchPolicy } from './policy-watch.ts';

/** Keeps the point on the latest good policy, and knows what is wrong when it is not. */
export interface PolicyKeeper {
  /** Reads the folder again and writes a snapshot even when nothing changed. */
  reload(): void;
  /** Asks the point which version it runs and says whether traffic is decided by a good policy. */
  readiness(): Promise<Readiness>;
  problems(): readonly string[];
  close(): Promise<void>;
}

/** What the keeper works on. */
export interface PolicyKeeperOptions {
  readonly policy: string;
  readonly state: string;
  readonly pointSocket: string;
  readonly logger: Logger;
  readonly onOutcome: (outcome: PolicyOutcome) => void;
}

// How often control makes sure that the point runs what was written last.
const agreeMs = 1_000;
/** Longer than loading the largest snapshot takes. */
const applyTimeoutMs = 30_000;
const askTimeoutMs = 2_000;

/** Starts to watch the folder and to agree with the point. */
export function keepPolicy(options: PolicyKeeperOptions): PolicyKeeper {
  const { logger, pointSocket } = options;
  let refused: Extract<PolicyOutcome, { kind: 'refused' }> | null = null;
  let written: string | null = null;
  let inForce: string | null = null;
  let pointProblem: string | null = null;
  let isTelling = false;

  const problems = (): readonly string[] => [
    ...(refused === null ? [] : refusedLines(refused, inForce)),
    ...(pointProblem === null ? [] : [pointProblem]),
  ];
  const report = (): void => {
    tellSupervisor({
      kind: 'ready',
      policyVersion: inForce,
      says: problems()[0] ?? `policy ${inForce ?? 'none'} is in force`,
    });
  };
  const tellPoint = async (): Promise<void> => {
    if (isTelling) return;
    isTelling = true;
    const applied = await askLocal<string>(pointSocket, 'apply', null, applyTimeoutMs);
    isTelling = false;
    if (applied.ok) inForce = applied.value;
    const problem = applied.ok ? null : `the point did not take the policy: ${applied.fault.message}`;
    if (problem !== null && problem !== pointProblem) logger.error(problem);
    pointProblem = problem;
    report();
  };
  const onOutcome = (outcome: PolicyOutcome): void => {
    if (outcome.kind === 'unchanged') return;
    options.onOutcome(outcome);
    refused = outcome.kind === 'refused' ? outcome : null;
    if (outcome.kind === 'written') {
      written = outcome.version;
      logger.info('policy compiled', { ...outcome });
      void tellPoint();
    } else {
      logger.error('policy refused, what is in force stays', { faults: outcome.faultCount, first: outcome.lines[0] });
      void agree().then(report);
    }
  };
  const agree = async (): Promise<boolean> => {
    const answer = await askLocal<{ readonly version: string | null }>(pointSocket, 'version', null, askTimeoutMs);
    inForce = answer.ok ? answer.value.version : null;
    // A point that came back runs the snapshot on disk; it is told only when that is not what was written last.
    if (answer.ok && written !== null && inForce !== written) void tellPoint();
    return answer.ok;
  };
  const watch = watchPolicy({ policy: options.policy, state: options.state, logger, onOutcome });
  const agreeing = setInterval(() => void agree(), agreeMs);
  watch.look(true);
  return {
    reload: () => watch.look(true),
    problems,
    readiness: async () => {
      const isPointUp = await agree();
      const all = isPointUp ? problems() : ['the point does not answer', ...problems()];
      // A policy that broke on reload is a problem to mend: the old one decides on, and readiness says so by failing.
      return { isReady: isPointUp && inForce !== null && all.length === 0, policyVersion: inForce, problems: all };
    },
    close: async () => {
      clearInterval(agreeing);
      await watch.close();
    },
  };
}

function refusedLines(refused: Extract<PolicyOutcome, { kind: 'refused' }>, inForce: string | null): readonly string[] {
  const then = inForce === null ? 'everything is denied' : `${inForce} stays in force`;
  const head = `the policy has ${refused.faultCount} ${refused.faultCount === 1 ? 'fault' : 'faults'}, ${then}`;
  return [`${head}: ${refused.lines[0] ?? ''}`, ...refused.lines.slice(1)];
}
