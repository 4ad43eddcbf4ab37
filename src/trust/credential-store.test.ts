import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCredentialFile } from './credential-file.ts';
import { addCredential, listCredentials, pruneCredentials, removeCredential } from './credential-store.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const dayMs = 86_400_000;

describe('credential store', () => {
  let folder = '';
  let count = 0;
  const freshPath = (): string => join(folder, `credentials-${count++}.json`);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'exeat-credentials-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('a new secret has 256 bits behind a recognisable prefix, and only its digest is in the file', async () => {
    const path = freshPath();
    const added = await addCredential({ path, name: 'payments-api', nowMs: now });
    assert.ok(added.ok);
    assert.match(added.value.secret, /^exeat_[A-Za-z0-9_-]{43}$/);
    assert.equal(added.value.expiresAt, now + 90 * dayMs);
    const text = await readFile(path, 'utf8');
    assert.equal(text.includes(added.value.secret), false);
    assert.equal(text.includes(added.value.secret.slice(6)), false);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('a third live secret of one name is refused, and allowed once one is removed', async () => {
    const path = freshPath();
    const first = await addCredential({ path, name: 'api', nowMs: now });
    await addCredential({ path, name: 'api', nowMs: now + 1 });
    const third = await addCredential({ path, name: 'api', nowMs: now + 2 });
    assert.ok(first.ok);
    assert.equal(third.ok ? '' : third.fault.code, 'credential_limit');
    const removed = await removeCredential({ path, name: 'api', id: first.value.id, nowMs: now + 3 });
    assert.equal(removed.ok && removed.value.length, 1);
    assert.ok((await addCredential({ path, name: 'api', nowMs: now + 4 })).ok);
  });

  it('an expired secret makes room, and prune removes it', async () => {
    const path = freshPath();
    await addCredential({ path, name: 'api', nowMs: now, lifeMs: 1000 });
    await addCredential({ path, name: 'api', nowMs: now, lifeMs: dayMs });
    assert.ok((await addCredential({ path, name: 'api', nowMs: now + 2000 })).ok);
    const pruned = await pruneCredentials({ path, nowMs: now + 2000 });
    assert.equal(pruned.ok && pruned.value.length, 1);
    const left = await listCredentials({ path, nowMs: now + 2000 });
    assert.equal(left.ok && left.value.length, 2);
  });

  it('writers at the same time lose no entry and leave no temporary file', async () => {
    const path = freshPath();
    const names = Array.from({ length: 12 }, (_, at) => `api-${at}`);
    const all = await Promise.all(names.map((name) => addCredential({ path, name, nowMs: now })));
    assert.ok(all.every((each) => each.ok));
    const listed = await listCredentials({ path, nowMs: now });
    assert.deepEqual(listed.ok && listed.value.map((each) => each.name), [...names].sort());
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  const refusals: readonly (readonly [string, Partial<{ name: string; lifeMs: number }>, string])[] = [
    ['an upper-case name', { name: 'Payments' }, 'credential_name_malformed'],
    ['a name with a colon', { name: 'a:b' }, 'credential_name_malformed'],
    ['the name that goes with tokens', { name: 'token' }, 'credential_name_malformed'],
    ['a life of two years', { lifeMs: 730 * dayMs }, 'credential_life_out_of_range'],
    ['no life', { lifeMs: 0 }, 'credential_life_out_of_range'],
    ['a life that is no number', { lifeMs: Number.NaN }, 'credential_life_out_of_range'],
  ];
  for (const [name, change, code] of refusals) {
    it(`refuses ${name}`, async () => {
      const added = await addCredential({ path: freshPath(), name: 'api', nowMs: now, ...change });
      assert.equal(added.ok ? '' : added.fault.code, code);
    });
  }

  it('a malformed file is left as it is', async () => {
    const path = freshPath();
    await writeFile(path, '{"version":1,"credentials":[{"name":"api","secret":"hunter2"}]}');
    const added = await addCredential({ path, name: 'api', nowMs: now });
    assert.equal(added.ok ? '' : added.fault.code, 'credentials_malformed');
    assert.equal(added.ok ? '' : added.fault.message.includes('hunter2'), false);
    assert.match(await readFile(path, 'utf8'), /hunter2/);
  });

  it('an unknown name and a folder that does not exist are faults, not throws', async () => {
    const unknown = await removeCredential({ path: freshPath(), name: 'api', id: null, nowMs: now });
    assert.equal(unknown.ok ? '' : unknown.fault.code, 'credential_unknown');
    const nowhere = await addCredential({ path: join(folder, 'absent', 'c.json'), name: 'api', nowMs: now });
    assert.equal(nowhere.ok ? '' : nowhere.fault.code, 'file_unwritable');
  });

  it('parsing a credential file never throws and never quotes it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const parsed = parseCredentialFile(text, now);
        assert.equal(parsed.ok, false);
      }),
    );
  });
});
