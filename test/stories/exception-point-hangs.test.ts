import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ExceptionHouse, echo, endOfTunnel, startExceptionHouse } from '../support/exception-house.ts';
import { childOf } from '../support/kill-child.ts';
import { waitFor } from '../support/product.ts';

let house: ExceptionHouse;

before(async () => {
  house = await startExceptionHouse({ config: { hosts: { 'hang.example': '127.0.0.1' } } });
});
after(() => house?.stop());

test('while the point hangs a revocation is answered and says that it is not confirmed; then the point takes it', async () => {
  const { id } = await house.grant('hang.example');
  const tunnel = await house.tunnel('hang.example');
  const point = childOf(house.story.product, 'point') ?? 0;
  process.kill(point, 'SIGSTOP');
  let resumedMs = 0;
  try {
    const began = performance.now();
    const revoked = await house.call('ben', `/exceptions/${id}/revoke`, { body: { reason: 'the test is done' } });
    const tookMs = performance.now() - began;
    assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
    assert.deepEqual([revoked.headers.get('exeat-durable'), revoked.headers.get('exeat-confirmed')], [null, 'false']);
    assert.ok(tookMs < 8_000, `${tookMs} ms`);
    assert.equal((await house.show(id)).status, 'revoked');
    // What touches no grant waits for nobody.
    const beganAsking = performance.now();
    await house.request('ana', 'other.example');
    assert.ok(performance.now() - beganAsking < 4_000);
  } finally {
    resumedMs = performance.now();
    process.kill(point, 'SIGCONT');
  }
  assert.equal((await endOfTunnel(house.story, tunnel, resumedMs)).reason, 'grant_revoked');
  await waitFor(async () => (await house.reasonOf('hang.example')) === 'grant_revoked', 'the denial', 10_000);
  const again = await house.grant('hang.example');
  assert.equal(again.status, 'active');
  const open = await house.tunnel('hang.example');
  await echo(open, 'open again');
  open.close();
});
