import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const rows: readonly (readonly [string, RegExp | null])[] = [
  ['policy: refuse a wildcard above a public suffix\n\nIt reached every tenant.\n', null],
  ['policy, base: rename the fault of a head\n', null],
  ["Merge branch 'main'\n", null],
  ['update things\n', /is not `room: verb …`/],
  ['kitchen: wash the plates\n', /`kitchen` is no room/],
  ['policy: Refuse a wildcard\n', /lower-case verb/],
  ['policy: refuse a wildcard.\n', /no full stop/],
  [`policy: refuse ${'x'.repeat(80)}\n`, /at most 72/],
  ['policy: refuse a wildcard\nat once\n', /second line is empty/],
];

for (const [message, expected] of rows) {
  test(`the hook ${expected === null ? 'lets through' : 'refuses'} \`${message.slice(0, 40).trim()}\``, () => {
    const folder = mkdtempSync(join(tmpdir(), 'exeat-message-'));
    try {
      const file = join(folder, 'message');
      writeFileSync(file, message);
      const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'commit-message.mjs'), file]);
      assert.equal(ran.status, expected === null ? 0 : 1, ran.stderr.toString());
      if (expected !== null) assert.match(ran.stderr.toString(), expected);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
