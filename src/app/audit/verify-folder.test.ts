import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { buildLog, createTestSigner, leavesOf } from '../../../test/support/audit-fixture.ts';
import { skipUnless } from '../../../test/support/requires.ts';
import { createTreeHasher, renderVerifierKey } from '../../audit/index.ts';
import { createSigningKey } from '../../snapshot/index.ts';
import { exportEvidence } from './export-evidence.ts';
import { checkEd25519, createNoteSigner, sha256 } from './note-signer.ts';
import { findUnsealed, sealEntry } from './spool-seals.ts';
import { openTileFiles } from './tile-files.ts';
import { createTileWriter } from './tile-writer.ts';
import { type VerifyFolderOptions, verifyFolder } from './verify-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'verify-folder-'));
after(() => rmSync(root, { recursive: true, force: true }));
const signer = createTestSigner();

function writeLog(name: string, count: number): string {
  const dir = join(root, name);
  for (const [path, bytes] of buildLog(leavesOf(count), signer)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  return dir;
}

async function told(dir: string, extra: Partial<VerifyFolderOptions> = {}): Promise<readonly string[]> {
  const verdict = await verifyFolder({ dir, keyFile: null, checkpointFiles: [], older: [], spool: null, ...extra });
  if (!verdict.ok) return [verdict.fault.message];
  return verdict.value.findings.map(({ kind, file, says }) => `${kind} ${file}: ${says}`);
}

test('links, folders and pipes in the place of files are told, and hold nothing up', {
  skip: skipUnless('mkfifo'),
}, async () => {
  const dir = writeLog('odd', 300);
  rmSync(join(dir, 'tile/0/000'));
  symlinkSync(join(dir, 'tile/0/001.p/44'), join(dir, 'tile/0/000'));
  rmSync(join(dir, 'tile/entries/000'));
  execFileSync('mkfifo', [join(dir, 'tile/entries/000')]);
  mkdirSync(join(dir, 'empty'));
  const findings = await told(dir);
  assert.ok(findings.includes('unreadable tile/entries/000: it is no regular file'), findings.join('\n'));
  assert.ok(findings.includes('unreadable tile/0/000: it is a link'));
});

test('a key file and checkpoint files are read, and what cannot be is a fault and not a verdict', async () => {
  const dir = writeLog('given', 20);
  const keyFile = join(root, 'key.pub');
  writeFileSync(keyFile, `${renderVerifierKey(signer.key)}\n`);
  const longer = join(writeLog('longer', 30), 'checkpoint');
  assert.deepEqual(await told(dir, { keyFile }), []);
  assert.deepEqual(await told(dir, { checkpointFiles: [longer] }), [
    `truncated ${longer}: a checkpoint in it has 30 entries, the log has 20`,
  ]);
  assert.deepEqual(await told(dir, { keyFile: join(root, 'none') }), [
    `\`${join(root, 'none')}\` cannot be read: ENOENT`,
  ]);
  assert.match((await told(dir, { keyFile: longer }))[0] ?? '', /cannot be read: it is no Ed25519 verifier key/);
  assert.match((await told(join(root, 'nowhere')))[0] ?? '', /there is no such folder/);
});

test('a folder that is written on while it is verified has no findings', async () => {
  const home = join(root, 'busy');
  const all = leavesOf(3000);
  const committed = { size: 1 };
  const files = await openTileFiles(join(home, 'audit'), join(home, 'audit.tmp'));
  const leaves = {
    size: async () => committed.size,
    leaves: async (from: number, until: number) => all.slice(from, until),
  };
  const writer = createTileWriter({ files, leaves, signer });
  await writer.write();
  let looks = 0;
  const looking = (async () => {
    for (; looks < 10; looks += 1) assert.deepEqual(await told(join(home, 'audit')), []);
  })();
  while (looks < 10) {
    committed.size = Math.min(3000, committed.size + 7);
    assert.ok((await writer.write()).ok);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await looking;
});

test('an evidence pack holds the entries of a span with their neighbours, and verifies by itself', async () => {
  const dir = writeLog('evidence', 600);
  // Entries come a second apart from 09:30:00: these are 250 to 259.
  const [fromMs, untilMs] = [Date.parse('2026-11-22T09:34:10Z'), Date.parse('2026-11-22T09:34:20Z')];
  const out = join(root, 'pack');
  const exported = await exportEvidence({ dir, fromMs, untilMs, out });
  assert.deepEqual(exported, { ok: true, value: { entries: 10, firstSeq: 250, lastSeq: 259, size: 600 } });
  assert.deepEqual(readdirSync(out).sort(), ['README.txt', 'checkpoint', 'entries.ndjson', 'log.pub']);
  assert.equal(statSync(out).mode & 0o777, 0o700);
  const verdict = await verifyFolder({ dir: out, keyFile: null, checkpointFiles: [], older: [], spool: null });
  assert.ok(verdict.ok);
  const { kind, findings, first, last } = verdict.value;
  assert.deepEqual([kind, findings, first?.seq, last?.seq], ['evidence', [], 249, 260]);
  const again = await exportEvidence({ dir, fromMs, untilMs, out });
  assert.match(again.ok ? '' : again.fault.message, /it is there already, name another with `--out`$/);
  const none = await exportEvidence({ dir, fromMs: 0, untilMs: 1, out: join(root, 'none') });
  assert.ok(none.ok && none.value.entries === 0);
  assert.deepEqual(await told(join(root, 'none')), []);
});

test('an export of more than is wanted leaves nothing behind', async () => {
  const dir = writeLog('large', 600);
  const out = join(root, 'large-pack');
  for (const most of [
    { entries: 599, bytes: 1e9 },
    { entries: 600, bytes: 100_000 },
  ]) {
    const exported = await exportEvidence({ dir, fromMs: 0, untilMs: Date.now() * 2, out, most });
    assert.equal(exported.ok ? '' : exported.fault.code, 'evidence_too_large');
    assert.equal(statSync(out, { throwIfNoEntry: false }), undefined);
  }
  const whole = { dir, fromMs: 0, untilMs: Date.now() * 2, out, most: { entries: 600, bytes: 1e9 } };
  assert.ok((await exportEvidence(whole)).ok);
});

test('an export from a log that lacks a tile leaves nothing behind', async () => {
  const dir = writeLog('broken', 600);
  rmSync(join(dir, 'tile/0/000'));
  const out = join(root, 'unfinished');
  const exported = await exportEvidence({ dir, fromMs: 0, untilMs: Date.now() * 2, out });
  assert.equal(exported.ok ? '' : exported.fault.code, 'audit_unreadable');
  assert.equal(statSync(out, { throwIfNoEntry: false }), undefined);
});

test('closed record files are sealed in their order, the open one never', async () => {
  const spool = mkdtempSync(join(root, 'spool-'));
  const name = (at: number): string => `decisions-0176400000000${at}-000000.ndjson`;
  assert.deepEqual(await findUnsealed(join(spool, 'absent'), null), { toSeal: [], open: null });
  for (const at of [1, 2, 3]) writeFileSync(join(spool, name(at)), 'abc');
  const first = await findUnsealed(spool, null);
  const sha = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  assert.deepEqual(first, {
    toSeal: [1, 2].map((at) => ({ file: name(at), bytes: 3, sha256: sha })),
    open: name(3),
  });
  assert.deepEqual(await findUnsealed(spool, name(2)), { toSeal: [], open: name(3) });
  const [seal] = first.toSeal;
  assert.deepEqual(seal === undefined ? null : sealEntry(seal), {
    subject: 'spool',
    action: 'spool.sealed',
    actor: { kind: 'system', part: 'control' },
    details: { file: name(1), bytes: 3, sha256: sha },
  });
});

test('the name of a log is made of its key, and the key stays from start to start', async () => {
  const keys = join(root, 'keys');
  const [first, second] = [await createSigningKey(keys, 'audit'), await createSigningKey(keys, 'audit')];
  assert.ok(first.ok && second.ok);
  const [one, other] = [createNoteSigner(first.value), createNoteSigner(second.value)];
  assert.equal(renderVerifierKey(one.key), renderVerifierKey(other.key));
  assert.match(one.key.name, /^exeat\/[0-9a-f]{16}$/);
  const message = createTreeHasher(sha256).empty();
  assert.ok(checkEd25519(one.key.publicKey, message, one.sign(message)));
  assert.equal(checkEd25519(new Uint8Array(32).fill(255), message, one.sign(message)), false);
  assert.deepEqual(readdirSync(keys).sort(), ['audit.key', 'audit.pub']);
});
