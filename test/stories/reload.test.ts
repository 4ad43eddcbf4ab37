import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningProduct, readyVersion, waitFor } from '../support/product.ts';
import { openWorkerStory, readiness, type WorkerStory, workerPolicy } from '../support/worker-story.ts';

// The life of the processes: a policy that changes while they run.

let story: WorkerStory;
before(async () => {
  story = await openWorkerStory();
});
after(() => story?.close());

describe('a reload', () => {
  let product: RunningProduct;
  before(async () => {
    product = await story.start();
  });
  after(() => product?.stop());

  test('puts a new policy in force and keeps the sources of both', async () => {
    const before = await readyVersion(product.console);
    assert.match(await story.connectTo(product, 'two.example'), /^HTTP\/1\.1 403 /);
    await product.changePolicy('a.yaml', story.allowing('one.example', 'two.example'));
    assert.match(await story.connectTo(product, 'two.example'), /^HTTP\/1\.1 200 /);
    const kept = readdirSync(join(product.state, 'policy'));
    for (const version of [before, await readyVersion(product.console)]) {
      assert.ok(kept.includes(version?.slice('sha256:'.length) ?? ''), version ?? 'none');
    }
  });

  test('cuts a live tunnel that nothing justifies any more within a second, and leaves the others', async () => {
    await product.changePolicy('a.yaml', `${story.allowing('one.example', 'two.example')}# for the tunnels\n`);
    const [goes, stays] = [
      await story.openTunnel(product, 'two.example'),
      await story.openTunnel(product, 'one.example'),
    ];
    await product.changePolicy('a.yaml', story.allowing('one.example'));
    await goes.readToEnd(1_000);
    assert.equal(stays.socket.destroyed, false);
    await product.waitForRecord((one) => one.kind === 'close' && one.endedBy === 'policy_changed');
    const status = JSON.parse((await product.run('status', '-o', 'json')).stdout) as {
      readonly brokenFlows: readonly { readonly host: string }[];
    };
    assert.deepEqual(
      status.brokenFlows.map((flow) => flow.host),
      ['two.example'],
    );
    stays.close();
  });

  for (const [name, text, says] of [
    ['is not YAML', 'service: [', /a\.yaml:\d+:\d+: /],
    ['has an unknown key', `${workerPolicy([])}spelt: wrong\n`, /unknown key|`spelt`/],
    ['fails its own tests', workerPolicy([], ['{ allow: "one.example:443" }']), /test failed/],
  ] as const) {
    test(`a policy that ${name} leaves the old one in force, and readiness and log say so`, async () => {
      const inForce = await readyVersion(product.console);
      await product.changePolicy('a.yaml', text, 0);
      const answer = await waitFor(async () => {
        const now = await readiness(product);
        return now.status === 503 ? now : null;
      }, 'the refusal');
      assert.match(answer.text, says);
      assert.match(await story.connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
      assert.equal(await readyVersion(product.console), inForce);
      assert.match(product.stderr(), /policy refused, what is in force stays/);
      await product.changePolicy('a.yaml', story.allowing('one.example'), 0);
      await waitFor(async () => (await readiness(product)).status === 200, 'readiness');
    });
  }

  test('SIGHUP reads the policy again, and nothing that is allowed is cut', async () => {
    const tunnel = await story.openTunnel(product, 'one.example');
    const compiled = (): number => product.stderr().split('"msg":"policy compiled"').length;
    const before = compiled();
    product.signal('SIGHUP');
    await waitFor(async () => compiled() > before, 'the reload');
    assert.equal(tunnel.socket.destroyed, false);
    tunnel.close();
  });

  test('an emptied folder is not an empty policy', async () => {
    await product.changePolicy('a.yaml', null, 0);
    await waitFor(async () => (await readiness(product)).status === 503, 'the refusal');
    assert.match(await story.connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
    await product.changePolicy('a.yaml', story.allowing('one.example'), 0);
    await waitFor(async () => (await readiness(product)).status === 200, 'readiness');
  });
});
