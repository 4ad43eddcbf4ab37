import type { LogLine } from './log-line.ts';

/** The share of a sample's lines that pass a test, from 0 to 1; 0 for an empty sample. */
export function shareOfLines(sample: readonly LogLine[], passes: (text: string) => boolean): number {
  const passed = sample.filter((line) => passes(line.text())).length;
  return sample.length === 0 ? 0 : passed / sample.length;
}
