import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeLedgerFolder, openForTest } from '../support/ledger-bed.ts';
import { testScale } from '../support/requires.ts';

const kills = Math.max(10, Math.round(300 * testScale()) - 20);
const program = fileURLToPath(new URL('../support/commit-loop.ts', import.meta.url));

test(`${kills} kills of a process that commits lose nothing acknowledged and leave no gap`, {
  timeout: 1_200_000,
}, async (context) => {
  const path = join(makeLedgerFolder(context), 'ledger.db');
  let before = 0;
  for (let round = 0; round < kills; round += 1) {
    const acknowledged = await commitUntilKilled(path, (round * 37) % 160);
    const ledger = openForTest(path);
    const size = await ledger.size();
    assert.ok(size >= acknowledged, `${acknowledged} acts were acknowledged and ${size} are there`);
    await checkTail(ledger, before, size);
    await ledger.close();
    before = size;
  }
  context.diagnostic(`ledger-crash: ${before} acts after ${kills} kills`);
  assert.ok(before > kills, `only ${before} acts were made`);
});

/** Lets a process commit until `killAfterMs` past its first commit; gives how many acts it said were committed in all. */
async function commitUntilKilled(path: string, killAfterMs: number): Promise<number> {
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    text += part;
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'it went on until it was killed');
  // A line that was cut off was not read by anybody.
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1) ?? 0);
}

/** Every act since the kill before is whole and in its place, and commits are there whole: of `n` acts of one moment, all. */
async function checkTail(ledger: ReturnType<typeof openForTest>, from: number, until: number): Promise<void> {
  for (let first = from; first < until; first += 10_000) {
    const leaves = await ledger.leaves(first, Math.min(until, first + 10_000));
    leaves.forEach((leaf, at) => {
      assert.equal(JSON.parse(new TextDecoder().decode(leaf)).seq, first + at);
    });
  }
}
