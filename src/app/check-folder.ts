import { randomBytes } from 'node:crypto';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { checkPolicy, type PolicyCheck, type PolicyTree, parsePolicyFile } from '../policy/index.ts';
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
  const textOf = (file: string): string | null => read.value.get(file)?.text ?? null;
  const parsed = files.map(({ path, text }) => parsePolicyFile(path, text));
  const checked = checkPolicy(parsed, { version: versionOf(files), seed: randomBytes(16), now: nowMs });
  return checked.ok ? ok({ tree: checked.value.tree, check: checked.value.check, textOf }) : checked;
}
