import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipUnless } from '../../test/support/requires.ts';
import { buildNative } from '../../tools/build-native.mjs';
import { openDriver } from './driver.ts';
import { loadAddon, loadFile, sourceDigest } from './native/load-addon.ts';

test('without an addon `auto` is `node` and says why, and `native` is a fault', () => {
  const empty = mkdtempSync(join(tmpdir(), 'exeat-native-'));
  try {
    const auto = openDriver('auto', null, empty);
    assert.ok(auto.ok);
    assert.deepEqual([auto.value.name, auto.value.threads], ['node', 0]);
    assert.match(auto.value.why ?? '', /cannot be loaded: it was not built for linux-/);
    const native = openDriver('native', null, empty);
    assert.equal(native.ok ? null : native.fault.code, 'native_unavailable');
    assert.equal(openDriver('node', null, empty).ok, true);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test('a file that is no addon, or was built of other sources, is not loaded', { skip: skipUnless('compiler') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-native-'));
  try {
    const junk = join(folder, 'junk.node');
    writeFileSync(junk, 'no shared object');
    assert.equal(loadFile(junk).ok, false);
    const built = buildNative('host').file ?? '';
    assert.equal(loadFile(built, sourceDigest()).ok, true);
    const other = loadFile(built, 'f'.repeat(64));
    assert.match(other.ok ? '' : other.fault.message, /was built of other sources/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('of files for two systems that do not load, the reason of each is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-native-'));
  try {
    mkdirSync(join(folder, 'build'));
    const files = ['glibc', 'musl'].map((libc) => join(folder, 'build', `linux-${process.arch}-${libc}.node`));
    for (const file of files) writeFileSync(file, 'no shared object');
    const loaded = loadAddon(folder);
    const said = loaded.ok ? '' : loaded.fault.message;
    for (const file of files) assert.ok(said.includes(file), said);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the native driver has as many threads as it is told', { skip: skipUnless('compiler') }, () => {
  assert.notEqual(buildNative('host').file, null);
  const driver = openDriver('native', 3);
  assert.ok(driver.ok);
  assert.deepEqual([driver.value.name, driver.value.threads, driver.value.why], ['native', 3, null]);
});
