import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CloseRecord, DecisionRecord } from '../../src/policy/index.ts';
import {
  type ExceptionHouse,
  echo,
  endOfTunnel,
  startExceptionHouse,
  waitForException,
} from '../support/exception-house.ts';

// How grants end as people made them through the API: by revocation, by the clock, by their caps, with people who leave.

const hosts = ['revoked', 'capped', 'shared', 'extended', 'owned', 'held'].map((name) => `${name}.example`);
let house: ExceptionHouse;

before(async () => {
  house = await startExceptionHouse({
    people: [
      { id: 'ana', roles: ['requester'] },
      { id: 'ben', roles: ['approver'] },
      { id: 'cyn', roles: ['security'] },
      { id: 'eve', roles: ['auditor'] },
      { id: 'fay', roles: ['requester'], owns: ['team-fay'] },
    ],
    config: { hosts: Object.fromEntries(hosts.map((host) => [host, '127.0.0.1'])) },
  });
});
after(() => house?.stop());

describe('a revocation', () => {
  test('cuts the live tunnel within a second, and a request right after its answer is denied', async () => {
    const { id } = await house.grant('revoked.example');
    const tunnel = await house.tunnel('revoked.example');
    const revoked = await house.call('ben', `/exceptions/${id}/revoke`, { body: { reason: 'the test is done' } });
    // From the answer on: how long all of it takes on a quiet machine is for `bench/control` to say.
    const answered = performance.now();
    assert.equal(revoked.status, 200);
    assert.equal(await house.reasonOf('revoked.example'), 'grant_revoked');
    const end = await endOfTunnel(house.story, tunnel, answered);
    assert.ok(end.tookMs < 1_000, `${end.tookMs} ms`);
    assert.deepEqual([end.reason, end.endedBy, end.grantId], ['grant_revoked', 'grant_revoked', id]);
    const [act] = await house.acts(`subject=exception/${id}&action=exception.revoked`);
    assert.deepEqual([act?.actor, act?.details], ['ben', { reason: 'the test is done' }]);
  });
});

describe('a cap of bytes', () => {
  test('lets no more than the cap up over all connections, and the record says budget_spent', async () => {
    const cap = 64 * 1024;
    const { id } = await house.grant('capped.example', { bytesUp: cap });
    const first = await house.tunnel('capped.example');
    first.send(Buffer.alloc(cap / 2));
    await first.readBytes(cap / 2);
    first.close();
    const second = await house.tunnel('capped.example');
    const began = performance.now();
    second.send(Buffer.alloc(cap));
    const end = await endOfTunnel(house.story, second, began);
    assert.deepEqual([end.reason, end.endedBy, end.grantId], ['budget_spent', 'budget_spent', id]);
    assert.equal(await house.reasonOf('capped.example'), 'budget_spent');
    const isMine = (record: DecisionRecord): boolean => record.kind === 'close' && record.grantId === id;
    const carried = (await house.story.product.records()).filter(isMine) as CloseRecord[];
    const bytesUp = carried.reduce((sum, record) => sum + record.bytesUp, 0);
    assert.equal(carried.length, 2);
    assert.ok(bytesUp > cap / 2 && bytesUp <= cap, `${bytesUp} of ${cap} bytes`);
  });
});

describe('a tunnel that two grants justify', () => {
  test('goes on when the first is revoked, and is cut when the second is', async () => {
    const first = await house.grant('shared.example', { durationSeconds: 600 });
    const second = await house.grant('shared.example');
    const tunnel = await house.tunnel('shared.example');
    const revoke = (id: string): Promise<unknown> =>
      house.call('ben', `/exceptions/${id}/revoke`, { body: { reason: 'one of them is done' } });
    await revoke(first.id);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await echo(tunnel, 'still here');
    assert.equal(await house.reasonOf('shared.example'), 'open');
    await waitForException(house, first.id, ({ close }) => close === 'closed');
    await revoke(second.id);
    const end = await endOfTunnel(house.story, tunnel, performance.now());
    assert.ok(end.tookMs < 1_000, `${end.tookMs} ms`);
    assert.deepEqual([end.reason, end.grantId], ['grant_revoked', second.id]);
  });
});

