import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildLog,
  checkSignature,
  createTestSigner,
  entryAt,
  hasher,
  leavesOf,
  type MemoryFolder,
  memoryFiles,
  sha256,
} from '../../../test/support/audit-fixture.ts';
import { evidenceReadme, renderEvidence } from '../evidence.ts';
import { createProver } from '../prover.ts';
import { tilePath } from '../tile.ts';
import { verifyEvidence } from './verify-evidence.ts';

const signer = createTestSigner();
const log = buildLog(leavesOf(300), signer);

async function packOf(seqs: readonly number[]): Promise<MemoryFolder> {
  const prover = createProver(300, async (tile) => log.get(tilePath(tile)) ?? null, hasher);
  const lines: string[] = [];
  for (const seq of seqs) {
    const proof = await prover.inclusion(seq);
    lines.push(`${renderEvidence({ entry: entryAt(seq), proof: proof.ok ? proof.value : [] })}\n`);
  }
  return new Map<string, Uint8Array>([
    ['checkpoint', log.get('checkpoint') ?? new Uint8Array()],
    ['log.pub', log.get('log.pub') ?? new Uint8Array()],
    ['entries.ndjson', Buffer.from(lines.join(''))],
    ['README.txt', Buffer.from(evidenceReadme)],
  ]);
}

async function verify(folder: MemoryFolder): Promise<{ readonly told: readonly string[]; readonly last: number }> {
  const options = { files: memoryFiles(folder), digest: sha256, check: checkSignature, key: null, older: [] };
  const verdict = await verifyEvidence(options);
  return { told: verdict.findings.map(({ kind, file }) => `${kind} ${file}`), last: verdict.last?.seq ?? -1 };
}

test('a pack of entries with their proofs is whole', async () => {
  assert.deepEqual(await verify(await packOf([5, 6, 7, 8])), { told: [], last: 8 });
  assert.deepEqual(await verify(await packOf([])), { told: [], last: -1 });
});

test('INVARIANT: a change of any byte of any file of a pack is found', async () => {
  const good = await packOf([255, 256]);
  for (const [path, bytes] of good) {
    for (let at = 0; at < bytes.length; at += path === 'README.txt' ? 97 : 5) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.notDeepEqual((await verify(new Map(good).set(path, changed))).told, [], `${path} byte ${at}`);
    }
  }
});

test('a gap, another order, a missing file and one too many are findings', async () => {
  assert.deepEqual((await verify(await packOf([5, 7]))).told, ['reordered entries.ndjson']);
  assert.deepEqual((await verify(await packOf([6, 5]))).told, ['reordered entries.ndjson']);
  const pack = await packOf([5]);
  for (const path of pack.keys()) {
    const folder = new Map(pack);
    folder.delete(path);
    assert.deepEqual((await verify(folder)).told, [`removed ${path}`]);
  }
  assert.deepEqual((await verify(pack.set('tile/0/000', new Uint8Array(32)))).told, ['unknown_file tile/0/000']);
});
