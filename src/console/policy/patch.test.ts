import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type FileChange, writePatch } from './patch.ts';

const many = Array.from({ length: 60 }, (_, at) => `line ${at}\n`).join('');
const changes: readonly FileChange[] = [
  {
    path: 'team/a.yaml',
    before: many,
    after: many.replace('line 3\n', 'line three\nand more\n').replace('line 50\n', ''),
  },
  { path: 'no-end.yaml', before: 'a\nb', after: 'a\nb\nc' },
  { path: 'windows.yaml', before: 'a\r\nb\r\nc\r\n', after: 'a\r\nB\r\nc\r\n' },
  { path: 'new/with space.yaml', before: null, after: 'apiVersion: exeat/v1\n' },
  { path: 'gone.yaml', before: 'x\n', after: null },
  { path: 'Größe "1".yaml', before: 'ü\n', after: 'ü\nö\n' },
  {
    path: 'hostile.yaml',
    before: 'a\n',
    after: 'a\n--- a/../../etc/passwd\n+++ b/x\n@@ -1,1 +1,1 @@\ndiff --git a/x b/x\n\u2028z\n',
  },
  { path: 'empty.yaml', before: '', after: 'now\n' },
  { path: 'same.yaml', before: 'x\n', after: 'x\n' },
];

test('a patch is what git applies, to the byte', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-patch-'));
  try {
    for (const { path, before } of changes) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (before !== null) writeFileSync(join(folder, path), before);
    }
    const patch = writePatch(changes);
    assert.ok(!patch.includes('same.yaml'));
    writeFileSync(join(folder, 'proposal.patch'), patch);
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() };
    execFileSync('git', ['apply', '--whitespace=nowarn', 'proposal.patch'], { cwd: folder, env, stdio: 'pipe' });
    for (const { path, after } of changes) {
      assert.equal(existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : null, after, path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('where nothing changes there is no patch', () => assert.equal(writePatch(changes.slice(-1)), ''));