describe('an extension', () => {
  test('is decided anew and goes on without a gap: the tunnel outlives the first end and is cut at the second', async () => {
    const first = await house.grant('extended.example', { durationSeconds: 4 });
    const tunnel = await house.tunnel('extended.example');
    const extended = await house.call<typeof first>('ana', `/exceptions/${first.id}/extend`, {
      body: { durationSeconds: 3, reason: 'the test runs on' },
    });
    assert.deepEqual([extended.status, extended.body.status], [201, 'pending'], JSON.stringify(extended.body));
    const approved = await house.approve('ben', extended.body.id);
    assert.equal(approved.status, 200, JSON.stringify(approved.body));
    const { notBefore, notAfter } = approved.body;
    assert.equal(notBefore, first.notAfter);
    const tells = setInterval(() => tunnel.send('.'), 100);
    try {
      const end = await endOfTunnel(house.story, tunnel, performance.now() + Date.parse(notAfter ?? '') - Date.now());
      assert.ok(end.tookMs >= -20 && end.tookMs < 1_000, `${end.tookMs} ms after the second end`);
      assert.deepEqual([end.reason, end.grantId], ['grant_expired', extended.body.id]);
    } finally {
      clearInterval(tells);
    }
    assert.equal(await house.reasonOf('extended.example'), 'grant_expired');
    const again = await house.call('ana', `/exceptions/${first.id}/extend`, {
      body: { durationSeconds: 3, reason: 'the test runs on' },
    });
    assert.deepEqual([again.status, again.code], [409, 'extends_ended']);
  });
});

describe('a suspension', () => {
  test('cuts the tunnel, another person than who held it resumes, and the end does not move', async () => {
    const { id, notAfter } = await house.grant('held.example');
    const tunnel = await house.tunnel('held.example');
    await house.call('ben', `/exceptions/${id}/suspend`, { body: { reason: 'odd traffic' } });
    const answered = performance.now();
    assert.equal(await house.reasonOf('held.example'), 'grant_suspended');
    const end = await endOfTunnel(house.story, tunnel, answered);
    assert.ok(end.tookMs < 1_000, `${end.tookMs} ms`);
    assert.equal(end.reason, 'grant_suspended');
    const { digest, policyVersion } = await house.show(id);
    const resume = { body: { digest, policyVersion, reason: 'it was the backup' } };
    const alone = await house.call('ben', `/exceptions/${id}/resume`, resume);
    assert.deepEqual([alone.status, alone.code], [403, 'approver_linked']);
    assert.equal(await house.reasonOf('held.example'), 'grant_suspended');
    assert.equal((await house.call('cyn', `/exceptions/${id}/resume`, resume)).status, 200);
    assert.equal(await house.reasonOf('held.example'), 'open');
    assert.equal((await house.show(id)).notAfter, notAfter);
  });
});

describe('disabling the only person who acts for an owner', () => {
  test('suspends what that owner answers for, cuts its tunnel, and ends their tokens', async () => {
    const { id } = await house.grant('owned.example', { owner: 'team-fay' });
    const tunnel = await house.tunnel('owned.example');
    const disabled = await house.call('root', '/people/fay/disable', { body: { reason: 'left the company' } });
    const answered = performance.now();
    assert.equal(disabled.status, 200);
    assert.equal(await house.reasonOf('owned.example'), 'grant_suspended');
    const end = await endOfTunnel(house.story, tunnel, answered);
    assert.ok(end.tookMs < 1_000, `${end.tookMs} ms`);
    assert.deepEqual([end.reason, end.grantId], ['grant_suspended', id]);
    assert.equal((await house.show(id)).status, 'suspended');
    assert.equal((await house.call('fay', '/me')).code, 'token_refused');
    const [act] = await house.acts(`subject=exception/${id}&action=exception.suspended`);
    assert.deepEqual(act?.details, { why: 'deprovisioned', reason: '`fay` was disabled' });
  });
});
