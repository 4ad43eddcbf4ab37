import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  buildLog,
  checkSignature,
  createTestSigner,
  entryAt,
  leafOf,
  leavesOf,
  type MemoryFolder,
  memoryFiles,
  putTiles,
  sha256,
  signEdge,
} from '../../../test/support/audit-fixture.ts';
import type { Entry } from '../entry.ts';
import { type LogVerdict, type VerifyLogOptions, verifyLog } from './verify-log.ts';

const signer = createTestSigner();

function verify(folder: MemoryFolder, extra: Partial<VerifyLogOptions> = {}): Promise<LogVerdict> {
  const files = memoryFiles(folder);
  return verifyLog({ files, digest: sha256, check: checkSignature, key: null, older: [], spool: null, ...extra });
}

/** The findings of a folder as `kind file`. */
async function findingsOf(folder: MemoryFolder, extra: Partial<VerifyLogOptions> = {}): Promise<readonly string[]> {
  return (await verify(folder, extra)).findings.map(({ kind, file }) => `${kind} ${file}`);
}

test('a log as it was written has no findings at any size, and says since when it is unanchored', async () => {
  for (const size of [0, 1, 2, 255, 256, 257, 513, 700]) {
    const verdict = await verify(buildLog(leavesOf(size), signer));
    assert.deepEqual(verdict.findings, [], `${size}`);
    assert.equal(verdict.size, size);
    assert.equal(verdict.unanchoredSince, size === 0 ? null : '2026-11-22T09:30:00.000Z');
    assert.equal(verdict.last?.seq, size === 0 ? undefined : size - 1);
  }
});

test('INVARIANT: a change of any byte of any file is found', async () => {
  const good = buildLog(leavesOf(520), signer);
  const paths = [...good.keys()];
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (pick, at, flip) => {
      const path = paths[pick % paths.length] ?? '';
      const bytes = new Uint8Array(good.get(path) ?? []);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ flip;
      const findings = await findingsOf(new Map(good).set(path, bytes));
      assert.ok(findings.length > 0, `${path} byte ${place}`);
      if (path.startsWith('tile/')) assert.deepEqual([...new Set(findings.map((one) => one.split(' ')[1]))], [path]);
    }),
    { numRuns: 150 },
  );
});

test('every byte of the small files, each byte appended and each one taken away is found', async () => {
  const good = buildLog(leavesOf(3), signer);
  for (const [path, bytes] of good) {
    const changes = [
      ...Array.from(bytes, (byte, at) => bytes.with(at, byte ^ 1)),
      bytes.subarray(0, -1),
      bytes.subarray(1),
      Buffer.concat([bytes, Buffer.from('\n')]),
    ];
    for (const changed of changes) assert.notDeepEqual(await findingsOf(new Map(good).set(path, changed)), [], path);
  }
});

test('a file that is removed is named, and so is one that the log does not know', async () => {
  const good = buildLog(leavesOf(520), signer);
  for (const path of good.keys()) {
    const folder = new Map(good);
    folder.delete(path);
    assert.deepEqual(await findingsOf(folder), [`removed ${path}`], path);
  }
  for (const path of ['notes.txt', 'tile/0/000~', 'tile/entries/900', 'tile/3/000', '.checkpoint.tmp']) {
    const findings = await findingsOf(new Map(good).set(path, Buffer.from('x')));
    assert.deepEqual(findings, [
      `${path.startsWith('tile/') && !path.endsWith('~') ? 'altered' : 'unknown_file'} ${path}`,
    ]);
  }
});

test('two tiles that are swapped, and two entries in one, are told as reordered', async () => {
  const good = buildLog(leavesOf(520), signer);
  const swapped = new Map(good);
  const [one, other] = ['tile/entries/000', 'tile/entries/001'];
  swapped.set(one, good.get(other) ?? missing()).set(other, good.get(one) ?? missing());
  assert.deepEqual(await findingsOf(swapped), [
    `reordered ${one}`,
    `altered ${one}`,
    `reordered ${other}`,
    `altered ${other}`,
  ]);
  const inside = buildLog([...leavesOf(3)].toSpliced(1, 2, leafOf(entryAt(2)), leafOf(entryAt(1))), signer);
  assert.deepEqual(await findingsOf(inside), ['reordered tile/entries/000.p/3']);
  const back = buildLog([leafOf(entryAt(0)), leafOf({ ...entryAt(1), time: '2026-11-22T09:29:59.999Z' })], signer);
  assert.deepEqual(await findingsOf(back), ['reordered tile/entries/000.p/2']);
});

test('time may start again where the kept clock was set anew, which is an act of its own', async () => {
  const early = '2026-11-20T00:00:00.000Z';
  const reset: Entry = { ...entryAt(1), action: 'clock.reset', time: early };
  const leaves = [entryAt(0), reset, { ...entryAt(2), time: early }].map(leafOf);
  assert.deepEqual(await findingsOf(buildLog(leaves, signer)), []);
});

