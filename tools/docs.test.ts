import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reasons } from '../src/policy/index.ts';
import { arrows } from './arrows.ts';
import {
  findDeadLinks,
  findMisspelled,
  findOwnedHosts,
  findReadmeFaults,
  findStaleFiles,
  findUndocumentedExports,
  findUnitlessNames,
  findUntoldDefaults,
} from './house-rules.ts';
import { renderReferencePages } from './reference-pages.ts';
import { isTestFile, readIfThere, readSourceFiles, repositoryRoot } from './source-files.ts';

const source = ['.ts', '.tsx']
  .flatMap((ending) => readSourceFiles(['src'], ending))
  .filter((file) => !isTestFile(file.path));
const everyPage = readSourceFiles(['.'], '.md');

test('every room has a README of one shape', () => {
  const faults = Object.keys(arrows).flatMap((room) => findReadmeFaults(room, readIfThere(`src/${room}/README.md`)));
  assert.deepEqual(faults, []);
});

test('the README of a room names files that are there', () => {
  const paths = ['.ts', '.tsx'].flatMap((ending) => readSourceFiles(['src', 'test'], ending)).map((file) => file.path);
  assert.deepEqual(
    Object.keys(arrows).flatMap((room) => findStaleFiles(room, readIfThere(`src/${room}/README.md`) ?? '', paths)),
    [],
  );
});

test('every exported declaration has a docstring', () => {
  assert.deepEqual(source.flatMap(findUndocumentedExports), []);
});

test('every optional field of an options interface says its default', () => {
  assert.deepEqual(source.flatMap(findUntoldDefaults), []);
});

test('a number that is a timeout, size, limit or ttl has its unit in its name', () => {
  assert.deepEqual(source.flatMap(findUnitlessNames), []);
});

test('the reference pages are what the code says', async () => {
  for (const page of await renderReferencePages()) {
    assert.equal(readIfThere(page.path), page.text, `${page.path} is out of date: run \`npm run docs\``);
  }
});

test('every reason code is on its page', () => {
  const page = readIfThere('docs/reference/reasons.md') ?? '';
  assert.deepEqual(
    Object.keys(reasons).filter((code) => !page.includes(`| \`${code}\` |`)),
    [],
  );
});

test('every term of the glossary is an exported name', () => {
  const glossary = readIfThere('docs/glossary.md') ?? '';
  const names = [...glossary.matchAll(/\| `(\w+)` \|$/gm)].map((match) => match[1] ?? '');
  assert.ok(names.length >= 15, `${names.length} terms were found`);
  const text = source.map((file) => file.text).join('\n');
  const isExported = (name: string): boolean => new RegExp(`^export [a-z ]+ ${name}\\b`, 'm').test(text);
  assert.deepEqual(
    names.filter((name) => !isExported(name)),
    [],
  );
});

test('links in the pages point at files that are there', () => {
  assert.ok(everyPage.length >= 10, `${everyPage.length} pages were found`);
  const exists = (path: string): boolean => existsSync(join(repositoryRoot, path));
  assert.deepEqual(
    everyPage.flatMap((page) => findDeadLinks(page, exists)),
    [],
  );
});

test('behaviour is spelled the British way', () => {
  assert.deepEqual([...source, ...everyPage].flatMap(findMisspelled), []);
});

test('examples in the pages use hosts that are kept for examples', () => {
  assert.deepEqual(everyPage.flatMap(findOwnedHosts), []);
});
