import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildNative } from './build-native.mjs';
import { runTestFile, type TestFileRun } from './run-test-file.ts';
import { readSourceFiles } from './source-files.ts';
import { createTestReport, type TestReport } from './test-report.ts';

/** Files run under the same bounds. */
interface TestGroup {
  readonly files: readonly Pick<TestFileRun, 'file' | 'driver'>[];
  readonly concurrency: number;
  /** A file past this is stopped and fails. */
  readonly fileTimeoutMs: number;
  /** Size of the long tests, from above 0 to 1. */
  readonly scale: number;
}

// A search that finds nothing must not be green: what a whole run sees at least.
const fewestFiles = 270;
const fewestTests = 2700;
const longFolder = 'test/long/';
// What stands on the port of the drivers runs on both. Stories and attacks run on the one that the product chooses, which is the native one
// where it is built, and on the other with the long tests.
const driverTests =
  /^src\/(?:transport\/(?!native\/|node\/)|proxy\/)|^src\/(?:gateway\/name|dns\/listen\/udp)-listener\./;
const wholeProduct = /^test\/(?:stories|attacks)\//;
const minuteMs = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false } },
});
const groups = groupFiles(values.long, positionals);
const seen = groups.flatMap((group) => group.files).length;
const isWhole = !values.long && positionals.length === 0;
const report = createTestReport({ write: (text) => process.stdout.write(text), fileCount: seen, isSkipFailure });
// The product starts hundreds of times, in three processes each; what Node compiled once serves them all.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../node_modules/.cache/compiled');
const stop = new AbortController();
process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());

for (const group of groups) await runGroup(group, report, stop.signal);
if (stop.signal.aborted) report.fail('the run was stopped before its end');
const executed = report.executed();
const least = isWhole ? { files: fewestFiles, tests: fewestTests } : { files: 1, tests: 1 };
if (seen < least.files) report.fail(`only ${seen} test files were found, at least ${least.files} are expected`);
if (executed < least.tests) report.fail(`only ${executed} tests ran, at least ${least.tests} are expected`);
process.exitCode = report.finish();

/**
 * The files to run: all of them with the long ones at a tenth, or only the long ones at full size; narrowed to those
 * whose path contains one of the words given.
 */
function groupFiles(longOnly: boolean, words: readonly string[]): readonly TestGroup[] {
  const all = readSourceFiles(['src', 'tools', 'bench', 'test'], '.test.ts').map((file) => file.path);
  const chosen = all.filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  const long = chosen.filter((path) => path.startsWith(longFolder));
  const short = chosen.filter((path) => !path.startsWith(longFolder));
  // Long tests watch memory and descriptors, so they run alone.
  const longGroup = {
    files: long.map((file) => ({ file })),
    concurrency: 1,
    fileTimeoutMs: (longOnly ? 90 : 8) * minuteMs,
    scale: longOnly ? 1 : 0.1,
  };
  const bounds = { concurrency: 2, fileTimeoutMs: 6 * minuteMs, scale: 0.1 };
  if (longOnly) {
    const onNode = short.filter((path) => wholeProduct.test(path)).map((file) => ({ file, driver: 'node' as const }));
    return [longGroup, { ...bounds, files: onNode }];
  }
  return [{ ...bounds, files: short.flatMap(withDrivers) }, longGroup];
}

function withDrivers(file: string): TestGroup['files'] {
  if (!driverTests.test(file)) return [{ file }];
  const isBuilt = process.platform === 'linux' && buildNative('host').file !== null;
  return [{ file, driver: 'node' }, ...(isBuilt ? [{ file, driver: 'native' as const }] : [])];
}

async function runGroup(group: TestGroup, into: TestReport, signal: AbortSignal): Promise<void> {
  const waiting = [...group.files];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !signal.aborted; file = waiting.shift()) {
      await runTestFile({ ...file, timeoutMs: group.fileTimeoutMs, scale: group.scale }, into, signal);
    }
  };
  await Promise.all(Array.from({ length: group.concurrency }, work));
}

/** On the machine that guards the main branch nothing may be left out. */
function isSkipFailure(): boolean {
  return process.env['EXEAT_TEST_REQUIRE'] === 'all';
}
