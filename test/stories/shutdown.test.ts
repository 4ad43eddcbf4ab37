import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CloseRecord, DecisionRecord } from '../../src/policy/index.ts';
import { readSpool } from '../../src/spool/index.ts';
import { type RunningProduct, waitFor } from '../support/product.ts';
import { openRaw } from '../support/raw-client.ts';
import { startRawStory } from '../support/raw-story.ts';

/** Ends a product that nobody uses; gives the milliseconds that it took. */
async function endIdle(): Promise<number> {
  const story = await startRawStory();
  const { product } = story;
  try {
    const began = performance.now();
    product.signal('SIGTERM');
    assert.equal(await product.ended, 0, product.stderr());
    return performance.now() - began;
  } finally {
    await story.stop();
  }
}

/** Waits until the listener is gone. */
async function refusesNew(product: RunningProduct): Promise<void> {
  const isRefused = async (): Promise<boolean> => {
    const client = await openRaw(product.proxyPort).catch(() => null);
    client?.close();
    return client === null;
  };
  await waitFor(isRefused, 'the end of listening', 1_000);
}

async function closesOf(spool: string): Promise<readonly CloseRecord[]> {
  const all: DecisionRecord[] = [];
  for await (const { record } of readSpool(spool, null)) all.push(record);
  return all.filter((record) => record.kind === 'close');
}

describe('on SIGTERM', () => {
  test('nothing new is taken, live tunnels go on for a moment and are then cut; every record is on disk', async () => {
    const story = await startRawStory();
    const { product } = story;
    try {
      const [ends, stays] = [await story.tunnel(), await story.tunnel()];
      const began = performance.now();
      product.signal('SIGTERM');
      await refusesNew(product);
      stays.send('while draining');
      await stays.readUntil(/while draining/, 1_000);
      ends.close();
      await stays.readToEnd(2_000);
      assert.equal(await product.ended, 0, product.stderr());
      assert.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
      const closes = await closesOf(`${product.state}/spool`);
      assert.deepEqual(closes.map((close) => close.endedBy).sort(), ['client', 'shutdown']);
      const cut = closes.find((close) => close.endedBy === 'shutdown');
      assert.equal(cut?.bytesUp, 'while draining'.length);
      assert.equal(cut?.bytesDown, 'while draining'.length);
    } finally {
      await story.stop();
    }
  });

  test('who has no tunnel open is not waited for', async () => {
    // Whoever waits waits for 800 ms each time; on a busy machine three processes may need as long to end.
    const took: number[] = [];
    while (took.length < 4 && took.every((ms) => ms >= 700)) took.push(await endIdle());
    assert.ok(Math.min(...took) < 700, `${took} ms`);
  });

  test('a second signal while draining changes nothing', async () => {
    const story = await startRawStory();
    const { product } = story;
    try {
      const client = await story.tunnel();
      const began = performance.now();
      product.signal('SIGTERM');
      product.signal('SIGINT');
      await client.readToEnd(2_000);
      assert.equal(await product.ended, 0, product.stderr());
      assert.ok(performance.now() - began < 2_000);
      assert.deepEqual(
        (await closesOf(`${product.state}/spool`)).map((close) => close.endedBy),
        ['shutdown'],
      );
    } finally {
      await story.stop();
    }
  });
});

test('a control that hangs holds up no decision and no end, and status tells what the point knows', async () => {
  const story = await startRawStory();
  const { product } = story;
  try {
    process.kill(product.report.pids.control ?? 0, 'SIGSTOP');
    assert.equal((await story.ask()).status, 200);
    assert.equal((await story.ask('unlisted.example:443')).reason, 'no_rule_matched');
    const { code, stdout } = await product.run('status', '-o', 'json');
    assert.equal(code, 0);
    const status = JSON.parse(stdout) as {
      readonly point: { readonly policyVersion: string };
      problems: readonly string[];
    };
    assert.equal(status.point.policyVersion, product.report.policyVersion);
    assert.match(status.problems.join(), /control does not answer/);
    const began = performance.now();
    product.signal('SIGTERM');
    assert.equal(await product.ended, 0, product.stderr());
    assert.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
  } finally {
    await story.stop();
  }
});
