import { type Fault, ok, type Result } from '../../base/index.ts';
import { type AwsFlowKind, compileAwsColumns, readAwsHeader } from './aws-flow-columns.ts';
import { AwsFlowParser } from './aws-flow-parser.ts';
import type { LineParser } from './log-format.ts';
import type { LogLine } from './log-line.ts';

/** Makes the parser of a kind of AWS flow log: from a grammar, or for the fields that come without a header. */
export function createAwsFlowParser(
  grammar: string | null,
  kind: AwsFlowKind,
): Result<LineParser, Fault<'grammar_invalid'>> {
  const columns = compileAwsColumns(grammar ?? kind.usual.join(' '), kind);
  return columns.ok ? ok(new AwsFlowParser(columns.value, kind)) : columns;
}

/** The first header of the sample as a grammar, or null. */
export function learnAwsHeader(sample: readonly LogLine[], kind: AwsFlowKind): string | null {
  for (const line of sample) {
    const header = readAwsHeader(line.text(), kind);
    if (header !== null) return header;
  }
  return null;
}

/** The share of the sample that is a header, a row with as many fields as the header, or a row that `isRow` knows on its own. */
export function scoreAwsRows(sample: readonly LogLine[], kind: AwsFlowKind, isRow: (text: string) => boolean): number {
  let header: string | null = null;
  let fitting = 0;
  for (const line of sample) {
    const text = line.text();
    const found = readAwsHeader(text, kind);
    header = found ?? header;
    if (found !== null || isRow(text) || (header !== null && hasAsManyFields(text, header))) fitting += 1;
  }
  return sample.length === 0 ? 0 : fitting / sample.length;
}

function hasAsManyFields(text: string, header: string): boolean {
  const separator = header.includes(',') ? ',' : header.includes('\t') ? '\t' : ' ';
  return text.split(separator).length === header.split(separator).length;
}
