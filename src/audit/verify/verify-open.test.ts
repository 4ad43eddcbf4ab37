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
import type { Entry } from '../entry.ts';
import { encodeEntry } from '../entry-codec.ts';
import { evidenceReadme, renderEvidence } from '../evidence.ts';
import { commitToOpen, openExportedAction, openReadme } from '../open-evidence.ts';
import { createProver } from '../prover.ts';
import { tilePath } from '../tile.ts';
import { verifyEvidence } from './verify-evidence.ts';

// A pack of an answer: entries 3, 4, 90 and 257 of a log of 300, and the act of taking it behind them.
const json = Buffer.from('{"openings":[{"kind":"grant","id":"01KB"}]}\n');
const csv = Buffer.from('kind,id\r\ngrant,01KB\r\n');
const seqs = [3, 4, 90, 257];
const act: Entry = {
  ...entryAt(299),
  seq: 300,
  action: openExportedAction,
  subject: 'open',
  details: { at: '2026-11-29T09:00:00.000Z', ...commitToOpen({ json, csv, seqs }, sha256) },
};
const signer = createTestSigner();
const leaf = encodeEntry(act);
const log = buildLog([...leavesOf(300), leaf.ok ? leaf.value : new Uint8Array()], signer);

async function packOf(
  entries: readonly Entry[],
  files: Readonly<Record<string, Uint8Array>> = {},
): Promise<MemoryFolder> {
  const prover = createProver(301, async (tile) => log.get(tilePath(tile)) ?? null, hasher);
  const lines: string[] = [];
  for (const entry of entries) {
    const proof = await prover.inclusion(entry.seq);
    lines.push(`${renderEvidence({ entry, proof: proof.ok ? proof.value : [] })}\n`);
  }
  return new Map<string, Uint8Array>([
    ['checkpoint', log.get('checkpoint') ?? new Uint8Array()],
    ['log.pub', log.get('log.pub') ?? new Uint8Array()],
    ['entries.ndjson', Buffer.from(lines.join(''))],
    ['README.txt', Buffer.from(openReadme)],
    ['open.json', json],
    ['open.csv', csv],
    ...Object.entries(files),
  ]);
}

const whole = [...seqs.map((seq) => entryAt(seq)), act];

async function verify(folder: MemoryFolder): Promise<readonly string[]> {
  const options = { files: memoryFiles(folder), digest: sha256, check: checkSignature, key: null, older: [] };
  return (await verifyEvidence(options)).findings.map(({ kind, file }) => `${kind} ${file}`);
}

test('an answer with the acts that it rests on is whole', async () => {
  assert.deepEqual(await verify(await packOf(whole)), []);
});

test('INVARIANT: a change of any byte of any file of such a pack is found', async () => {
  const good = await packOf(whole);
  for (const [path, bytes] of good) {
    for (let at = 0; at < bytes.length; at += path === 'README.txt' ? 211 : 11) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.notDeepEqual(await verify(new Map(good).set(path, changed)), [], `${path} byte ${at}`);
    }
  }
});

test('an act that is left out, one of another exception, and another order are found, however true each is', async () => {
  const set = 'altered entries.ndjson';
  assert.deepEqual(await verify(await packOf(whole.filter(({ seq }) => seq !== 90))), [set]);
  assert.deepEqual(await verify(await packOf([...seqs.map((seq) => entryAt(seq)), entryAt(258), act])), [set]);
  assert.ok((await verify(await packOf([entryAt(4), entryAt(3), entryAt(90), entryAt(257), act]))).length > 0);
  assert.deepEqual(await verify(await packOf(seqs.map((seq) => entryAt(seq)))), ['removed entries.ndjson']);
});

test('a file that is not there, one too many, and a pack dressed as the other kind are found', async () => {
  const good = await packOf(whole);
  for (const path of good.keys()) {
    const folder = new Map(good);
    folder.delete(path);
    assert.ok(
      (await verify(folder)).includes(path === 'open.json' ? 'unknown_file open.csv' : `removed ${path}`),
      path,
    );
  }
  assert.deepEqual(await verify(await packOf(whole, { 'more.csv': csv })), ['unknown_file more.csv']);
  const dressed = new Map(good).set('README.txt', Buffer.from(evidenceReadme));
  dressed.delete('open.json');
  dressed.delete('open.csv');
  assert.ok((await verify(dressed)).includes('reordered entries.ndjson'));
});
