import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Life, startLives } from '../support/exception-lives.ts';
import { childOf } from '../support/kill-child.ts';
import { waitFor } from '../support/product.ts';
import { testScale } from '../support/requires.ts';
import { isAlive } from '../support/worker-story.ts';

const scale = testScale();
// Thirty in all beside the other tests; each process as often as the issue asks when only the long ones run.
const killsOfEach = scale < 1 ? Math.max(1, Math.round(100 * scale)) : 300;
const processes = ['control', 'point', 'supervisor'] as const;

test(`${killsOfEach} kills each of control, point and supervisor lose no act, open nothing that ended and leave a log that verifies`, {
  timeout: 5_000_000,
}, async (context) => {
  const life = await startLives();
  try {
    for (let round = 0; round < killsOfEach * processes.length; round += 1) {
      // Not a multiple of anything that recurs, so that kills fall everywhere in an act.
      await sleep((round * 397) % 700);
      await killOne(life, processes[round % processes.length] ?? 'control');
      // Every other time something is killed while it is still starting.
      if (round % 2 === 0) await life.goOn();
    }
    await life.settle();
    const { acknowledged, entries, passed, refused } = await life.checkLog();
    context.diagnostic(
      `exception-crash: ${entries} entries, ${acknowledged} acknowledged acts, ${passed} requests passed and ${refused} were refused`,
    );
    assert.ok(acknowledged > killsOfEach * 3, `only ${acknowledged} acts were acknowledged`);
    assert.ok(passed > 0, 'grants let something through');
    const verified = await life.product().run('audit', 'verify');
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  } finally {
    await life.stop();
  }
});

async function killOne(life: Life, name: (typeof processes)[number]): Promise<void> {
  const product = life.product();
  if (name !== 'supervisor') {
    const child = await waitFor(async () => childOf(product, name), `a child \`${name}\``, 30_000);
    process.kill(child, 'SIGKILL');
    return;
  }
  const children = (['point', 'control'] as const).map((each) => childOf(product, each));
  product.signal('SIGKILL');
  await product.ended;
  await waitFor(async () => children.every((pid) => pid === null || !isAlive(pid)), 'the end of the children', 30_000);
  await life.startAgain();
}
