import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloseRecord, DecisionRecord, Grant, ProgressRecord, VerdictRecord } from '../../src/policy/index.ts';
import { proofOf, requestTunnel } from '../support/ask-proxy.ts';
import { type GrantDesk, openGrantDesk, storyGrant } from '../support/grant-desk.ts';
import { childOf } from '../support/kill-child.ts';
import { waitFor } from '../support/product.ts';
import { openRaw, type RawClient } from '../support/raw-client.ts';
import { type RawStory, startRawStory } from '../support/raw-story.ts';

// Grants as the point lives by them: they open, they end by the clock, and live tunnels are cut with the reason. Control is played.

let story: RawStory;
let desk: GrantDesk;
let to: string;

before(async () => {
  story = await startRawStory({
    config: {
      hosts: { 'granted.example': '127.0.0.1', 'beside.example': '127.0.0.1' },
      console: { url: 'https://exeat.example.com' },
    },
  });
  desk = await openGrantDesk(story.product);
  to = `granted.example:${story.origin.port}`;
});
after(() => story?.stop());

/** A tunnel by a grant that echoes, with this end of its connection as records name it. */
async function live(authority = to): Promise<RawClient & { readonly source: string }> {
  const client = await openRaw(story.product.proxyPort);
  const ask = { port: story.product.proxyPort, authority, proof: proofOf(story.product, 'story') };
  const { status, source } = await requestTunnel(client, ask);
  assert.equal(status, 200);
  await echo(client, 'alive');
  return { ...client, source };
}

async function echo(client: RawClient, text: string): Promise<void> {
  client.send(text);
  assert.equal((await client.readBytes(text.length)).toString(), text);
}

/** The records of how a tunnel ended: judged again, and closed. */
async function endOf(source: string): Promise<{ readonly recheck: VerdictRecord; readonly close: CloseRecord }> {
  const isMine = (record: DecisionRecord): record is VerdictRecord =>
    record.kind === 'verdict' && record.stage === 'recheck' && record.source === source;
  const recheck = (await story.product.waitForRecord(isMine)) as VerdictRecord;
  const close = await story.product.waitForRecord((record) => record.kind === 'close' && record.flow === recheck.flow);
  return { recheck, close: close as CloseRecord };
}

async function cutWithin(client: RawClient & { readonly source: string }, ms: number, sinceMs: number): Promise<void> {
  await client.readToEnd(10_000);
  const tookMs = performance.now() - sinceMs;
  assert.ok(tookMs < ms, `it took ${tookMs} ms`);
}

