import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { createTrustSetup, nextNotice, type TrustSetup } from '../../test/support/trust-setup.ts';
import { addCredential, removeCredential } from './credential-store.ts';
import type { Trust } from './trust.ts';

describe('proof by credential', () => {
  let setup: TrustSetup;
  before(async () => {
    setup = await createTrustSetup();
  });
  after(() => setup.close());

  const add = async (path: string, name: string, lifeMs = 60_000): Promise<string> => {
    const added = await addCredential({ path, name, nowMs: setup.clock.nowMs, lifeMs });
    assert.ok(added.ok);
    return added.value.secret;
  };
  const outcome = async (trust: Trust, username: string, password: string): Promise<string> => {
    const result = await trust.verify({ kind: 'basic', username, password }, setup.clock.nowMs);
    return result.kind === 'failed' ? result.why : result.kind;
  };

  it('a secret proves its own name only, and both secrets of a rotation work', async () => {
    const path = join(setup.folder, 'a.json');
    const first = await add(path, 'api');
    const second = await add(path, 'api');
    const other = await add(path, 'other');
    const trust = await setup.start({ credentials: path });
    const rows: readonly (readonly [string, string, string])[] = [
      ['api', first, 'verified'],
      ['api', second, 'verified'],
      ['other', other, 'verified'],
      ['api', other, 'unknown'],
      ['nobody', first, 'unknown'],
      ['api', `${first}x`, 'unknown'],
      ['api', '', 'malformed'],
      ['', first, 'unknown'],
      ['API', first, 'unknown'],
      ['token', first, 'malformed'],
      ['api', 'x'.repeat(100_000), 'malformed'],
      ['__proto__', first, 'unknown'],
    ];
    for (const [username, password, expected] of rows) {
      assert.equal(await outcome(trust, username, password), expected, username);
    }
  });

  it('a verified secret is answered at once, and refused at its expiry also while it is remembered', async () => {
    const path = join(setup.folder, 'b.json');
    const secret = await add(path, 'api', 10_000);
    const trust = await setup.start({ credentials: path });
    const proof = { kind: 'basic', username: 'api', password: secret } as const;
    const now = setup.clock.nowMs;
    const first = trust.verify(proof, now);
    assert.ok(!(first instanceof Promise) && first.kind === 'verified');
    const again = trust.verify(proof, now + 9_999);
    assert.ok(!(again instanceof Promise) && again.kind === 'verified');
    assert.equal(again.evidence, first.evidence);
    assert.equal(trust.stillHolds(first.evidence, now + 9_999), true);
    const late = trust.verify(proof, now + 10_000);
    assert.deepEqual(late, { kind: 'failed', why: 'expired' });
    assert.equal(trust.stillHolds(first.evidence, now + 10_000), false);
  });

  it('a removed secret is refused after the reload, its evidence no longer holds, the other one does', async () => {
    const path = join(setup.folder, 'c.json');
    const secret = await add(path, 'api');
    const kept = await add(path, 'api');
    const trust = await setup.start({ credentials: path });
    const verified = await trust.verify({ kind: 'basic', username: 'api', password: secret }, setup.clock.nowMs);
    const other = await trust.verify({ kind: 'basic', username: 'api', password: kept }, setup.clock.nowMs);
    assert.ok(verified.kind === 'verified' && other.kind === 'verified');
    const { generation } = trust;
    const changed = nextNotice(trust.onChange);
    const { createHash } = await import('node:crypto');
    const id = createHash('sha256').update(secret).digest('hex').slice(0, 8);
    assert.ok((await removeCredential({ path, name: 'api', id, nowMs: setup.clock.nowMs })).ok);
    await changed;
    assert.equal(trust.generation, generation + 1);
    assert.equal(trust.stillHolds(verified.evidence, setup.clock.nowMs), false);
    assert.equal(trust.stillHolds(other.evidence, setup.clock.nowMs), true);
    assert.equal(await outcome(trust, 'api', secret), 'unknown');
    assert.equal(await outcome(trust, 'api', kept), 'verified');
  });

  it('evidence that this process did not hand out never holds', async () => {
    const path = join(setup.folder, 'd.json');
    await add(path, 'api');
    const trust = await setup.start({ credentials: path });
    const forged = { kind: 'credential', name: 'api', expiresAt: setup.clock.nowMs + 1000 } as const;
    assert.equal(trust.stillHolds(forged, setup.clock.nowMs), false);
  });

  it('a broken file keeps the old one, says so once, and a mended one clears it', async () => {
    const path = join(setup.folder, 'e.json');
    const secret = await add(path, 'api');
    const trust = await setup.start({ credentials: path });
    const good = await import('node:fs/promises').then((fs) => fs.readFile(path, 'utf8'));
    const before = setup.log.length;
    await writeFile(path, 'not json');
    await trust.reload();
    await trust.reload();
    assert.equal(await outcome(trust, 'api', secret), 'verified');
    assert.deepEqual(
      trust.status(setup.clock.nowMs).problems.map((each) => each.code),
      ['credentials_malformed'],
    );
    assert.equal(setup.log.slice(before).filter((each) => each.includes('credentials_malformed')).length, 1);
    await writeFile(path, good);
    await trust.reload();
    assert.deepEqual(trust.status(setup.clock.nowMs).problems, []);
  });

  it('an absent credential file is a problem, not a failed start, and is picked up when it appears', async () => {
    const path = join(setup.folder, 'f.json');
    const trust = await setup.start({ credentials: path, pollIntervalMs: 50 });
    assert.equal(trust.status(setup.clock.nowMs).problems[0]?.code, 'file_absent');
    const changed = nextNotice(trust.onChange);
    const secret = await add(path, 'api');
    await changed;
    assert.equal(await outcome(trust, 'api', secret), 'verified');
    const { credentials } = trust.status(setup.clock.nowMs);
    assert.deepEqual([credentials?.live, credentials?.expiring.length], [1, 1]);
  });

  it('no secret reaches the log or the status', async () => {
    const path = join(setup.folder, 'g.json');
    const secret = await add(path, 'api');
    const trust = await setup.start({ credentials: path });
    await outcome(trust, 'api', secret);
    await outcome(trust, 'nobody', 'exeat_wrong-secret');
    const seen = JSON.stringify([setup.log, trust, trust.status(setup.clock.nowMs)]);
    assert.equal(seen.includes(secret.slice(6)), false);
    assert.equal(seen.includes('wrong-secret'), false);
  });

  it('no presented bytes make verifying throw or verify', async () => {
    const path = join(setup.folder, 'h.json');
    await add(path, 'api');
    const trust = await setup.start({ credentials: path });
    const proof = fc.oneof(
      fc.record({ kind: fc.constant('basic' as const), username: fc.string(), password: fc.string() }),
      fc.record({
        kind: fc.constant('bearer' as const),
        token: fc.oneof(fc.string(), fc.stringMatching(/^eyJ[\w-]*\.[\w-]+\.[\w-]+$/)),
      }),
      fc.record({ kind: fc.constant('certificate' as const), chain: fc.array(fc.uint8Array()) }),
    );
    await fc.assert(
      fc.asyncProperty(proof, async (each) => {
        assert.notEqual((await trust.verify(each, setup.clock.nowMs)).kind, 'verified');
      }),
    );
  });
});
