import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  arrows,
  findTestPowerInProduct,
  findUnplainDoors,
  findWrongArrows,
  innerRooms,
  maxBaseLines,
  roomOf,
} from './arrows.ts';
import { findComputedImports, readImports } from './read-imports.ts';
import { isTestFile, readSourceFiles, repositoryRoot } from './source-files.ts';

// A walk that finds nothing must not be green.
const fewestFiles = 60;
const fewestImports = 150;

const files = ['.ts', '.tsx'].flatMap((ending) => readSourceFiles(['src', 'test', 'bench', 'tools'], ending));
const roomFolders = readdirSync(join(repositoryRoot, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('the arrows of the house', () => {
  test('enough files and imports were seen for the answer to mean something', () => {
    const source = files.filter((file) => file.path.startsWith('src/'));
    assert.ok(source.length >= fewestFiles, `${source.length} files below src, at least ${fewestFiles} expected`);
    const imports = source.flatMap(readImports);
    assert.ok(imports.length >= fewestImports, `${imports.length} imports, at least ${fewestImports} expected`);
  });

  test('every room imports only what the table lets it, through the door', () => {
    assert.deepEqual(findWrongArrows(files), []);
  });

  test('the rooms of the table are the rooms of the house', () => {
    assert.deepEqual(Object.keys(arrows).sort(), [...roomFolders, ...innerRooms].sort());
    const outside = files.filter((file) => file.path.startsWith('src/') && roomOf(file.path) === null);
    assert.deepEqual(outside, [], 'every file of src lies in a room');
  });

  test('every room has a door, but those that are started: from a terminal, by a browser', () => {
    const doors = new Set(files.map((file) => file.path));
    const without = roomFolders.filter(
      (room) => room !== 'cli' && room !== 'console' && !doors.has(`src/${room}/index.ts`),
    );
    assert.deepEqual(without, []);
  });

  test('a door holds explicit named re-exports and nothing else', () => {
    assert.deepEqual(findUnplainDoors(files), []);
  });

  test('no import has a computed target, which no table could judge', () => {
    const source = files.filter((file) => file.path.startsWith('src/') && !isTestFile(file.path));
    assert.deepEqual(source.flatMap(findComputedImports), []);
  });

  test('test-only power stays in tests', () => {
    assert.deepEqual(findTestPowerInProduct(files), []);
  });

  test('base stays a small leaf', () => {
    const base = files.filter((file) => roomOf(file.path) === 'base' && !isTestFile(file.path));
    const lines = base.reduce((sum, file) => sum + file.text.split('\n').length - 1, 0);
    assert.ok(lines > 0 && lines <= maxBaseLines, `base holds ${lines} lines, at most ${maxBaseLines} are meant`);
  });
});

describe('what the arrows test would catch', () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['an arrow upwards', 'src/base/a.ts', "import { decide } from '../policy/index.ts';", /base may import/],
    ['a type-only arrow upwards', 'src/base/a.ts', "import type { Verdict } from '../policy/index.ts';", /may import/],
    ['a way in beside the door', 'src/policy/a.ts', "import { b } from '../base/result.ts';", /enter by src\/base/],
    ['the platform in a pure room', 'src/policy/a.ts', "import net from 'node:net';", /loads nothing of the platform/],
    [
      'values where types are meant',
      'src/config/a.ts',
      "import { createSpool } from '../spool/index.ts';",
      /load nothing/,
    ],
    ['one value among types', 'src/config/a.ts', "import { type A, b } from '../spool/index.ts';", /load nothing/],
    ['a dynamic import', 'src/wire/a.ts', "const a = await import('../policy/index.ts');", /wire may import/],
    ['a worker of another room', 'src/app/a.ts', "new Worker(new URL('../spool/worker.ts', x));", /enter by/],
    ['the product in a page', 'src/console/a.tsx', "import { ok } from '../base/index.ts';", /console may import/],
    [
      'the contract loaded into a page',
      'src/console/a.tsx',
      "import { endpoints } from '../api/contract/index.ts';",
      /load nothing/,
    ],
    ['its own door', 'src/policy/a.ts', "import { b } from './index.ts';", /the door is for other rooms/],
    [
      'a test helper in the product',
      'src/app/a.ts',
      "import { b } from '../../test/support/b.ts';",
      /does not load tests/,
    ],
  ];
  for (const [name, path, text, expected] of cases) {
    test(`${name} is found`, () => {
      const found = findWrongArrows([{ path, text }]);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', expected);
    });
  }

  test('types of an outer room in config are let through', () => {
    const text = "import type { A } from '../spool/index.ts';\nimport { type B } from '../trust/index.ts';\n";
    assert.deepEqual(findWrongArrows([{ path: 'src/config/a.ts', text }]), []);
  });

  test('a door with a value of its own is found', () => {
    const text = "export { a } from './a.ts';\nexport const b = 1;\n";
    assert.deepEqual(findUnplainDoors([{ path: 'src/wire/index.ts', text }]), ['src/wire/index.ts']);
  });

  test('an open re-export in a door is found', () => {
    const door = { path: 'src/wire/index.ts', text: "export * from './a.ts';\n" };
    assert.deepEqual(findUnplainDoors([door]), ['src/wire/index.ts']);
  });
});