test('entries and their hashes that are changed together are found, and named by the tile above', async () => {
  const good = buildLog(leavesOf(520), signer);
  const forged = buildLog(leavesOf(520).with(5, leafOf(entryAt(5, { forged: true }))), signer);
  const folder = new Map(good);
  for (const path of ['tile/entries/000', 'tile/0/000']) folder.set(path, forged.get(path) ?? missing());
  assert.deepEqual(await findingsOf(folder), ['altered tile/entries/000', 'altered tile/0/000']);
  const edge = new Map(good);
  for (const path of ['tile/1/000.p/2', 'tile/entries/000', 'tile/0/000'])
    edge.set(path, forged.get(path) ?? missing());
  assert.deepEqual(await findingsOf(edge), ['altered checkpoint']);
});

test('a truncated log that was signed again with the stolen key is found by an older checkpoint, and only by one', async () => {
  const kept = [{ name: 'kept.txt', text: checkpointOf(buildLog(leavesOf(500), signer)) }];
  const cut = buildLog(leavesOf(400), signer);
  assert.deepEqual(await findingsOf(cut), []);
  assert.deepEqual(await findingsOf(cut, { older: kept }), ['truncated kept.txt']);
});

test('a rewritten log that was signed again is found by an older checkpoint, wherever the change is', async () => {
  const kept = [300, 500].map((size) => checkpointOf(buildLog(leavesOf(size), signer))).join('\n');
  const older = [{ name: 'kept.txt', text: kept }];
  for (const [at, expected] of [
    [0, ['rewritten kept.txt']],
    [299, ['rewritten kept.txt']],
    [499, ['rewritten kept.txt']],
    [500, []],
  ] as const) {
    const rewritten = buildLog(leavesOf(520).with(at, leafOf(entryAt(at, { forged: true }))), signer);
    assert.deepEqual(await findingsOf(rewritten), []);
    assert.deepEqual(await findingsOf(rewritten, { older }), expected, `${at}`);
  }
});

test('a log begun anew under another key or name does not fit an older checkpoint, nor the key of the auditor', async () => {
  const older = [{ name: 'kept.txt', text: checkpointOf(buildLog(leavesOf(5), signer)) }];
  for (const thief of [createTestSigner(), createTestSigner('exeat/other')]) {
    const anew = buildLog(leavesOf(5), thief);
    assert.deepEqual(await findingsOf(anew), []);
    assert.deepEqual(await findingsOf(anew, { older }), ['rewritten kept.txt']);
    assert.deepEqual(await findingsOf(anew, { key: signer.key }), ['altered log.pub', 'altered checkpoint']);
  }
});

test('what is anchored is told up to the largest checkpoint that holds', async () => {
  const older = [{ name: 'kept.txt', text: checkpointOf(buildLog(leavesOf(300), signer)) }];
  const verdict = await verify(buildLog(leavesOf(520), signer), { older });
  assert.deepEqual([verdict.anchored, verdict.unanchoredSince], [300, '2026-11-22T09:35:00.000Z']);
  const whole = await verify(buildLog(leavesOf(300), signer), { older });
  assert.deepEqual([whole.anchored, whole.unanchoredSince], [300, null]);
});

test('partial tiles of before and tiles past the checkpoint are accounted for, and a change in them is found', async () => {
  const folder: MemoryFolder = buildLog(leavesOf(100), signer);
  const first = putTiles(folder, leavesOf(250));
  const second = putTiles(folder, leavesOf(260).slice(250), first);
  folder.set('checkpoint', Buffer.from(signEdge(first, signer)));
  assert.equal(second.size, 260);
  const verdict = await verify(folder);
  assert.deepEqual(verdict.findings, []);
  // Past 250: entries 000 and 001.p/4, level 0 000 and 001.p/4, level 1 000.p/1.
  assert.equal(verdict.pastCheckpoint, 5);
  for (const path of [...folder.keys()].filter((one) => one.startsWith('tile/'))) {
    const bytes = folder.get(path) ?? missing();
    for (const at of [0, 20, bytes.length - 1]) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] ?? 0) ^ 4;
      assert.notDeepEqual(await findingsOf(new Map(folder).set(path, changed)), [], path);
    }
  }
});

test('a checkpoint that claims a huge tree ends at once', async () => {
  const folder = buildLog(leavesOf(3), signer);
  const forged = checkpointOf(folder).replace('\n3\n', '\n900719925474099\n');
  const findings = await findingsOf(folder.set('checkpoint', Buffer.from(forged)));
  assert.ok(findings.includes('altered checkpoint') && findings.length < 20, findings.join());
});

function checkpointOf(folder: MemoryFolder): string {
  return Buffer.from(folder.get('checkpoint') ?? []).toString();
}

function missing(): Uint8Array {
  throw new TypeError('"path" is not in the folder');
}
