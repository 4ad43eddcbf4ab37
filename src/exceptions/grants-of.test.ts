import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { grantsOf, isLiveToken, keyOfView, listGrants, reviewDueOf, setupLinkMs } from './index.ts';
import {
  act,
  actorOf,
  approveNow,
  change,
  dayMs,
  directoryOf,
  enroll,
  hourMs,
  must,
  settle,
  specOf,
  stateOf,
  statesOf,
} from './town.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

it('points are given what is live now or later, and what is over for as long as a denial tells of it', () => {
  const town = settle(digest);
  const rows = {
    x1: {},
    x2: {},
    x3: {},
    x4: { startAtMs: town.nowMs + hourMs },
    x5: {},
    x6: { bytesUp: 100, to: 'tcp://a.example.com:25' },
  };
  for (const [id, changes] of Object.entries(rows)) {
    must(act(town, 'cara', { kind: 'submit', id, spec: specOf(changes) }, id));
    if (id !== 'x5') must(approveNow(town, 'dan', id));
  }
  must(act(town, 'eve', { kind: 'revoke', reason: 'over' }, 'x2'));
  must(act(town, 'eve', { kind: 'suspend', reason: 'odd traffic' }, 'x3'));
  const list = listGrants(statesOf(town), town.nowMs);
  assert.deepEqual(
    list.grants.map(({ id }) => id),
    ['x1', 'x4', 'x6', 'x2', 'x3'],
  );
  assert.deepEqual(list.ended, [
    { id: 'x2', why: 'revoked' },
    { id: 'x3', why: 'suspended' },
  ]);
  assert.deepEqual(list.grants[2], {
    ...{ id: 'x6', kind: 'exception', relaxes: 'reach', service: 'payments-api', identity: null },
    ...{ to: 'tcp://a.example.com:25', via: [], strength: null },
    ...{ notBefore: town.nowMs, notAfter: town.nowMs + 2 * hourMs, drainMs: 0, bytesUp: 100, bytesDown: null },
  });
  const later = listGrants(statesOf(town), town.nowMs + 2 * hourMs);
  // Those that expired go on telling why for an hour; the revoked one and the suspended one are past their time.
  assert.deepEqual([later.grants.map(({ id }) => id), later.ended], [['x4', 'x1', 'x3', 'x6'], []]);
  const atLast = listGrants(statesOf(town), town.nowMs + 4 * hourMs);
  assert.deepEqual([atLast.grants.map(({ id }) => id), atLast.ended], [[], []]);
  assert.deepEqual(
    grantsOf(statesOf(town), town.nowMs).map(({ id }) => id),
    ['x1', 'x4', 'x6'],
  );
  const granted = stateOf(town, 'x1');
  assert.ok(granted);
  assert.equal(reviewDueOf(granted), null);
});

it('keys and tokens end when they are revoked, tokens by the clock too, founding links within a day', () => {
  const town = settle(digest);
  enroll(town, 'dan');
  const revoked = must(change(town, 'dan', { kind: 'revoke_key', id: 'dan-key' }));
  assert.deepEqual(
    revoked.views.map(keyOfView).map(({ revokedAtMs }) => revokedAtMs),
    [town.nowMs],
  );
  const token = directoryOf(town).tokens.get('dan-token');
  assert.ok(token);
  assert.ok(isLiveToken(token, token.expiresAtMs - 1));
  assert.ok(!isLiveToken(token, token.expiresAtMs));
  assert.equal(setupLinkMs, dayMs);
  assert.deepEqual(actorOf('control'), { kind: 'system', part: 'control' });
});
