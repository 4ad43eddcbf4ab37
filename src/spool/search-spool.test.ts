import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { DecisionRecord } from '../policy/index.ts';
import { endOfSpool, readSpool, type SpoolCursor, searchSpool } from './index.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exeat-search-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function fileName(serial: number): string {
  return join(dir, `decisions-${'1'.padStart(14, '0')}-${String(serial).padStart(6, '0')}.ndjson`);
}

function line(id: number, filling = ''): string {
  return `${JSON.stringify({ kind: 'close', id: String(id), flow: 'f', time: '2026-11-23T10:00:00Z', filling })}\n`;
}

async function search(
  most: number,
  before: SpoolCursor | null = null,
  mostBytes = 1e9,
): Promise<{ readonly ids: readonly string[]; readonly next: SpoolCursor | null }> {
  const found: DecisionRecord[] = [];
  const next = await searchSpool(dir, {
    before,
    mostBytes,
    isLikely: () => true,
    take: (record) => found.push(record) < most,
  });
  return { ids: found.map(({ id }) => id), next };
}

test('records come newest first, across files and chunks, page by page, each once', async () => {
  // Lines of every length, so that chunks of 256 KiB end anywhere in them.
  const all = Array.from({ length: 900 }, (_, id) => line(id, 'é'.repeat((id * 37) % 1_500)));
  writeFileSync(fileName(0), all.slice(0, 300).join(''));
  writeFileSync(fileName(1), '');
  writeFileSync(fileName(2), all.slice(300).join(''));
  const wanted = all.map((_, id) => String(id)).reverse();
  assert.deepEqual((await search(10_000)).ids, wanted);
  const paged: string[] = [];
  for (let cursor: SpoolCursor | null = null, pages = 0; pages < 1_000; pages += 1) {
    const page = await search(7, cursor, 20_000);
    paged.push(...page.ids);
    cursor = page.next;
    if (cursor === null) break;
  }
  assert.deepEqual(paged, wanted);
});

test('a line that is still being written, a line that is too long and a line that is no record are passed over', async () => {
  writeFileSync(fileName(0), line(1) + line(2, 'x'.repeat(400_000)) + line(3));
  appendFileSync(fileName(0), 'no record\n\n');
  appendFileSync(fileName(0), line(4) + line(5).slice(0, 20));
  assert.deepEqual((await search(100)).ids, ['4', '3', '1']);
});

test('an empty folder, and one that is not there, hold nothing', async () => {
  assert.deepEqual(await search(10), { ids: [], next: null });
  rmSync(dir, { recursive: true });
  assert.deepEqual(await search(10), { ids: [], next: null });
  assert.equal(endOfSpool(dir), null);
});

test('who follows from the end sees what comes after it and nothing before', async () => {
  writeFileSync(fileName(0), line(1));
  const end = endOfSpool(dir);
  appendFileSync(fileName(0), line(2));
  const seen: string[] = [];
  for await (const { record } of readSpool(dir, end)) seen.push(record.id);
  assert.deepEqual(seen, ['2']);
});
