import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findRecordNear } from './find-record-near.ts';

// 12,000 records of two files, ten a second, with some that are written a minute late.
const beganMs = Date.parse('2026-11-23T10:00:00Z');
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ample = { mostBytes: 512 * 1024, mostMs: 5_000 };
let dir: string;

function ulid(atMs: number, serial: number): string {
  const digits = (value: number, count: number): string =>
    Array.from({ length: count }, (_, at) => alphabet[Math.floor(value / 32 ** (count - 1 - at)) % 32]).join('');
  return digits(atMs, 10) + digits(serial, 16);
}

function line(serial: number, atMs = beganMs + serial * 100): string {
  const id = ulid(atMs, serial);
  const filling = 'x'.repeat(500);
  return `${JSON.stringify({ kind: 'close', id, flow: id, time: new Date(atMs).toISOString(), filling })}\n`;
}

function fileName(atMs: number): string {
  return join(dir, `decisions-${String(atMs).padStart(14, '0')}-000000.ndjson`);
}

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'exeat-near-'));
  const all = Array.from({ length: 12_000 }, (_, serial) =>
    serial % 97 === 5 ? line(serial, beganMs + serial * 100 - 60_000) : line(serial),
  );
  writeFileSync(fileName(beganMs), all.slice(0, 8_000).join(''));
  writeFileSync(fileName(beganMs + 800_000), all.slice(8_000).join(''));
});
after(() => rmSync(dir, { recursive: true, force: true }));

test('a record is found by the time in its id, wherever it lies, for a small part of the bytes', async () => {
  for (const serial of [0, 1, 2_500, 7_999, 8_000, 9_876, 11_999]) {
    const id = ulid(beganMs + serial * 100, serial);
    assert.equal((await findRecordNear(dir, id, ample))?.id, id, String(serial));
  }
});

test('what is counted together and written a minute late is found too', async () => {
  const wide = { ...ample, mostBytes: 2 * 1024 * 1024 };
  for (const serial of [5 + 97 * 10, 5 + 97 * 83]) {
    const id = ulid(beganMs + serial * 100 - 60_000, serial);
    assert.equal((await findRecordNear(dir, id, wide))?.id, id, String(serial));
  }
});

test('ids that nobody made, of any time, are looked for within the bounds', async () => {
  for (const atMs of [0, beganMs - 1, beganMs + 400_000, beganMs + 1_200_000, beganMs + 10 ** 9, 2 ** 48 - 1]) {
    assert.equal(await findRecordNear(dir, ulid(atMs, 999_999), ample), null);
  }
  const last = ulid(beganMs + 2_500 * 100, 2_500);
  assert.equal(await findRecordNear(dir, last, { mostBytes: 1_000, mostMs: 5_000 }), null, 'past its bytes');
  assert.equal(await findRecordNear(dir, last, { ...ample, mostMs: -1 }), null, 'past its time');
});

test('no id, no folder and an empty file hold nothing', async () => {
  const empty = join(dir, 'empty');
  mkdirSync(empty);
  writeFileSync(join(empty, 'decisions-00000000000000-000000.ndjson'), '');
  assert.equal(await findRecordNear(dir, 'not an id', ample), null);
  assert.equal(await findRecordNear(join(dir, 'absent'), ulid(beganMs, 1), ample), null);
  assert.equal(await findRecordNear(empty, ulid(60_000, 1), ample), null);
});
