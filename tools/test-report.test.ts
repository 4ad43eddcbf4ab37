import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTestFile } from './run-test-file.ts';
import { createTestReport } from './test-report.ts';

// node:test marks the processes it starts and refuses to run tests from within one; here that is what is tested.
const mark = 'NODE_TEST_CONTEXT';

const text = `
import { describe, test } from 'node:test';
test('passes', () => {});
test('is skipped', { skip: 'no squid' }, () => {});
describe('group', () => {
  test('passes too', () => {});
  test('fails', () => { throw new Error('seven is not eight'); });
});
`;

test('a run is counted by tests, and failures and skips are told by name with their reason', async () => {
  const lines = await reportOn(text, false);
  assert.match(lines, /FAILED .*fails\n {4}Error: seven is not eight/);
  assert.match(lines, /skipped .*is skipped: no squid\n/);
  assert.match(lines, /\n2 passed, 1 failed, 1 skipped\n$/);
});

test('a skip is a failure where everything is required', async () => {
  assert.match(await reportOn(text, true), /\n2 passed, 2 failed, 0 skipped\n$/);
});

test('a file that cannot be loaded is a failure', async () => {
  assert.match(await reportOn("throw new Error('broken at load');", false), /\n0 passed, 1 failed, 0 skipped\n$/);
});

test('a file that leaves something open is ended and fails', async () => {
  const open = "import { test } from 'node:test';\ntest('passes', () => { setInterval(() => {}, 1000); });";
  assert.match(await reportOn(open, false, 800), /did not end within 0.8 s[\s\S]*\n1 passed, 2 failed, 0 skipped\n$/);
});

test('a run that finds no test is not green', () => {
  const { [mark]: _mark, ...env } = process.env;
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'run-tests.ts'), 'no-such-file'], { env });
  assert.equal(ran.status, 1);
  assert.match(ran.stdout.toString(), /only 0 test files were found[\s\S]*\n0 passed, 2 failed, 0 skipped\n$/);
});

async function reportOn(source: string, skipsFail: boolean, timeoutMs = 30_000): Promise<string> {
  const marked = process.env[mark];
  delete process.env[mark];
  const folder = mkdtempSync(join(tmpdir(), 'exeat-report-'));
  try {
    const file = join(folder, 'sample.test.mjs');
    writeFileSync(file, source);
    let written = '';
    const write = (part: string): void => {
      written += part;
    };
    const report = createTestReport({ write, fileCount: 1, isSkipFailure: () => skipsFail });
    await runTestFile({ file, timeoutMs, scale: 1 }, report, new AbortController().signal);
    report.finish();
    return written;
  } finally {
    if (marked !== undefined) process.env[mark] = marked;
    rmSync(folder, { recursive: true, force: true });
  }
}
