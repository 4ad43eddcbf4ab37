import type { PolicyTestResult } from '../check/run-policy-tests.ts';
import type { PolicyFault } from '../fault.ts';
import type { Finding } from '../lint/finding.ts';
import type { PolicyCheck } from './sarif.ts';

/** A check as one object for programs; stable. `ok` is false with any fault, failed test, or finding of severity error. */
export interface PolicyCheckReport {
  readonly policyVersion: string;
  readonly ok: boolean;
  readonly counts: {
    readonly faults: number;
    readonly errors: number;
    readonly warnings: number;
    readonly notes: number;
    readonly testsPassed: number;
    readonly testsFailed: number;
  };
  readonly faults: readonly PolicyFault[];
  readonly findings: readonly Finding[];
  readonly tests: readonly PolicyTestResult[];
}

/** Counts a check and says whether it is good. */
export function toCheckReport({ version, faults, findings, tests }: PolicyCheck): PolicyCheckReport {
  const bySeverity = { error: 0, warning: 0, note: 0 };
  for (const { severity } of findings) bySeverity[severity] += 1;
  const testsPassed = tests.filter(({ passed }) => passed).length;
  const testsFailed = tests.length - testsPassed;
  return {
    policyVersion: version,
    ok: faults.length === 0 && bySeverity.error === 0 && testsFailed === 0,
    counts: {
      faults: faults.length,
      errors: bySeverity.error,
      warnings: bySeverity.warning,
      notes: bySeverity.note,
      testsPassed,
      testsFailed,
    },
    faults,
    findings,
    tests,
  };
}
