import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { acquireStateLock } from './state-lock.ts';

function withFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-lock-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a second writer is refused in one line that says what holds the lock', () => {
  withFolder((folder) => {
    const path = join(folder, 'lock.db');
    const first = acquireStateLock(path);
    assert.ok(first.ok);
    const second = acquireStateLock(path);
    assert.equal(second.ok, false);
    assert.equal(second.ok ? '' : second.fault.code, 'state_locked');
    assert.match(second.ok ? '' : second.fault.message, /held by a running `exeat up`/);
    first.value.release();
  });
});

test('the lock is free again once it was released, and its file is for its owner only', () => {
  withFolder((folder) => {
    const path = join(folder, 'lock.db');
    for (let turn = 0; turn < 2; turn += 1) {
      const lock = acquireStateLock(path);
      assert.ok(lock.ok);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      lock.value.release();
    }
  });
});

test('a lock in a folder that does not exist is a fault that names the file', () => {
  const lock = acquireStateLock('/nonexistent-exeat/lock.db');
  assert.equal(lock.ok, false);
  assert.match(lock.ok ? '' : lock.fault.message, /`\/nonexistent-exeat\/lock\.db`/);
});
