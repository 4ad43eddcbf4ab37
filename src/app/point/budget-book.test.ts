import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { nowForTest as now } from '../../../test/support/request-fixture.ts';
import { type Grant, openGrants } from '../../policy/index.ts';
import { type FiledBudgets, openBudgets } from './budget-book.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-budgets-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const told: string[] = [];
const say = (message: string): void => void told.push(message);
const logger = { info: say, warn: say, error: say };
const capped = grantOf('capped', 'bank.example.com:443', { bytesUp: 6_400 });
const free = grantOf('free', 'bank.example.com:443');
let files = 0;

function freshPath(): string {
  files += 1;
  return join(folder, `budgets-${files}.ndjson`);
}

function openWith(path: string, grants: readonly Grant[], atMs = now): FiledBudgets {
  const book = openBudgets(path, logger, atMs);
  book.adopt(openGrants(grants, []), atMs);
  return book;
}

function take(book: FiledBudgets, id: string, bytes: number): number {
  return book.meterOf(id)?.take('up', bytes) ?? -1;
}

describe('the book of budgets', () => {
  test('has a meter for what has a cap only, one over all connections', () => {
    const book = openWith(freshPath(), [capped, free]);
    assert.equal(book.meterOf('free'), null);
    assert.equal(book.meterOf('unknown'), null);
    assert.equal(book.meterOf('capped'), book.meterOf('capped'));
    book.close();
  });

  test('counts after a kill what was written down before it, and loses at most a sixty-fourth', () => {
    const path = freshPath();
    assert.equal(take(openWith(path, [capped]), 'capped', 3_210), 3_210);
    const again = openWith(path, [capped]);
    assert.equal(take(again, 'capped', 10_000), 3_190);
    assert.deepEqual([...again.spent], ['capped']);
    assert.deepEqual([...openWith(path, [capped]).spent], ['capped']);
  });

  test('tells once that a budget is spent', () => {
    const book = openWith(freshPath(), [capped]);
    const spent: string[] = [];
    book.onSpent = (id) => spent.push(id);
    for (let i = 0; i < 3; i++) take(book, 'capped', 5_000);
    assert.deepEqual(spent, ['capped']);
    book.close();
  });

  test('goes on counting for connections that hold a meter while lists come and go', () => {
    const book = openWith(freshPath(), [capped]);
    const meter = book.meterOf('capped');
    assert.equal(meter?.take('up', 6_000), 6_000);
    book.adopt(openGrants([], []), now);
    book.adopt(openGrants([capped], []), now);
    assert.equal(book.meterOf('capped')?.take('up', 300), 300);
    assert.equal(meter?.take('up', 300), 100);
    book.close();
  });

  test('follows a cap that was narrowed', () => {
    const book = openWith(freshPath(), [capped]);
    assert.equal(take(book, 'capped', 1_000), 1_000);
    book.adopt(openGrants([{ ...capped, bytesUp: 1_200 }], []), now);
    assert.equal(take(book, 'capped', 1_000), 200);
    book.close();
  });

  test('passes over a last line that a kill cut', () => {
    const path = freshPath();
    take(openWith(path, [capped]), 'capped', 100);
    appendFileSync(path, '{"id":"capped","up":6400,"do');
    const book = openWith(path, [capped]);
    assert.deepEqual([book.problem(), take(book, 'capped', 10_000)], [null, 6_300]);
    book.close();
  });

  test('that is damaged makes every capped grant spent, and says so', () => {
    const path = freshPath();
    writeFileSync(path, '{"id":"other"}\n{"id":"capped","up":100,"down":0,"untilMs":1}\n');
    const book = openWith(path, [capped, free]);
    assert.deepEqual([...book.spent], ['capped']);
    assert.equal(take(book, 'capped', 1), 0);
    assert.match(book.problem() ?? '', /are damaged, every capped grant counts as spent/);
  });

  test('that cannot be written gives nothing out, and does again when it can', () => {
    const away = join(folder, 'away');
    const book = openWith(join(away, 'budgets.ndjson'), [capped]);
    assert.equal(take(book, 'capped', 100), 0);
    assert.match(book.problem() ?? '', /cannot be written \(ENOENT\), capped grants carry nothing more/);
    assert.deepEqual([...book.spent], []);
    mkdirSync(away);
    assert.deepEqual([take(book, 'capped', 100), book.problem()], [100, null]);
    book.close();
    const again = openWith(join(away, 'budgets.ndjson'), [capped]);
    assert.equal(take(again, 'capped', 10_000), 6_300);
    again.close();
  });

  test('forgets budgets a day after the end of their grants, and no sooner', () => {
    const path = freshPath();
    take(openWith(path, [capped]), 'capped', 6_400);
    openWith(path, [], capped.notAfter + 86_399_999).close();
    assert.match(readFileSync(path, 'utf8'), /"id":"capped","up":6400/);
    openWith(path, [], capped.notAfter + 86_400_000).close();
    assert.equal(readFileSync(path, 'utf8'), '');
  });
});
