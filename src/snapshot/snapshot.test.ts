import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { createSigningKey, loadSnapshot, loadVerifyingKey, type SnapshotHeader, writeSnapshot } from './index.ts';

const header: SnapshotHeader = {
  sequence: 7,
  policyVersion: `sha256:${'a'.repeat(64)}`,
  createdAtMs: Date.parse('2026-11-23T10:00:00Z'),
  revokedIdentities: ['credential:payments-api'],
};

async function setup() {
  const dir = temporaryFolder('snapshot');
  const key = await createSigningKey(join(dir, 'keys'));
  assert.ok(key.ok);
  return { dir, path: join(dir, 'policy.snapshot'), ...key.value };
}

async function writeSample(extra: Partial<SnapshotHeader> = {}, policy = Buffer.from('a compiled policy')) {
  const made = await setup();
  const written = await writeSnapshot({
    path: made.path,
    policy,
    header: { ...header, ...extra },
    signingKey: made.privateKey,
  });
  assert.ok(written.ok);
  assert.equal(statSync(made.path).size, written.value);
  return made;
}

async function codeOf(loading: ReturnType<typeof loadSnapshot>): Promise<string> {
  const outcome = await loading;
  return outcome.ok ? 'ok' : outcome.fault.code;
}

test('what control writes is what a point reads, over shared memory, and only the owner can read the file', async () => {
  const { dir, path } = await writeSample();
  const key = loadVerifyingKey(join(dir, 'keys'));
  assert.ok(key.ok);
  const loaded = await loadSnapshot(path, key.value);
  assert.ok(loaded.ok);
  const { policy, ...rest } = loaded.value;
  assert.deepEqual(rest, header);
  assert.equal(Buffer.from(policy).toString(), 'a compiled policy');
  assert.ok(policy.buffer instanceof SharedArrayBuffer);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dir).sort(), ['keys', 'policy.snapshot'], 'no temporary file is left');
});

test('INVARIANT: a snapshot with any byte changed is refused', async () => {
  const { path, publicKey } = await writeSample();
  const good = readFileSync(path);
  // Each load starts a thread, so a sample: every part of the layout, and both ends of the policy.
  const offsets = [0, 8, 12, 16, 24, 40, good.length - 60, good.length - 17, good.length - 1];
  for (const offset of offsets) {
    const bad = Buffer.from(good);
    bad[offset] = (bad[offset] ?? 0) ^ 1;
    writeFileSync(path, bad);
    assert.notEqual(await codeOf(loadSnapshot(path, publicKey)), 'ok', `byte ${offset}`);
  }
});

test('a snapshot that is cut, grown, empty, absent or a folder is a fault that names the file', async () => {
  const { dir, path, publicKey } = await writeSample();
  const good = readFileSync(path);
  for (const bytes of [
    good.subarray(0, -1),
    Buffer.concat([good, Buffer.from('x')]),
    Buffer.alloc(0),
    good.subarray(0, 30),
  ]) {
    writeFileSync(path, bytes);
    assert.equal(await codeOf(loadSnapshot(path, publicKey)), 'snapshot_malformed');
  }
  for (const other of [join(dir, 'absent'), dir]) {
    const outcome = await loadSnapshot(other, publicKey);
    assert.ok(!outcome.ok);
    assert.equal(outcome.fault.code, 'snapshot_unreadable');
    assert.ok(outcome.fault.message.includes(other));
  }
});

test('lengths that would take all memory are refused before anything is allocated', async () => {
  const { path, publicKey } = await writeSample();
  const bytes = readFileSync(path);
  bytes.writeBigUInt64LE(2n ** 60n, 16);
  writeFileSync(path, bytes);
  assert.equal(await codeOf(loadSnapshot(path, publicKey)), 'snapshot_too_large');
});

test('a snapshot signed by another key is refused', async () => {
  const { path } = await writeSample();
  const other = generateKeyPairSync('ed25519');
  assert.equal(await codeOf(loadSnapshot(path, other.publicKey)), 'snapshot_signature_invalid');
});

test('rollback: an older snapshot than the last accepted is refused, the same one is not', async () => {
  const { path, publicKey } = await writeSample();
  assert.equal(await codeOf(loadSnapshot(path, publicKey, { leastSequence: 8 })), 'snapshot_rolled_back');
  assert.equal(await codeOf(loadSnapshot(path, publicKey, { leastSequence: 7 })), 'ok');
});

test('a header that is signed but makes no sense is refused', async () => {
  const { path, publicKey } = await writeSample({ sequence: -1 });
  assert.equal(await codeOf(loadSnapshot(path, publicKey)), 'snapshot_malformed');
});

test('a load that takes too long is a fault', async () => {
  const { path, publicKey } = await writeSample();
  assert.equal(await codeOf(loadSnapshot(path, publicKey, { timeoutMs: 1 })), 'snapshot_load_failed');
});

test('loading 100 MB leaves the event loop free', async () => {
  const { dir, path, publicKey } = await writeSample({}, Buffer.alloc(100 * 1024 * 1024, 7));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const loaded = await loadSnapshot(path, publicKey);
  delay.disable();
  rmSync(dir, { recursive: true });
  assert.ok(loaded.ok);
  // The bar of the product is 50 ms; a shared machine that runs other suites gets some slack on top.
  assert.ok(delay.percentile(90) / 1e6 < 50, `90 % below ${delay.percentile(90) / 1e6} ms`);
  assert.ok(delay.max / 1e6 < 250, `longest stall ${delay.max / 1e6} ms`);
});

test('a writer that cannot write gives a fault, and leftovers of a killed one are removed', async () => {
  const { dir, path, privateKey } = await writeSample();
  writeFileSync(join(dir, '.policy.snapshot.0000.tmp'), 'left by a kill');
  const absent = join(dir, 'absent', 'x');
  const outcome = await writeSnapshot({ path: absent, policy: Buffer.alloc(1), header, signingKey: privateKey });
  assert.ok(!outcome.ok && outcome.fault.message.includes(absent));
  assert.ok((await writeSnapshot({ path, policy: Buffer.alloc(1), header, signingKey: privateKey })).ok);
  assert.deepEqual(readdirSync(dir).sort(), ['keys', 'policy.snapshot']);
});

test('the signing key is made once, kept to its owner, and refused when it was open to others or is broken', async () => {
  const { dir, publicKey } = await setup();
  const keys = join(dir, 'keys');
  const path = join(keys, 'snapshot.key');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const again = await createSigningKey(keys);
  assert.ok(again.ok && again.value.publicKey.equals(publicKey));
  chmodSync(path, 0o644);
  const open = await createSigningKey(keys);
  assert.ok(!open.ok && open.fault.message.includes('open to others'));
  chmodSync(path, 0o600);
  truncateSync(path, 10);
  const broken = await createSigningKey(keys);
  assert.ok(!broken.ok && broken.fault.code === 'key_unreadable');
  const absent = loadVerifyingKey(dir);
  assert.ok(!absent.ok && absent.fault.message.includes('ENOENT'));
});
