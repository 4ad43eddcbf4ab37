import { createHash, randomBytes } from 'node:crypto';
import { failed, fault, ok, type Result } from '../base/index.ts';
import {
  type CompiledPolicy,
  compilePolicy,
  openPolicy,
  type ParseOptions,
  type PolicyTree,
  parsePolicyFiles,
  policyVersion,
  renderFault,
} from '../policy/index.ts';
import { readPolicyFolder } from './control/policy-folder.ts';

/** A policy compiled in this process, for commands that answer without a running product. */
export interface CompiledFolder {
  readonly tree: PolicyTree;
  readonly policy: CompiledPolicy;
  /** As a snapshot holds it. */
  readonly bytes: Uint8Array;
}

/** Reads, parses and compiles a folder. Faults: the folder's, the first of the documents', the compiler's. */
export function compileFolder(folder: string, options: ParseOptions = {}): Result<CompiledFolder> {
  const read = readPolicyFolder(folder, new Map());
  if (!read.ok) return read;
  return compileFiles([...read.value.values()], options);
}

/** Parses and compiles files that were read. Faults: the first of the documents', the compiler's. */
export function compileFiles(
  files: readonly { readonly path: string; readonly text: string }[],
  options: ParseOptions = {},
): Result<CompiledFolder> {
  const { tree, faults } = parsePolicyFiles(files, options);
  const [first] = faults;
  if (first !== undefined) {
    const text = files.find((file) => file.path === first.at.file)?.text ?? null;
    const more = faults.length === 1 ? '' : ` (and ${faults.length - 1} more, see \`exeat policy check\`)`;
    return failed(fault('policy_faulty', `${renderFault(first, text).split('\n', 1)[0]}${more}`));
  }
  const compiled = compilePolicy(tree, { version: versionOf(files), seed: randomBytes(16) });
  if (!compiled.ok) return compiled;
  const opened = openPolicy(compiled.value);
  return opened.ok ? ok({ tree, policy: opened.value, bytes: compiled.value }) : opened;
}

/** The version of files that were read: the digest over their paths, lengths and bytes. */
export function versionOf(files: readonly { readonly path: string; readonly text: string }[]): string {
  const encoder = new TextEncoder();
  return policyVersion(
    files.map(({ path, text }) => ({ path, bytes: encoder.encode(text) })),
    (bytes) => createHash('sha256').update(bytes).digest(),
  );
}