describe('a grant', () => {
  test('opens what no rule allows, and the records name it', async () => {
    const denied = await story.ask(to);
    assert.deepEqual([denied.status, denied.reason], [403, 'no_rule_matched']);
    await desk.put([storyGrant('open', `tcp://${to}`)]);
    const client = await live();
    const { liveByGrant, spent } = await desk.ask<{ liveByGrant: object; spent: readonly string[] }>('grants');
    assert.deepEqual([liveByGrant, spent], [{ open: 1 }, []]);
    client.close();
    const verdict = (await story.product.waitForRecord(
      (record) => record.kind === 'verdict' && record.source === client.source,
    )) as VerdictRecord;
    // The origin of the story is on loopback; elsewhere the reason is `grant_matched`.
    assert.deepEqual([verdict.verdict, verdict.reason, verdict.grantId], ['allow', 'local_origin', 'open']);
    const close = await story.product.waitForRecord((each) => each.kind === 'close' && each.flow === verdict.flow);
    assert.equal(close.kind === 'close' && close.grantId, 'open');
    const isOver = async (): Promise<boolean> =>
      Object.keys((await desk.ask<{ liveByGrant: object }>('grants')).liveByGrant).length === 0;
    await waitFor(isOver, 'the end');
  });

  test('ends by the clock: its tunnel is cut within a second and the next request is denied', async () => {
    const grant = storyGrant('short', `tcp://${to}`, { lifeMs: 1_500 });
    await desk.put([grant]);
    const client = await live();
    await cutWithin(client, 1_000, performance.now() + grant.notAfter - Date.now());
    const { recheck, close } = await endOf(client.source);
    // By the clock of the product, which does not follow the machine's when that is turned back.
    assert.ok(Date.parse(recheck.time) >= grant.notAfter, 'not before its time');
    assert.deepEqual([recheck.verdict, recheck.reason, recheck.grantId], ['deny', 'grant_expired', 'short']);
    assert.deepEqual([close.endedBy, close.grantId], ['grant_expired', 'short']);
    const next = await story.ask(to);
    assert.deepEqual([next.status, next.reason], [403, 'grant_expired']);
  });

  for (const [why, reason] of [
    ['revoked', 'grant_revoked'],
    ['suspended', 'grant_suspended'],
  ] as const) {
    test(`that was ${why} by a list cuts its tunnel within a second, and nothing else`, async () => {
      const one = storyGrant(`${why}-1`, `tcp://${to}`);
      const other = storyGrant(`${why}-2`, `tcp://beside.example:${story.origin.port}`);
      await desk.put([one, other]);
      const cut = await live();
      const beside = await live(`beside.example:${story.origin.port}`);
      const ruled = await story.tunnel();
      const began = performance.now();
      await desk.put([one, other], [{ id: one.id, why }]);
      await cutWithin(cut, 1_000, began);
      const { recheck, close } = await endOf(cut.source);
      assert.deepEqual([recheck.reason, recheck.grantId, close.endedBy], [reason, one.id, reason]);
      assert.equal((await story.ask(to)).reason, reason);
      await echo(beside, 'beside');
      await echo(ruled, 'ruled');
      beside.close();
      ruled.close();
    });
  }

  test('with a time to finish lets what is open go on for that long, and nothing new in', async () => {
    const grant = storyGrant('drained', `tcp://${to}`, { lifeMs: 1_500, drainMs: 2_000 });
    await desk.put([grant]);
    const client = await live();
    const endMs = performance.now() + grant.notAfter - Date.now();
    await sleep(endMs - performance.now() + 500);
    await echo(client, 'goes on');
    const next = await story.ask(to);
    assert.deepEqual([next.status, next.reason], [403, 'grant_expired']);
    await cutWithin(client, 1_000, endMs + 2_000);
    const { recheck, close } = await endOf(client.source);
    assert.ok(Date.parse(recheck.time) >= grant.notAfter + 2_000, 'not before it was drained');
    assert.equal(close.endedBy, 'grant_expired');
  });

  test('with a time to finish has none once it is revoked or its bytes are spent', async () => {
    const [revoked, spent] = ['granted', 'beside'].map((host) =>
      storyGrant(`finish-${host}`, `tcp://${host}.example:${story.origin.port}`, {
        ...{ lifeMs: 1_000, drainMs: 60_000, bytesUp: 200 },
      }),
    ) as [Grant, Grant];
    await desk.put([revoked, spent]);
    const [first, second] = [await live(), await live(`beside.example:${story.origin.port}`)];
    await sleep(spent.notAfter - Date.now() + 300);
    await echo(second, 'within its bytes');
    second.send('x'.repeat(300));
    await cutWithin(second, 1_000, performance.now());
    const began = performance.now();
    await desk.put([revoked, spent], [{ id: revoked.id, why: 'revoked' }]);
    await cutWithin(first, 1_000, began);
    assert.equal((await endOf(first.source)).close.endedBy, 'grant_revoked');
  });

  test('that is gone from the list is as good as revoked', async () => {
    await desk.put([storyGrant('gone', `tcp://${to}`)]);
    const client = await live();
    await desk.put([]);
    await client.readToEnd(2_000);
    assert.equal((await endOf(client.source)).close.endedBy, 'grant_revoked');
    assert.equal((await story.ask(to)).reason, 'no_rule_matched');
  });

  test('ends another never: what another grant justifies goes on, and is accounted to that one', async () => {
    const first = storyGrant('first', `tcp://${to}`, { lifeMs: 7_200_000 });
    const second = storyGrant('second', `tcp://*.example:${story.origin.port}`);
    await desk.put([first, second]);
    const client = await live();
    await desk.put([first, second], [{ id: 'first', why: 'revoked' }]);
    await echo(client, 'still here');
    assert.deepEqual((await desk.ask<{ liveByGrant: object }>('grants')).liveByGrant, { second: 1 });
    client.close();
    const isMine = (record: DecisionRecord): boolean => record.kind === 'verdict' && record.source === client.source;
    const { flow } = await story.product.waitForRecord(isMine);
    const progress = (await story.product.waitForRecord(
      (record) => record.kind === 'progress' && record.flow === flow,
    )) as ProgressRecord;
    const close = (await story.product.waitForRecord(
      (record) => record.kind === 'close' && record.flow === flow,
    )) as CloseRecord;
    assert.deepEqual([progress.grantId, progress.bytesUp, progress.bytesDown], ['first', 5, 5]);
    assert.deepEqual([close.grantId, close.bytesUp, close.bytesDown], ['second', 15, 15]);
  });
});

