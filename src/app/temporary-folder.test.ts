import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { processMark, removeLeftovers } from './temporary-folder.ts';

test('only marked folders of processes that are gone are taken away, whatever else is called so', () => {
  const root = mkdtempSync(join(tmpdir(), 'exeat-temporary-'));
  try {
    const own = processMark(process.pid) ?? '';
    const marks: Readonly<Record<string, string | null>> = {
      'exeat-demo-killed': '4194304999 7',
      // The number was given to another process since.
      'exeat-demo-reused': `${own.split(' ')[0]} 1`,
      'exeat-demo-lives': own,
      'exeat-demo-kept': null,
      'exeat-demo-odd': '../../etc 1',
      'other-killed': '4194304999 7',
    };
    for (const [name, mark] of Object.entries(marks)) {
      mkdirSync(join(root, name, 'state'), { recursive: true });
      if (mark !== null) writeFileSync(join(root, name, 'owner'), mark);
    }
    const target = mkdtempSync(join(root, 'target-'));
    writeFileSync(join(target, 'owner'), '4194304999 7');
    symlinkSync(target, join(root, 'exeat-demo-link'));
    symlinkSync(target, join(root, 'exeat-demo-killed', 'link'));
    assert.equal(removeLeftovers(root, { prefix: 'exeat-demo-', unmarkedMs: null }), 2);
    const stay = ['exeat-demo-kept', 'exeat-demo-link', 'exeat-demo-lives', 'exeat-demo-odd', 'other-killed'];
    assert.deepEqual(
      readdirSync(root)
        .filter((name) => !name.startsWith('target-'))
        .sort(),
      stay,
    );
    assert.deepEqual(readdirSync(target), ['owner']);
    // Where those without a mark are left behind, too, they go once they are old.
    assert.equal(removeLeftovers(root, { prefix: 'exeat-demo-', unmarkedMs: 60_000 }), 0);
    assert.equal(removeLeftovers(root, { prefix: 'exeat-demo-', unmarkedMs: -1 }), 2);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
