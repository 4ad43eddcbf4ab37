import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { advanceClock, anchorClock, effectiveNow } from '../../src/base/index.ts';
import { endOfGrant, openGrants } from '../../src/policy/index.ts';
import { type ExceptionHouse, echo, startExceptionHouse } from '../support/exception-house.ts';
import { type GrantDesk, openGrantDesk } from '../support/grant-desk.ts';
import { grantOf } from '../support/grant-fixture.ts';
import { runExeat, waitFor } from '../support/product.ts';

// Attacks on what lies on the disk of the state, and on the clock.

let house: ExceptionHouse;
let desk: Pick<GrantDesk, 'ask'>;
let grantsPath: string;
let pendingPath: string;

before(async () => {
  const hosts = ['tampered.example', 'older.example', 'next.example'];
  house = await startExceptionHouse({
    config: { hosts: Object.fromEntries(hosts.map((host) => [host, '127.0.0.1'])) },
  });
  desk = await openGrantDesk(house.story.product);
  grantsPath = join(house.story.product.state, 'control', 'grants.exeat');
  pendingPath = join(house.story.product.state, 'control', 'pending-acts.json');
});
after(() => house?.stop());

async function killPoint(): Promise<void> {
  process.kill(house.story.product.report.pids.point ?? 0, 'SIGKILL');
  await waitFor(() => house.reasonOf('next.example').catch(() => null), 'the point', 20_000);
}

describe('grants.exeat', () => {
  test('tampering: a changed list is not taken, the last good one stays, and the next one mends it', async () => {
    await house.grant('tampered.example', { durationSeconds: 600 });
    const tunnel = await house.tunnel('tampered.example');
    const good = readFileSync(grantsPath);
    for (const offset of [0, Math.floor(good.length / 2), good.length - 3]) {
      const bad = Buffer.from(good);
      bad[offset] = (bad[offset] ?? 0) ^ 1;
      writeFileSync(grantsPath, bad);
      await assert.rejects(desk.ask('apply-grants'));
      assert.equal(await house.reasonOf('tampered.example'), 'open');
      await echo(tunnel, 'still here');
    }
    writeFileSync(grantsPath, '');
    await assert.rejects(desk.ask('apply-grants'));
    assert.equal(await house.reasonOf('tampered.example'), 'open');
    assert.match((await house.story.problems()).join('\n'), /grants/);
    await house.grant('next.example');
    assert.equal(await house.reasonOf('next.example'), 'open');
    assert.doesNotMatch((await house.story.problems()).join('\n'), /grants/);
    tunnel.close();
  });

  test('an older list put back revives nothing, also when the point is started again on it', async () => {
    const { id } = await house.grant('older.example', { durationSeconds: 600 });
    const before = readFileSync(grantsPath);
    const revoked = await house.call('ben', `/exceptions/${id}/revoke`, { body: { reason: 'it is over' } });
    assert.equal(revoked.status, 200);
    writeFileSync(grantsPath, before);
    await assert.rejects(desk.ask('apply-grants'), /which is before \d+ that was accepted already/);
    assert.equal(await house.reasonOf('older.example'), 'grant_revoked');
    await killPoint();
    assert.notEqual(await house.reasonOf('older.example'), 'open');
  });
});

describe('the clock', () => {
  const startMs = Date.UTC(2026, 11, 1, 12);
  const reading = (wallMs: number, monotonicMs: number): { wallMs: number; monotonicMs: number } => ({
    wallMs,
    monotonicMs,
  });

  test('turning the wall clock back revives no grant', () => {
    const grant = grantOf('one', 'a.example:443', { notBefore: startMs, notAfter: startMs + 10_000 });
    const index = openGrants([grant], []);
    const none: ReadonlySet<string> = new Set();
    let time = anchorClock(reading(startMs, 0));
    time = advanceClock(time, reading(startMs + 11_000, 11_000));
    assert.equal(
      endOfGrant(index, 'one', effectiveNow(time, reading(startMs + 11_000, 11_000)), none),
      'grant_expired',
    );
    for (const back of [1_000, 3_600_000, 366 * 86_400_000]) {
      const turned = reading(startMs + 11_000 - back, 12_000);
      time = advanceClock(time, turned);
      assert.equal(endOfGrant(index, 'one', effectiveNow(time, turned), none), 'grant_expired', String(back));
    }
  });
});

test('pending-acts.json: a damaged one is told in one line, is not written over, and nothing starts beside it', async () => {
  const { product } = house.story;
  product.signal('SIGTERM');
  assert.equal(await product.ended, 0, product.stderr());
  const whole = readFileSync(pendingPath, 'utf8');
  for (const damaged of ['[{"atMs":1,"entries":[', '[null]']) {
    const text = `${damaged}\n${whole.slice(damaged.length + 1)}`;
    writeFileSync(pendingPath, text);
    const { code, stderr } = await runExeat(['up', '--config', product.configPath]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /pending-acts\.json` is damaged: .* remove it and revoke anew/);
    assert.equal(readFileSync(pendingPath, 'utf8'), text);
  }
});
