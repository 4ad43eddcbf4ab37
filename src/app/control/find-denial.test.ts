import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFindDenial } from './find-denial.ts';
import { createTurns } from './turns.ts';

test('of many who ask at once without an account all but a few are told to come again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'exeat-denial-'));
  try {
    const find = createFindDenial(dir);
    const said = await Promise.all(Array.from({ length: 100 }, () => find('01KAR6F1R8000000000000000A')));
    assert.deepEqual([said.filter((one) => one === null).length, said.filter((one) => one === 'busy').length], [9, 91]);
    assert.equal(await find('01KAR6F1R8000000000000000A'), null, 'and afterwards it is free again');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('works take turns, and one that fails gives its turn away', async () => {
  const inTurn = createTurns(2);
  let [running, most] = [0, 0];
  const work = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    throw new Error('it failed');
  };
  const all = await Promise.allSettled(Array.from({ length: 7 }, () => inTurn(work)));
  assert.deepEqual([all.length, running, most], [7, 0, 2]);
});
