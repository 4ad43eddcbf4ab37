import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildLog,
  checkSignature,
  createTestSigner,
  entryAt,
  leafOf,
  memoryFiles,
  sha256,
} from '../../../test/support/audit-fixture.ts';
import type { SpoolFolder } from './log-files.ts';
import { type LogVerdict, verifyLog } from './verify-log.ts';

const name = (at: number): string => `decisions-0176400000000${at}-000000.ndjson`;
const digestOf = (at: number): string => String(at).repeat(64);
const files = buildLog(
  [1, 2, 3].map((at, seq) =>
    leafOf({
      ...entryAt(seq),
      action: 'spool.sealed',
      details: { file: name(at), bytes: 10 * at, sha256: digestOf(at) },
    }),
  ),
  createTestSigner(),
);

function verify(closed: readonly number[], change: Partial<SpoolFolder> = {}): Promise<LogVerdict> {
  const spool: SpoolFolder = {
    closed: closed.map(name),
    open: name(9),
    others: [],
    state: async (one) => {
      const at = [1, 2, 3].find((each) => name(each) === one) ?? 0;
      return { bytes: 10 * at, sha256: digestOf(at) };
    },
    ...change,
  };
  return verifyLog({
    files: memoryFiles(files),
    digest: sha256,
    check: checkSignature,
    key: null,
    older: [],
    spool,
  });
}

/** Closed files that are there, what is told of them, and the findings. */
const rows: readonly (readonly [
  readonly number[],
  Partial<SpoolFolder>,
  intact: number,
  findings: readonly string[],
])[] = [
  [[1, 2, 3], {}, 3, []],
  [[2, 3], {}, 2, []],
  [[3], {}, 1, []],
  [[1, 3], {}, 2, [`removed spool/${name(2)}`]],
  [[1, 2], {}, 2, [`removed spool/${name(3)}`]],
  [[], { open: null }, 0, [1, 2, 3].map((at) => `removed spool/${name(at)}`)],
  [[0, 1, 2, 3], {}, 3, [`unknown_file spool/${name(0)}`]],
  [[1, 2, 3], { others: ['x'] }, 3, ['unknown_file spool/x']],
  [[1], { state: async () => ({ bytes: 10, sha256: digestOf(2) }) }, 0, [`altered spool/${name(1)}`]],
  [[1, 2, 3], { state: async () => null }, 0, [1, 2, 3].map((at) => `unreadable spool/${name(at)}`)],
];

test('record files are compared with their seals, and what the budget took is no finding', async () => {
  for (const [closed, change, intact, findings] of rows) {
    const verdict = await verify(closed, change);
    const told = verdict.findings.map(({ kind, file }) => `${kind} ${file}`);
    const expected =
      closed.length === 1 && intact === 0
        ? [`removed spool/${name(2)}`, `removed spool/${name(3)}`, ...findings]
        : findings;
    assert.deepEqual([told, verdict.spool?.intact], [expected, intact], closed.join());
  }
});

test('closed files that no entry seals yet and the open one are named', async () => {
  const verdict = await verify([1, 2, 3, 4, 5]);
  assert.deepEqual(verdict.spool, { intact: 3, gone: 0, unsealed: [name(4), name(5)], open: name(9) });
  assert.deepEqual(verdict.findings, []);
});