describe('an end beside the list', () => {
  for (const [why, reason] of [
    ['revoked', 'grant_revoked'],
    ['suspended', 'grant_suspended'],
  ] as const) {
    test(`takes effect at once, holds until a newer list, and outlives the point: ${why}`, async (t) => {
      // A list of control's own would be older, but a point that starts takes what is there.
      desk.hold();
      t.after(() => desk.release());
      const grant = storyGrant(`beside-${why}`, `tcp://${to}`);
      await desk.put([grant]);
      const client = await live();
      const began = performance.now();
      assert.deepEqual(await desk.ask('end-grants', { ids: [grant.id], why }), { isKept: true });
      await cutWithin(client, 1_000, began);
      assert.equal((await endOf(client.source)).close.endedBy, reason);
      await desk.ask('apply-grants');
      assert.equal((await story.ask(to)).reason, reason);
      process.kill(childOf(story.product, 'point') ?? 0, 'SIGKILL');
      const again = await waitFor(() => story.ask(to).catch(() => null), 'the point', 10_000);
      assert.equal(again.reason, reason);
      await desk.put([grant]);
      assert.equal((await story.ask(to)).status, 200);
    });
  }

  test('that is malformed changes nothing and says what it takes', async () => {
    for (const body of [{ ids: 'beside', why: 'revoked' }, { ids: ['beside-revoked'] }, { ids: [], why: 'expired' }])
      await assert.rejects(desk.ask('end-grants', body), /end-grants takes `ids`, a list of texts, `why`, /);
    await desk.put([storyGrant('beside-last', `tcp://${to}`)]);
    assert.equal((await story.ask(to)).status, 200);
  });
});

describe('a list that cannot be taken', () => {
  const path = (): string => join(story.product.state, 'control', 'grants.exeat');

  test('leaves the last good one in force and is a problem in the status, until a good one comes', async () => {
    await desk.put([storyGrant('kept', `tcp://${to}`)]);
    const good = readFileSync(path());
    for (const [offset, says] of [
      [0, /is not a grants file/],
      [good.length - 3, /is not signed by the key of this state, or was changed/],
    ] as const) {
      const bad = Buffer.from(good);
      bad[offset] = (bad[offset] ?? 0) ^ 1;
      writeFileSync(path(), bad);
      await assert.rejects(desk.ask('apply-grants'), says);
      assert.equal((await story.ask(to)).status, 200);
      assert.ok((await story.problems()).some((problem) => says.test(problem)));
    }
    await desk.put([storyGrant('kept', `tcp://${to}`)]);
    assert.deepEqual(
      (await story.problems()).filter((problem) => /grants/.test(problem)),
      [],
    );
  });

  test('because it is older than the one in force', async () => {
    await desk.put([storyGrant('past', `tcp://${to}`)]);
    const past = readFileSync(path());
    await desk.put([], [{ id: 'past', why: 'revoked' }]);
    writeFileSync(path(), past);
    await assert.rejects(desk.ask('apply-grants'), /which is before \d+ that was accepted already/);
    assert.equal((await story.ask(to)).status, 403);
  });
});

test('a denial that an exception can mend says where to ask for one', async () => {
  await desk.put([]);
  const client = await openRaw(story.product.proxyPort);
  client.send(
    `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\nProxy-Authorization: ${proofOf(story.product, 'story')}\r\nConnection: close\r\n\r\n`,
  );
  const { text } = await client.readToEnd();
  const id = /Exeat-Decision: (\S+)/.exec(text)?.[1];
  assert.ok(text.includes(`Exeat-Request: https://exeat.example.com/request?decision=${id}\r\n`), text);
});

test('the clock is told, and a reset of it revives nothing that ended', async () => {
  const { now, jumpMs } = await desk.ask<{ now: number; jumpMs: number }>('clock');
  assert.ok(Math.abs(now - Date.now()) < 2_000, `${now - Date.now()} ms`);
  assert.equal(jumpMs, 0);
  const over = storyGrant('over', `tcp://${to}`, { lifeMs: -1_000 });
  await desk.put([over]);
  assert.equal((await story.ask(to)).reason, 'grant_expired');
  const { isKept } = await desk.ask<{ isKept: boolean }>('reset-clock');
  assert.equal(isKept, true);
  assert.equal((await story.ask(to)).reason, 'grant_expired');
  const metrics = await story.metrics();
  assert.match(metrics, /^exeat_clock_jump_seconds 0$/m);
  assert.match(metrics, /^exeat_grants 1$/m);
});
