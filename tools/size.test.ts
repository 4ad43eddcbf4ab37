import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTestFile, readSourceFiles } from './source-files.ts';

const ceilingLines = 400;

test('no source file is past the ceiling', (context) => {
  const files = ['.ts', '.tsx', '.css']
    .flatMap((ending) => readSourceFiles(['src', 'tools', 'bench'], ending))
    .filter((file) => !isTestFile(file.path))
    .map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
    .sort((a, b) => a.lines - b.lines);
  const at = (share: number): number => files[Math.floor(share * (files.length - 1))]?.lines ?? 0;
  context.diagnostic(`${files.length} files, median ${at(0.5)} lines, 90 of 100 at most ${at(0.9)}`);
  assert.deepEqual(
    files.filter((file) => file.lines > ceilingLines),
    [],
  );
});
