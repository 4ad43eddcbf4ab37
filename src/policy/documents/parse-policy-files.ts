import type { PolicyFault } from '../fault.ts';
import type { PolicyTree } from '../nodes.ts';
import { findTreeFaults } from './find-tree-faults.ts';
import { type ParsedPolicyFile, parsePolicyFile } from './parse-policy-file.ts';
import type { ParseOptions } from './source-file.ts';

/** A policy file as text. `path` is relative to the policy folder, with slashes: `payments/api.yaml`. */
export interface PolicyFileText {
  readonly path: string;
  readonly text: string;
}

/** A whole policy: its tree, and every fault in order of path and place. With any fault the tree is not to be put in force. */
export interface ParsedPolicy {
  readonly tree: PolicyTree;
  readonly faults: readonly PolicyFault[];
}

/** Parses every file of a policy and joins them. Never throws. */
export function parsePolicyFiles(files: readonly PolicyFileText[], options: ParseOptions = {}): ParsedPolicy {
  return joinPolicyFiles(files.map(({ path, text }) => parsePolicyFile(path, text, options)));
}

/**
 * Joins files that were parsed one by one to one tree, in order of path, and checks what only the whole can tell: unique names
 * and rule ids, references, segments, environments. A reload calls it with the kept parses of unchanged files.
 */
export function joinPolicyFiles(files: readonly ParsedPolicyFile[]): ParsedPolicy {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const tree: PolicyTree = { documents: sorted.flatMap(({ documents }) => documents) };
  const faults = sorted.flatMap((file) => file.faults);
  const treeFaults = findTreeFaults(tree);
  return { tree, faults: treeFaults.length === 0 ? faults : sortByPlace([...faults, ...treeFaults]) };
}

function sortByPlace(faults: readonly PolicyFault[]): readonly PolicyFault[] {
  return faults.toSorted((a, b) => {
    if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
    return a.at.line - b.at.line || a.at.column - b.at.column;
  });
}
