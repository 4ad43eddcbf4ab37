import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { nowForTest as start } from '../../../test/support/request-fixture.ts';
import { endOfGrant, type Grant, type GrantEnd } from '../../policy/index.ts';
import { writeGrants } from '../../snapshot/index.ts';
import { createGrantHolder, type GrantHolder } from './grant-holder.ts';

const root = mkdtempSync(join(tmpdir(), 'exeat-holder-'));
after(() => rmSync(root, { recursive: true, force: true }));

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const hour = 3_600_000;
let folders = 0;

interface Bed {
  readonly clock: { nowMs: number };
  open(local?: readonly Grant[]): GrantHolder;
  write(sequence: number, grants: readonly Grant[], ended?: readonly { id: string; why: GrantEnd }[]): Promise<void>;
  readonly endedPath: string;
}

function openBed(): Bed {
  folders += 1;
  const path = join(root, `grants-${folders}.exeat`);
  const endedPath = join(root, `revoked-${folders}.json`);
  const clock = { nowMs: start };
  return {
    clock,
    endedPath,
    open: (local = []) =>
      createGrantHolder({
        path,
        endedPath,
        verifyingKey: publicKey,
        clock: { now: () => clock.nowMs },
        logger,
        local,
        changed: () => undefined,
      }),
    write: async (sequence, grants, ended = []) => {
      const list = { sequence, createdAtMs: clock.nowMs, grants, ended, offline: { quorum: 2, keys: [] } };
      assert.ok((await writeGrants({ path, list, signingKey: privateKey })).ok);
    },
  };
}

function endNow(holder: GrantHolder, bed: Bed, id: string): string | null {
  return endOfGrant(holder.index(), id, bed.clock.nowMs, new Set());
}

describe('the holder of grants', () => {
  test('holds none where control has written none', async () => {
    const holder = openBed().open();
    assert.deepEqual(await holder.apply(), { ok: true, value: 0 });
    assert.deepEqual([holder.index().byId.size, holder.sequence(), holder.problem()], [0, null, null]);
  });

  test('INVARIANT: what ended by the clock stays ended when the clock is set back, over restarts, until its time has passed again', async () => {
    const bed = openBed();
    const grant = grantOf('one', 'bank.example.com:443');
    await bed.write(1, [grant]);
    const holder = bed.open();
    await holder.apply();
    bed.clock.nowMs = grant.notAfter + 1;
    assert.equal(endNow(holder, bed, 'one'), 'grant_expired');
    await holder.endAll(bed.clock.nowMs, start);
    bed.clock.nowMs = start;
    assert.equal(endNow(holder, bed, 'one'), 'grant_expired');
    const again = bed.open();
    await bed.write(2, [grant]);
    await again.apply();
    assert.equal(endNow(again, bed, 'one'), 'grant_expired');
    bed.clock.nowMs = grant.notAfter + hour;
    await bed.write(3, [grant]);
    await again.apply();
    assert.equal(endNow(again, bed, 'one'), 'grant_expired');
    assert.equal(again.index().ended.size, 0, 'the clock says so by itself now');
  });

  test('a revocation that a list of an earlier sequence does not know outlives it', async () => {
    const bed = openBed();
    const grant = grantOf('one', 'bank.example.com:443');
    await bed.write(1, [grant]);
    const holder = bed.open();
    await holder.apply();
    assert.equal(await holder.end({ ids: ['one'], why: 'revoked', sequence: 2 }), true);
    await bed.write(2, [grant]);
    await holder.apply();
    assert.equal(endNow(holder, bed, 'one'), 'grant_revoked');
    await bed.write(3, [grant]);
    await holder.apply();
    assert.equal(endNow(holder, bed, 'one'), null);
  });

  test('with damaged revocations no listed grant counts before a newer list', async () => {
    const bed = openBed();
    writeFileSync(bed.endedPath, 'half');
    await bed.write(1, [grantOf('one', 'bank.example.com:443')]);
    const holder = bed.open();
    await holder.apply();
    assert.equal(holder.index().byId.size, 0);
    assert.match(holder.problem() ?? '', /no grant counts before a newer list/);
    await bed.write(2, [grantOf('one', 'bank.example.com:443')]);
    await holder.apply();
    assert.deepEqual([holder.index().byId.size, holder.problem()], [1, null]);
  });

  test('a grant that the point took by itself stays until a list knows it', async () => {
    const bed = openBed();
    const taken = grantOf('taken', 'bank.example.com:443', { kind: 'break-glass' });
    const holder = bed.open();
    holder.take(taken);
    await bed.write(1, []);
    await holder.apply();
    assert.equal(endNow(holder, bed, 'taken'), null);
    await bed.write(2, [], [{ id: 'taken', why: 'revoked' }]);
    await holder.apply();
    assert.equal(holder.index().byId.has('taken'), false);
  });
});
