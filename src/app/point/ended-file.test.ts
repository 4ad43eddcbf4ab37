import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openEndedFile, type TakenList } from './ended-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-ended-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const nobody = (): boolean => false;
const listOf = (sequence: number): TakenList => ({ sequence, signature: `signature-${sequence}` });
let files = 0;

function freshPath(): string {
  files += 1;
  return join(folder, `revoked-${files}.json`);
}

describe('what was ended beside the list', () => {
  test('is remembered over restarts, until a newer list comes', async () => {
    const path = freshPath();
    const file = openEndedFile(path, logger);
    assert.equal(await file.end(['a'], { why: 'suspended', sequence: 7 }), true);
    assert.equal(await file.end(['b'], { why: 'revoked', sequence: 7 }), true);
    const again = openEndedFile(path, logger);
    assert.deepEqual(again.all(), [
      { id: 'a', why: 'suspended' },
      { id: 'b', why: 'revoked' },
    ]);
    await again.listed(listOf(7), 0, nobody);
    assert.equal(again.all().length, 2);
    await again.listed(listOf(8), 0, (id) => id === 'b');
    assert.deepEqual(again.all(), [{ id: 'b', why: 'revoked' }]);
    assert.deepEqual(openEndedFile(path, logger).all(), [{ id: 'b', why: 'revoked' }]);
  });

  test('and which list was taken last is remembered over restarts', async () => {
    const path = freshPath();
    assert.equal(openEndedFile(path, logger).taken(), null);
    await openEndedFile(path, logger).listed(listOf(7), 0, nobody);
    assert.deepEqual(openEndedFile(path, logger).taken(), { sequence: 7, signature: 'signature-7' });
    writeFileSync(path, '{"taken":{"sequence":"7"},"revoked":[],"over":[]}');
    assert.equal(openEndedFile(path, logger).isBlind(null), true);
  });

  test('by the clock holds until the clock has passed its end again', async () => {
    const file = openEndedFile(freshPath(), logger);
    await file.expire([{ id: 'a', untilMs: 500 }]);
    await file.listed(listOf(9), 499, nobody);
    assert.deepEqual(file.all(), [{ id: 'a', why: 'expired' }]);
    await file.listed(listOf(10), 500, nobody);
    assert.deepEqual(file.all(), []);
  });

  test('takes effect also where it cannot be written, and says so', async () => {
    const file = openEndedFile(join(folder, 'none', 'revoked.json'), logger);
    assert.equal(await file.end(['a'], { why: 'revoked', sequence: 1 }), false);
    assert.deepEqual(file.all(), [{ id: 'a', why: 'revoked' }]);
    assert.match(file.problem() ?? '', /holds until a restart only/);
  });

  test('of an older version, which knew no holds, was revoked', () => {
    const path = freshPath();
    writeFileSync(path, '{"revoked":[{"id":"a","sequence":7}],"over":[]}');
    assert.deepEqual(openEndedFile(path, logger).all(), [{ id: 'a', why: 'revoked' }]);
    writeFileSync(path, '{"revoked":[{"id":"a","sequence":7,"why":"lost"}],"over":[]}');
    assert.equal(openEndedFile(path, logger).isBlind(null), true);
  });

  test('that cannot be read leaves no listed grant in force before a newer list', async () => {
    const path = freshPath();
    writeFileSync(path, '{"revoked":[{"id":1}]}');
    const file = openEndedFile(path, logger);
    assert.equal(file.isBlind(null), true);
    await file.listed(listOf(7), 0, nobody);
    assert.equal(file.isBlind(7), true);
    assert.match(file.problem() ?? '', /no grant counts before a newer list/);
    await file.listed(listOf(8), 0, nobody);
    assert.deepEqual([file.isBlind(8), file.problem()], [false, null]);
  });

  test('that is more than can be remembered ends everything that is listed', async () => {
    const file = openEndedFile(freshPath(), logger);
    const ids = Array.from({ length: 100_001 }, (_, index) => `g${index}`);
    await file.end(ids, { why: 'revoked', sequence: 3 });
    assert.equal(file.isBlind(3), true);
  });
});
