import type { PolicyFault, PolicyFaultCode } from '../fault.ts';
import type { SourceAt } from '../nodes.ts';

/** More faults than this in one file help nobody and cost memory. */
const maxFaultsPerFile = 100;

/** How policy files are read. */
export interface ParseOptions {
  /**
   * Whether a reason or an owner may be a placeholder such as `TODO`: for a proposal that is tried on the past before people filled it
   * in. Never for a policy that is put in force. Default: false.
   */
  readonly acceptsPlaceholders?: boolean;
}

/** A policy file while it is read: turns offsets into places and collects faults. One per file and per parse. */
export interface SourceFile {
  readonly path: string;
  readonly faults: PolicyFault[];
  readonly acceptsPlaceholders: boolean;
  /** Whether further faults are only counted: then nothing dear is done for them. */
  isFull(): boolean;
  /** The place of an offset: line and column from 1. */
  at(offset: number): SourceAt;
  /** Notes a fault at an offset; past the limit only that there are more. */
  report(code: PolicyFaultCode, offset: number, message: string, mend?: string): void;
}

/** Prepares a file for reading. Offsets are best asked in rising order: the search starts at the last answer. */
export function createSourceFile(path: string, text: string, options: ParseOptions = {}): SourceFile {
  const lineStarts = findLineStarts(text);
  const faults: PolicyFault[] = [];
  let last = 0;
  const at = (offset: number): SourceAt => {
    last = lineAt(lineStarts, offset, last);
    return { file: path, line: last + 1, column: offset - (lineStarts[last] ?? 0) + 1 };
  };
  const report: SourceFile['report'] = (code, offset, message, mend) => {
    if (faults.length > maxFaultsPerFile) return;
    const full = faults.length === maxFaultsPerFile;
    faults.push(
      full
        ? {
            code: 'faults_truncated',
            message: `more faults than ${maxFaultsPerFile} are not listed`,
            at: at(offset),
            mend: null,
          }
        : { code, message, at: at(offset), mend: mend ?? null },
    );
  };
  const isFull = (): boolean => faults.length > maxFaultsPerFile;
  return { path, faults, acceptsPlaceholders: options.acceptsPlaceholders ?? false, isFull, at, report };
}

function findLineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

function lineAt(starts: readonly number[], offset: number, guess: number): number {
  const near = starts[guess] ?? 0;
  if (near <= offset && offset < (starts[guess + 1] ?? Number.POSITIVE_INFINITY)) return guess;
  let low = near <= offset ? guess : 0;
  let high = near <= offset ? starts.length - 1 : guess;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
