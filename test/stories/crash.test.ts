import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningProduct, waitFor } from '../support/product.ts';
import { isAlive, oneLine, openWorkerStory, readiness, type WorkerStory } from '../support/worker-story.ts';

// The life of the processes: children that die, and the end of all of them.

let story: WorkerStory;
before(async () => {
  story = await openWorkerStory();
});
after(() => story?.close());

describe('a crash', () => {
  let product: RunningProduct;
  before(async () => {
    product = await story.start();
  });
  after(() => product?.stop());

  test('of control changes no decision, cuts no tunnel, and control comes back', async () => {
    const { pids } = product.report;
    const tunnel = await story.openTunnel(product, 'one.example');
    process.kill(pids.control ?? 0, 'SIGKILL');
    assert.match(await story.connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
    assert.match(await story.connectTo(product, 'two.example'), /^HTTP\/1\.1 403 /);
    await waitFor(async () => (await readiness(product).catch(() => null))?.status === 200, 'control', 20_000);
    assert.equal(isAlive(pids.point), true);
    assert.equal(tunnel.socket.destroyed, false);
    tunnel.close();
  });

  test('of the point brings it back with the policy that was in force', async () => {
    process.kill(product.report.pids.point ?? 0, 'SIGKILL');
    const answer = await waitFor(() => story.connectTo(product, 'one.example').catch(() => null), 'the point', 10_000);
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends everything within 2 s, live tunnels included, with exit code 0`, async () => {
    const product = await story.start();
    try {
      const tunnel = await story.openTunnel(product, 'one.example');
      const began = performance.now();
      product.signal(signal);
      assert.equal(await product.ended, 0, product.stderr());
      assert.ok(performance.now() - began < 2_000);
      const { point, control } = product.report.pids;
      await waitFor(async () => !isAlive(point) && !isAlive(control), 'the end of the children', 500);
      await tunnel.readToEnd();
      const records = await product.records();
      assert.ok(records.some((one) => one.kind === 'close' && one.endedBy === 'shutdown'));
    } finally {
      await product.stop();
    }
  });
}

test('when the supervisor is killed its children end, and the next up runs on the same state', async () => {
  const product = await story.start();
  try {
    product.signal('SIGKILL');
    await product.ended;
    const { point, control } = product.report.pids;
    await waitFor(async () => !isAlive(point) && !isAlive(control), 'the end of the children', 3_000);
    const next = await product.run('status');
    assert.equal(next.code, 1);
    assert.match(oneLine(next.stderr), /no running `exeat up` answers/);
  } finally {
    await product.stop();
  }
});
