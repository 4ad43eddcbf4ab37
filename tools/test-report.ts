import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import { repositoryRoot } from './source-files.ts';

/** Where a report writes and how it judges. */
export interface TestReportOptions {
  readonly write: (text: string) => void;
  /** How many files will run, for the progress lines. */
  readonly fileCount: number;
  /** True when a skipped test counts as failed. */
  readonly isSkipFailure: () => boolean;
}

/** Counts what the test runner tells, prints little of what went well and everything of what did not. */
export interface TestReport {
  readonly take: (event: TestEvent) => void;
  /** Adds a failure of the run itself. */
  readonly fail: (reason: string) => void;
  readonly executed: () => number;
  /** Prints the failures, the skipped tests and the counts; gives the exit code. */
  readonly finish: () => number;
}

const filesPerProgressLine = 20;
const slowFileMs = 10_000;
const maxOutputCharsPerFile = 64 * 1024;

type Finished = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>;

/** What has been counted so far. */
interface Tally {
  readonly failures: string[];
  readonly skips: string[];
  readonly output: Map<string, string>;
  passed: number;
  filesDone: number;
}

/** Makes a report for one run. */
export function createTestReport(options: TestReportOptions): TestReport {
  const tally: Tally = { failures: [], skips: [], output: new Map(), passed: 0, filesDone: 0 };
  return {
    take: (event) => {
      if (event.type === 'test:pass') takePass(tally, event);
      else if (event.type === 'test:fail') takeFail(tally, event);
      else if (event.type === 'test:stdout' || event.type === 'test:stderr') keepOutput(tally.output, event.data);
      else if (event.type === 'test:summary') takeFileEnd(tally, options, event);
    },
    fail: (reason) => tally.failures.push(reason),
    executed: () => tally.passed + tally.failures.length,
    finish: () => finish(tally, options),
  };
}

function takePass(tally: Tally, event: Finished): void {
  const { data } = event;
  if (data.todo !== undefined) tally.failures.push(`${placeOf(event)}\n    marked as to do: finish it or take it out`);
  else if (data.skip !== undefined)
    tally.skips.push(`${placeOf(event)}: ${data.skip === true ? 'no reason' : data.skip}`);
  else if (data.details.type !== 'suite') tally.passed += 1;
}

/** A suite fails with its tests, which are told already; it counts only where it failed by itself, as in a hook. */
function takeFail(tally: Tally, event: Finished): void {
  const isEcho = event.data.details.type === 'suite' && failureType(event) === 'subtestsFailed';
  if (!isEcho) tally.failures.push(describeFailure(event));
}

function takeFileEnd(
  tally: Tally,
  options: TestReportOptions,
  event: Extract<TestEvent, { type: 'test:summary' }>,
): void {
  const { file, success, duration_ms: durationMs } = event.data;
  if (file === undefined) return;
  tally.filesDone += 1;
  if (success) tally.output.delete(file);
  if (durationMs >= slowFileMs) options.write(`  ${shortPath(file)} took ${(durationMs / 1000).toFixed(1)} s\n`);
  if (tally.filesDone % filesPerProgressLine === 0) {
    const counts = `${tally.passed} passed, ${tally.failures.length} failed`;
    options.write(`  ${tally.filesDone} of ${options.fileCount} files, ${counts}\n`);
  }
}

function finish(tally: Tally, { write, isSkipFailure }: TestReportOptions): number {
  const skipsFail = isSkipFailure();
  if (tally.failures.length > 0) {
    for (const [file, text] of tally.output) write(`\noutput of ${shortPath(file)}:\n${text}\n`);
  }
  for (const failure of tally.failures) write(`\nFAILED ${failure}\n`);
  for (const skip of tally.skips) write(`${skipsFail ? 'FAILED, all tests are required: ' : ''}skipped ${skip}\n`);
  const failed = tally.failures.length + (skipsFail ? tally.skips.length : 0);
  write(`\n${tally.passed} passed, ${failed} failed, ${skipsFail ? 0 : tally.skips.length} skipped\n`);
  return failed === 0 ? 0 : 1;
}

function keepOutput(output: Map<string, string>, data: { readonly file: string; readonly message: string }): void {
  const before = output.get(data.file) ?? '';
  if (before.length < maxOutputCharsPerFile)
    output.set(data.file, (before + data.message).slice(0, maxOutputCharsPerFile));
}

function describeFailure(event: Finished): string {
  const error = 'error' in event.data.details ? event.data.details.error : undefined;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
  return `${placeOf(event)}\n${text.replace(/^/gm, '    ')}`;
}

function failureType(event: Finished): unknown {
  const error: unknown = 'error' in event.data.details ? event.data.details.error : undefined;
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined;
}

function placeOf(event: Finished): string {
  const { file, line, name } = event.data;
  return `${file === undefined ? '' : `${shortPath(file)}:${line ?? 1} `}${name}`;
}

function shortPath(file: string): string {
  return relative(repositoryRoot, file);
}
