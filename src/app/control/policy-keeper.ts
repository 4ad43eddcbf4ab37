import type { Result } from '../../base/index.ts';
import { tellSupervisor } from '../ipc.ts';
import type { Logger } from '../logger.ts';
import type { Readiness } from './console-listener.ts';
import { linkPoint } from './point-link.ts';
import type { PolicyChangeNotice, PolicyOutcome, PolicyQuestion } from './policy-outcome.ts';
import { watchPolicy } from './policy-watch.ts';

/** Keeps the point on the latest good policy, and knows what is wrong when it is not. */
export interface PolicyKeeper {
  /** Reads the folder again and writes a snapshot even when nothing changed. */
  reload(): void;
  /** Asks the point which version it runs and says whether traffic is decided by a good policy. */
  readiness(): Promise<Readiness>;
  problems(): readonly string[];
  /** Asks the worker that holds the policies. Faults: those of the answer; `policy_busy`. */
  ask<T>(question: PolicyQuestion): Promise<Result<T>>;
  close(): Promise<void>;
}

/** What the keeper works on. */
export interface PolicyKeeperOptions {
  readonly policy: string;
  readonly state: string;
  readonly pointSocket: string;
  readonly logger: Logger;
  readonly onOutcome: (outcome: PolicyOutcome) => void;
  /** Asked before a changed policy is put in force: null lets it, a line says why not. */
  readonly onChange: (change: PolicyChangeNotice) => Promise<string | null>;
}

// How often control makes sure that the point runs what was written last.
const agreeMs = 1_000;

/** Starts to watch the folder and to agree with the point. */
export function keepPolicy(options: PolicyKeeperOptions): PolicyKeeper {
  const { logger } = options;
  const point = linkPoint(options.pointSocket, logger);
  let refused: Refused | null = null;
  let written: string | null = null;
  let isSettled = false;

  const problems = (): readonly string[] => {
    const pointProblem = point.problem();
    return [
      ...(refused === null ? [] : refusedLines(refused, point.inForce())),
      ...(pointProblem === null ? [] : [pointProblem]),
    ];
  };
  const report = (): void => {
    const policyVersion = point.inForce();
    const says = problems()[0] ?? `${policyVersion ?? 'none'} is in force`;
    isSettled = refused !== null || policyVersion !== null;
    tellSupervisor({ kind: 'ready', policyVersion, says, isSettled });
  };
  const onOutcome = (outcome: PolicyOutcome): void => {
    if (outcome.kind === 'unchanged') return;
    options.onOutcome(outcome);
    refused = outcome.kind === 'refused' ? outcome : null;
    if (outcome.kind === 'written') {
      written = outcome.version;
      const { kind, ...facts } = outcome;
      logger.info('policy compiled', { outcome: kind, ...facts });
      point.tell(report);
    } else {
      logger.error('policy refused, what is in force stays', { faults: outcome.faultCount, first: outcome.lines[0] });
      void point.agree(written).then(report);
    }
  };
  const watch = watchPolicy({ ...options, onOutcome });
  const agree = async (): Promise<void> => {
    await point.agree(written);
    if (!isSettled) report();
  };
  const agreeing = setInterval(() => void agree(), agreeMs);
  watch.look(true);
  return {
    reload: () => watch.look(true),
    problems,
    ask: watch.ask,
    readiness: async () => {
      const isPointUp = await point.agree(written);
      const all = isPointUp ? problems() : ['the point does not answer', ...problems()];
      const policyVersion = point.inForce();
      // A policy that broke on reload is a problem to mend: the old one decides on, and readiness says so by failing.
      return { isReady: isPointUp && policyVersion !== null && all.length === 0, policyVersion, problems: all };
    },
    close: async () => {
      clearInterval(agreeing);
      point.close();
      await watch.close();
    },
  };
}

type Refused = Extract<PolicyOutcome, { kind: 'refused' }>;

function refusedLines(refused: Refused, inForce: string | null): readonly string[] {
  const then = inForce === null ? 'everything is denied' : `${inForce} stays in force`;
  const head = `the policy has ${refused.faultCount} ${refused.faultCount === 1 ? 'fault' : 'faults'}, ${then}`;
  return [`${head}: ${refused.lines[0] ?? ''}`, ...refused.lines.slice(1)];
}
