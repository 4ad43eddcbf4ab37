import type { SourceAt } from '../nodes.ts';
import type { LintContext } from './lint-context.ts';

/** How bad a finding is: an error fails `policy check`, a warning should be mended, a note is advice. */
export type Severity = 'error' | 'warning' | 'note';

/** Something doubtful in a policy that loads: which lint rule says so, where, and how to mend it. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly at: SourceAt;
  readonly mend: string;
}

/** Takes one finding of the rule that runs. */
export type ReportFinding = (at: SourceAt, message: string) => void;

/** A lint rule as a row: its id, how bad its findings are, what they say and how to mend them, and how it finds them. */
export interface LintRule {
  readonly id: string;
  readonly severity: Severity;
  readonly says: string;
  readonly mend: string;
  readonly find: (context: LintContext, report: ReportFinding) => void;
}
