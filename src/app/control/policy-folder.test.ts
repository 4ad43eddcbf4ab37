import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPolicyFolder } from './policy-folder.ts';

function withFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-policy-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(
  folder: string,
  before: Parameters<typeof readPolicyFolder>[1] = new Map(),
): ReturnType<typeof readPolicyFolder> {
  return readPolicyFolder(folder, before);
}

test('files are read in order of path, hidden ones and other kinds are left out', () => {
  withFolder((folder) => {
    mkdirSync(join(folder, 'b'));
    for (const name of ['b/x.yaml', 'a.yml', '.hidden.yaml', 'notes.md']) writeFileSync(join(folder, name), name);
    const files = read(folder);
    assert.deepEqual(files.ok ? [...files.value.keys()] : [], ['a.yml', 'b/x.yaml']);
  });
});

test('a link inside the folder counts, as in a mounted config map, and one that leads out is refused by name', () => {
  withFolder((folder) => {
    mkdirSync(join(folder, '..data'));
    writeFileSync(join(folder, '..data', 'a.yaml'), 'x');
    symlinkSync(join('..data', 'a.yaml'), join(folder, 'a.yaml'));
    const inside = read(folder);
    assert.deepEqual(inside.ok ? [...inside.value.keys()] : [], ['a.yaml']);
    symlinkSync('/etc/hostname', join(folder, 'b.yaml'));
    const outside = read(folder);
    assert.match(outside.ok ? '' : outside.fault.message, /b\.yaml` is a link out of the policy folder/);
  });
});

test('an unchanged file keeps its object, a changed one gets another', () => {
  withFolder((folder) => {
    for (const name of ['a.yaml', 'b.yaml']) {
      writeFileSync(join(folder, name), 'one');
      utimesSync(join(folder, name), 1_000, 1_000);
    }
    const first = read(folder);
    assert.ok(first.ok);
    writeFileSync(join(folder, 'b.yaml'), 'two');
    const second = read(folder, first.value);
    assert.ok(second.ok);
    assert.equal(second.value.get('a.yaml'), first.value.get('a.yaml'));
    assert.equal(second.value.get('b.yaml')?.text, 'two');
  });
});

test('a folder that is not there, and a file that is not text, are one line naming it', () => {
  const absent = read('/nonexistent-exeat');
  assert.match(absent.ok ? '' : absent.fault.message, /`\/nonexistent-exeat` is not there/);
  withFolder((folder) => {
    writeFileSync(join(folder, 'a.yaml'), Buffer.from([0xff, 0xfe]));
    const files = read(folder);
    assert.match(files.ok ? '' : files.fault.message, /a\.yaml` is not UTF-8 text/);
  });
});
