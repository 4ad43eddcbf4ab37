import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import type { TestReport } from './test-report.ts';

/** A file to run: its path, what it may take, and the size of long tests, from above 0 to 1. */
export interface TestFileRun {
  readonly file: string;
  readonly timeoutMs: number;
  readonly scale: number;
  /** Which driver of the transport the run is for. Default: whichever the product chooses. */
  readonly driver?: 'native' | 'node';
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
    env: { ...process.env, EXEAT_TEST_SCALE: String(one.scale), ...driverEnv(one) },
  });
  for await (const event of events) report.take(marked(event, one));
  if (timeout.aborted)
    report.fail(`${one.file} did not end within ${one.timeoutMs / 1000} s; was something left open?`);
}

function driverEnv({ driver }: TestFileRun): Record<string, string> {
  return driver === undefined ? {} : { EXEAT_TRANSPORT: driver };
}

// Of two runs of one file a failure must say which it is of.
function marked(event: TestEvent, { driver }: TestFileRun): TestEvent {
  if (driver === undefined || event.type !== 'test:fail') return event;
  return { ...event, data: { ...event.data, name: `${event.data.name} [${driver}]` } };
}
