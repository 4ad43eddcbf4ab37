import type { Problem } from '../../api/contract/index.ts';

/** The API refused, and says why. `problem` is what it said. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'Refusal';
    this.problem = problem;
  }
}

/** Nobody answered: the network or control is away. */
export class Unreachable extends Error {
  constructor() {
    super('control does not answer');
    this.name = 'Unreachable';
  }
}

/** Whether a session that was there is over. */
export function isOver(error: unknown): boolean {
  return error instanceof Refusal && error.problem.status === 401;
}

/** Whether nobody answered. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Unreachable;
}

/** Whether nobody answers who could: control is away, or fails at everything. It may be back by itself. */
export function isAway(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof Refusal && error.problem.status >= 500);
}

/** Whether somebody else changed it meanwhile: what was looked at is not what is there. */
export function isStale(error: unknown): boolean {
  return error instanceof Refusal && staleCodes.has(error.problem.code);
}

const staleCodes: ReadonlySet<string> = new Set(['changed_meanwhile', 'digest_stale', 'policy_changed']);

/** One line about a failure, for people. */
export function sayFailure(error: unknown): string {
  if (error instanceof Refusal && error.problem.code === 'origin_refused') {
    return 'This page belongs to a session that is no more: somebody signed in anew in another window. Reload it.';
  }
  if (error instanceof Refusal) return `${error.problem.title}: ${error.problem.detail}`;
  if (isUnreachable(error)) return 'Control does not answer. What you wrote is kept here, try again.';
  return 'Something failed in this page. Reload it, and tell whoever runs Exeat if it happens again.';
}
