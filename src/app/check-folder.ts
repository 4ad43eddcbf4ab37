import { randomBytes } from 'node:crypto';
import { failed, fault, ok, type Result } from '../base/index.ts';
import {
  compilePolicy,
  decide,
  lintPolicy,
  openPolicy,
  type PolicyCheck,
  type PolicyTestResult,
  type PolicyTree,
  parsePolicyFiles,
  runPolicyTests,
} from '../policy/index.ts';
import { versionOf } from './compile-folder.ts';
import { readPolicyFolder } from './control/policy-folder.ts';

/** A checked folder: what was found, and the text of each file for carets. */
export interface CheckedFolder {
  readonly tree: PolicyTree;
  readonly check: PolicyCheck;
  textOf(file: string): string | null;
}

/**
 * Reads a folder, parses and lints it, and runs its tests. `nowMs` is epoch milliseconds. With faults in the documents nothing is
 * compiled, so nothing is linted or tested. Faults: `policy_unreadable`, `policy_empty`, and those of the compiler.
 */
export function checkFolder(folder: string, nowMs: number): Result<CheckedFolder> {
  const read = readPolicyFolder(folder, new Map());
  if (!read.ok) return read;
  const files = [...read.value.values()];
  if (files.length === 0) return failed(fault('policy_empty', `\`${folder}\` holds no policy files (\`*.yaml\`)`));
  const { tree, faults } = parsePolicyFiles(files);
  const version = versionOf(files);
  const textOf = (file: string): string | null => read.value.get(file)?.text ?? null;
  if (faults.length > 0) return ok({ tree, check: { version, faults, findings: [], tests: [] }, textOf });
  const tests = runTests(tree, version, nowMs);
  if (!tests.ok) return tests;
  const findings = lintPolicy(tree, { now: nowMs });
  return ok({ tree, check: { version, faults, findings, tests: tests.value }, textOf });
}

function runTests(tree: PolicyTree, version: string, now: number): Result<readonly PolicyTestResult[]> {
  const compiled = compilePolicy(tree, { version, seed: randomBytes(16) });
  if (!compiled.ok) return compiled;
  const opened = openPolicy(compiled.value);
  return opened.ok ? ok(runPolicyTests(tree, opened.value, { decide, now })) : opened;
}
