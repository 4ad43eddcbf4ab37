import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readIfThere, readSourceFiles } from './source-files.ts';

interface LockedPackage {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(readIfThere('package.json') ?? '{}');
const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
  readIfThere('package-lock.json') ?? '{}',
);

test('every production dependency has a line in docs/decisions that says why it and not another', () => {
  const decisions = readSourceFiles(['docs/decisions'], '.md').map((file) => file.text);
  const names = Object.keys(manifest.dependencies);
  assert.ok(names.length > 0);
  assert.deepEqual(
    names.filter((name) => !decisions.some((text) => text.includes(`| \`${name}\` |`))),
    [],
  );
});

test('no production dependency has an install script, its own dependencies included', () => {
  const production = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && entry.dev !== true);
  assert.ok(production.length >= Object.keys(manifest.dependencies).length);
  assert.deepEqual(
    production.filter(([, entry]) => entry.hasInstallScript === true).map(([path]) => path),
    [],
  );
});

test('dependencies are pinned exactly', () => {
  const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  // DuckDB numbers its bindings `1.5.6-r.1`: the engine's version and a revision. That is one version, and no range.
  assert.deepEqual(
    all.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-r\.\d+)?$/.test(version)),
    [],
  );
});

test('the lock names the optional packages of every system, without which `npm ci` refuses it', () => {
  const names = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')));
  const optional = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  const missing = optional.filter((name) => !names.has(name));
  assert.deepEqual(missing, [], 'run `node tools/complete-lock.mjs`');
});
