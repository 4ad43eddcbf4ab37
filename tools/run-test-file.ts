import { run } from 'node:test';
import type { TestReport } from './test-report.ts';

/** A file to run: its path, what it may take, and the size of long tests, from above 0 to 1. */
export interface TestFileRun {
  readonly file: string;
  readonly timeoutMs: number;
  readonly scale: number;
}

/**
 * Runs one file in a process of its own and tells the report. The `timeout` of node:test bounds each test and not the
 * process, which something left open keeps alive for good; so the process is bounded here, and ended.
 */
export async function runTestFile(one: TestFileRun, report: TestReport, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(one.timeoutMs);
  const events = run({
    files: [one.file],
    isolation: 'process',
    concurrency: 1,
    timeout: one.timeoutMs,
    signal: AbortSignal.any([signal, timeout]),
    env: { ...process.env, EXEAT_TEST_SCALE: String(one.scale) },
  });
  for await (const event of events) report.take(event);
  if (timeout.aborted)
    report.fail(`${one.file} did not end within ${one.timeoutMs / 1000} s; was something left open?`);
}
