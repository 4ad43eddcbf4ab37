import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { waitFor } from '../support/product.ts';
import { openRaw, type RawClient } from '../support/raw-client.ts';
import { startRawStory } from '../support/raw-story.ts';

// Rows of docs/failure-modes.md: the disk, the snapshot, the descriptors of the process.

describe('the state fails while it runs', () => {
  test('records cannot be written and `onFull: block`: 503 records_blocked until they can be', async () => {
    const story = await startRawStory({ config: { audit: { onFull: 'block' } } });
    try {
      assert.equal((await story.ask()).status, 200);
      const spool = join(story.product.state, 'spool');
      rmSync(spool, { recursive: true });
      writeFileSync(spool, 'in the way');
      await waitFor(async () => (await story.ask()).reason === 'records_blocked', 'the block');
      assert.match(await story.metrics(), /^exeat_records_keeping 0$/m);
      assert.match((await story.problems()).join('\n'), /decision records are not being kept/);
      rmSync(spool);
      await waitFor(async () => (await story.ask()).status === 200, 'the mend', 10_000);
      assert.match(await story.metrics(), /^exeat_records_keeping 1$/m);
    } finally {
      await story.stop();
    }
  });

  test('records cannot be written and `onFull: auto`: rules decide on, what is lost is counted', async () => {
    const story = await startRawStory();
    try {
      const spool = join(story.product.state, 'spool');
      rmSync(spool, { recursive: true });
      writeFileSync(spool, 'in the way');
      await waitFor(
        async () => {
          assert.equal((await story.ask()).status, 200);
          return /^exeat_records_lost [1-9]/m.test(await story.metrics());
        },
        'a lost record that is counted',
        10_000,
      );
      assert.equal((await story.ask('unlisted.example:443')).reason, 'no_rule_matched');
      assert.match(story.product.stderr(), /records cannot be kept in/);
    } finally {
      await story.stop();
    }
  });

  test('a damaged snapshot never replaces the policy in force, and the next reload mends it', async () => {
    const story = await startRawStory();
    try {
      const snapshot = join(story.product.state, 'control', 'snapshot.exeat');
      const bytes = readFileSync(snapshot);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(snapshot, bytes);
      assert.equal((await story.ask()).status, 200);
      process.kill(story.product.report.pids.point ?? 0, 'SIGKILL');
      const answer = await waitFor(() => story.ask().catch(() => null), 'the point', 10_000);
      assert.equal(answer.reason, 'no_policy', 'a point that has only a damaged snapshot denies all');
      story.product.signal('SIGHUP');
      await waitFor(async () => (await story.ask()).status === 200, 'the mend', 10_000);
    } finally {
      await story.stop();
    }
  });
});

test('no descriptors are left: live tunnels go on, the process stays, and it serves again when some are free', async () => {
  const story = await startRawStory({ maxDescriptors: 128 });
  const held: RawClient[] = [];
  try {
    const live = await story.tunnel();
    for (let i = 0; i < 120; i += 1) held.push(await openRaw(story.product.proxyPort).catch(() => live));
    // Who is accepted may wait for an upstream that cannot be dialled: either way nothing is let through unjudged.
    live.send('still here');
    await live.readUntil(/still here/);
    assert.equal(process.kill(story.product.report.pids.point ?? 0, 0), true);
    for (const client of held) if (client !== live) client.close();
    await waitFor(async () => (await story.ask().catch(() => null))?.status === 200, 'service', 10_000);
    live.send('and after');
    await live.readUntil(/and after/);
    live.close();
    assert.doesNotMatch(story.product.stderr(), /started again/);
  } finally {
    await story.stop();
  }
});
