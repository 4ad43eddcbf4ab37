import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openClassIds } from './class-ids.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-classes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('INVARIANT: a number belongs to one class for good', () => {
  test('in one run, and over restarts, whatever is asked for first', () => {
    const path = join(folder, 'kept');
    const first = openClassIds(path);
    assert.deepEqual(['a', 'b\nc', 'a'].map(first.idOf), [1, 2, 1]);
    const second = openClassIds(path);
    assert.deepEqual(['d', 'b\nc', 'a'].map(second.idOf), [3, 2, 1]);
  });

  test('also after a line that was cut off, whose number is given to nobody', () => {
    const path = join(folder, 'cut');
    openClassIds(path).idOf('a');
    appendFileSync(path, '"half of a li');
    const again = openClassIds(path);
    assert.deepEqual(['b', 'a'].map(again.idOf), [3, 1]);
    assert.equal(openClassIds(path).idOf('b'), 3);
  });

  test('and one that cannot be kept is not given', () => {
    assert.throws(() => openClassIds(join(folder, 'no', 'such', 'folder')).idOf('a'), { code: 'ENOENT' });
  });
});
