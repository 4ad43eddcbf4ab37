import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nativeFileForTest } from '../support/native-build.ts';
import { skipUnless, testScale } from '../support/requires.ts';

// The addon with AddressSanitizer and UndefinedBehaviorSanitizer: whatever either finds ends the process.

const root = join(import.meta.dirname, '../..');
// What reaches most of the code in the least time.
const shortOnes = [
  'src/transport/native/io-thread.test.ts',
  'src/transport/native/interleavings.test.ts',
  'src/transport/native/datagram-socket.test.ts',
  'src/transport/native/datagram-interleavings.test.ts',
  'src/proxy/hardships.test.ts',
];

function everyFile(): readonly string[] {
  const folders = ['src/transport', 'src/transport/native', 'src/proxy'];
  const files = folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
  return [
    ...files.filter((name) => name.endsWith('.test.ts')),
    'src/gateway/name-listener.test.ts',
    'src/dns/listen/udp-listener.test.ts',
  ];
}

test('INVARIANT: nothing that tests of the transport do makes the addon misuse memory', {
  skip: skipUnless('compiler'),
  timeout: 900_000,
}, () => {
  const files = testScale() < 1 ? shortOnes : everyFile();
  assert.ok(files.length >= shortOnes.length);
  const libraries = ['libasan.so', 'libubsan.so'].map((name) =>
    execFileSync('cc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
  );
  // It would run nothing within a test.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  for (const file of files) {
    const ran = spawnSync(process.execPath, ['--test', '--test-reporter=tap', file], {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...environment,
        EXEAT_TRANSPORT: 'native',
        EXEAT_TRANSPORT_THREADS: '2',
        EXEAT_TEST_NATIVE: nativeFileForTest('sanitize'),
        LD_PRELOAD: libraries.join(' '),
        // Node itself gives back nothing at its end.
        ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
        UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
      },
    });
    const said = `${ran.stdout}\n${ran.stderr}`;
    assert.equal(ran.status, 0, `${file}\n${said.slice(-8_000)}`);
    assert.match(said, /^# pass [1-9]/m);
    assert.doesNotMatch(said, /AddressSanitizer|runtime error/);
  }
});

// It takes minutes where a build with sanitizers takes seconds, and finds what those have no eyes for: memory of the addon that leaks into
// Node's own. That Node reads undefined values is Node's affair.
if (testScale() === 1) {
  test('random interleavings show no fault to valgrind either', {
    skip: skipUnless('compiler', 'valgrind'),
    timeout: 600_000,
  }, () => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const words = ['--error-exitcode=9', '--smc-check=all-non-file', '--undef-value-errors=no', '-q'];
    for (const file of ['interleavings', 'datagram-interleavings']) {
      const ran = spawnSync('valgrind', [...words, process.execPath, `src/transport/native/${file}.test.ts`], {
        cwd: root,
        encoding: 'utf8',
        env: { ...environment, EXEAT_TEST_SCALE: '0.05', EXEAT_TEST_NATIVE: nativeFileForTest('faults') },
      });
      assert.equal(ran.status, 0, `${ran.stdout}\n${ran.stderr}`.slice(-8_000));
      assert.match(ran.stdout, /pass [1-9]/);
    }
  });
}
