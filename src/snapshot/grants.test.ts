import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { grantOf } from '../../test/support/grant-fixture.ts';
import type { GrantList } from '../policy/index.ts';
import { loadGrants, writeGrants, writeSnapshot } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-grants-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const offline = { quorum: 2, keys: [{ id: 'k1', person: 'ana', publicKey: 'AAAA' }] };
let files = 0;

function listOf(extra: Partial<GrantList> = {}): GrantList {
  const grants = [grantOf('one', 'bank.example.com:443'), grantOf('two', '*.example.net:443', { bytesUp: 10 })];
  return { sequence: 3, createdAtMs: 1_000, grants, ended: [{ id: 'old', why: 'suspended' }], offline, ...extra };
}

async function write(list: GrantList = listOf(), signingKey = privateKey): Promise<string> {
  files += 1;
  const path = join(folder, `grants-${files}.exeat`);
  const written = await writeGrants({ path, list, signingKey });
  assert.ok(written.ok, written.ok ? '' : written.fault.message);
  assert.equal(statSync(path).size, written.value);
  return path;
}

async function faultOf(path: string, last: { sequence: number; signature: string } | null = null): Promise<string> {
  const loaded = await loadGrants(path, publicKey, { last });
  return loaded.ok ? 'ok' : `${loaded.fault.code}: ${loaded.fault.message}`;
}

describe('a file of grants', () => {
  test('is read as it was written', async () => {
    const path = await write();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const loaded = await loadGrants(path, publicKey);
    assert.ok(loaded.ok);
    const { index, sequence, createdAtMs, offline: signers, leftOut } = loaded.value;
    assert.deepEqual([sequence, createdAtMs, leftOut, signers], [3, 1_000, 0, offline]);
    assert.deepEqual(
      [...index.byId.values()].map(({ grant }) => grant),
      listOf().grants,
    );
    assert.deepEqual([...index.ended], [['old', 'grant_suspended']]);
  });

  test('INVARIANT: with any byte changed is refused', async () => {
    const path = await write();
    const good = readFileSync(path);
    for (const offset of [0, 8, 12, 16, 24, 40, good.length - 400, good.length - 17, good.length - 1]) {
      const bad = Buffer.from(good);
      bad[offset] = (bad[offset] ?? 0) ^ 1;
      writeFileSync(path, bad);
      assert.notEqual(await faultOf(path), 'ok', `byte ${offset}`);
    }
    writeFileSync(path, good.subarray(0, good.length - 1));
    assert.match(await faultOf(path), /^grants_malformed: .* is shorter or longer than it says/);
  });

  test('signed by another key, or a snapshot in its place, is refused', async () => {
    const other = generateKeyPairSync('ed25519').privateKey;
    assert.match(await faultOf(await write(listOf(), other)), /^grants_signature_invalid: /);
    const path = join(folder, 'snapshot.exeat');
    const header = { sequence: 9, policyVersion: 'x', createdAtMs: 1, revokedIdentities: [] };
    await writeSnapshot({ path, policy: Buffer.from('[]'), header, signingKey: privateKey });
    assert.match(await faultOf(path), /^grants_malformed: .* is not a grants file/);
    assert.match(await faultOf(join(folder, 'absent')), /^grants_unreadable: .*\(ENOENT\)/);
  });

  test('rollback: older than the last accepted, or another one under its sequence, is refused', async () => {
    const path = await write();
    const loaded = await loadGrants(path, publicKey);
    assert.ok(loaded.ok);
    assert.equal(await faultOf(path, loaded.value), 'ok');
    assert.match(
      await faultOf(await write(listOf({ sequence: 2 })), loaded.value),
      /^grants_rolled_back: .* before 3 /,
    );
    assert.match(
      await faultOf(await write(listOf({ grants: [] })), loaded.value),
      /^grants_rolled_back: .* again with/,
    );
    assert.equal(await faultOf(await write(listOf({ sequence: 4 })), loaded.value), 'ok');
  });

  test('that holds what is no grant is refused as a whole', async () => {
    for (const wrong of [
      { notAfter: '1' },
      { service: '' },
      { kind: 'else' },
      { via: [1] },
      { bytesUp: -1 },
      { strength: 'x' },
    ]) {
      const grants = [
        grantOf('one', 'a.example.com:443'),
        { ...grantOf('two', 'b.example.com:443'), ...wrong } as never,
      ];
      assert.match(await faultOf(await write(listOf({ grants }))), /^grants_malformed: .* holds no grant in line 2/);
    }
    const ended = [{ id: 'old', why: 'else' as never }];
    assert.match(await faultOf(await write(listOf({ ended }))), /^grants_malformed: .* holds no grant in line 3/);
  });

  test('leaves out what this version cannot use, and counts it', async () => {
    const grants = [
      grantOf('one', 'a.example.com:443'),
      grantOf('two', '*:443'),
      grantOf('three', 'b.example.com:443', { relaxes: 'else' as never }),
    ];
    const loaded = await loadGrants(await write(listOf({ grants })), publicKey);
    assert.ok(loaded.ok);
    assert.deepEqual([[...loaded.value.index.byId.keys()], loaded.value.leftOut], [['one'], 2]);
  });

  test('of more than 100,000 grants is not written', async () => {
    const grants = Array.from({ length: 100_001 }, (_, index) => grantOf(`g${index}`, 'a.example.com:443'));
    const written = await writeGrants({
      path: join(folder, 'large'),
      list: listOf({ grants }),
      signingKey: privateKey,
    });
    assert.equal(written.ok ? '' : written.fault.code, 'grants_too_large');
  });

  test('of 100,000 grants is loaded without stalling decisions for more than 50 ms', async () => {
    const grants = Array.from({ length: 100_000 }, (_, index) =>
      grantOf(`g${index}`, `host-${index}.example.com:443`, { service: `service-${index % 997}` }),
    );
    const path = await write(listOf({ grants }));
    let isLoading = true;
    const longestMs = longestTurn(() => isLoading);
    const loaded = await loadGrants(path, publicKey);
    isLoading = false;
    assert.ok(loaded.ok);
    assert.equal(loaded.value.index.byId.size, 100_000);
    assert.ok((await longestMs) < 50, `${await longestMs} ms`);
  });
});

/** The most processor time that this thread took between two turns of its loop, in milliseconds: not what the machine gave to others. */
async function longestTurn(goesOn: () => boolean): Promise<number> {
  let longestMs = 0;
  let last = process.threadCpuUsage();
  while (goesOn()) {
    await nextTurn();
    const now = process.threadCpuUsage();
    longestMs = Math.max(longestMs, (now.user + now.system - last.user - last.system) / 1_000);
    last = now;
  }
  return longestMs;
}
