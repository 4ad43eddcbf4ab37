import { ok, type Result } from '../../base/index.ts';
import { compilePolicy } from '../compile/compile-policy.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { decide } from '../decide.ts';
import type { ParsedPolicyFile } from '../documents/parse-policy-file.ts';
import { joinPolicyFiles } from '../documents/parse-policy-files.ts';
import { lintPolicy } from '../lint/lint-policy.ts';
import type { PolicyTree } from '../nodes.ts';
import { openPolicy } from '../open-policy.ts';
import type { PolicyCheck } from '../report/sarif.ts';
import { type PolicyTestResult, runPolicyTests } from './run-policy-tests.ts';

/** What a check needs beside the files: `now` is epoch milliseconds, `seed` 16 random bytes. */
export interface CheckOptions {
  readonly version: string;
  readonly seed: Uint8Array;
  readonly now: number;
}

/** A checked policy. `policy` is null where faults keep it from being compiled; then nothing was linted or tested either. */
export interface CheckedPolicy {
  readonly tree: PolicyTree;
  readonly policy: CompiledPolicy | null;
  readonly check: PolicyCheck;
}

/** Tests that are run between two breaths: a fraction of a millisecond each. */
const testsPerStep = 100;

/**
 * Checks a policy in steps, so that whoever runs it beside something else (a person who types) can breathe between them, or give up. The
 * result of the generator is the check; faults of it are those of the compiler.
 */
export function* checkPolicyInSteps(
  files: readonly ParsedPolicyFile[],
  { version, seed, now }: CheckOptions,
): Generator<undefined, Result<CheckedPolicy>> {
  const { tree, faults } = joinPolicyFiles(files);
  yield;
  if (faults.length > 0) return ok({ tree, policy: null, check: { version, faults, findings: [], tests: [] } });
  const compiled = compilePolicy(tree, { version, seed });
  if (!compiled.ok) return compiled;
  yield;
  const opened = openPolicy(compiled.value);
  if (!opened.ok) return opened;
  yield;
  const findings = lintPolicy(tree, { now });
  const tests: PolicyTestResult[] = [];
  for (const part of testsInParts(tree)) {
    yield;
    tests.push(...runPolicyTests(part, opened.value, { decide, now }));
  }
  return ok({ tree, policy: opened.value, check: { version, faults, findings, tests } });
}

/** Checks a policy: what does not load, what is doubtful, and what became of its tests. Faults: those of the compiler. */
export function checkPolicy(files: readonly ParsedPolicyFile[], options: CheckOptions): Result<CheckedPolicy> {
  const steps = checkPolicyInSteps(files, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function* testsInParts(tree: PolicyTree): Generator<PolicyTree> {
  for (const document of tree.documents) {
    if (document.kind !== 'service') continue;
    for (let from = 0; from < document.tests.length; from += testsPerStep) {
      yield { documents: [{ ...document, tests: document.tests.slice(from, from + testsPerStep) }] };
    }
  }
}
