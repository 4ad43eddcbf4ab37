import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { entryAt, leafOf, leavesOf } from '../../../test/support/audit-fixture.ts';
import type { AnchorConfig } from '../../config/index.ts';
import { statePaths } from '../state-folder.ts';
import { readAnchors } from './anchors/read-anchors.ts';
import { keepAuditLog } from './keep-audit-log.ts';
import { openLogFolder } from './log-folder.ts';
import { verifyFolder } from './verify-folder.ts';

// The attacker can write the state folder; the anchor file is out of reach.
const root = mkdtempSync(join(tmpdir(), 'audit-tamper-'));
const state = join(root, 'state');
const log = statePaths(state).audit;
const anchors: readonly AnchorConfig[] = [{ kind: 'path', path: join(root, 'anchor.txt') }];
after(() => rmSync(root, { recursive: true, force: true }));
before(() => writeAll(state, leavesOf(600), anchors));

/** Writes a log with the key of `stateFolder`, as control does. */
async function writeAll(
  stateFolder: string,
  leaves: readonly Uint8Array[],
  to: readonly AnchorConfig[] = [],
): Promise<void> {
  const kept = await keepAuditLog({
    paths: statePaths(stateFolder),
    leaves: { size: async () => leaves.length, leaves: async (from, until) => leaves.slice(from, until) },
    anchors: to,
    clock: { now: Date.now },
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  assert.ok(kept.ok);
  for (let tries = 0; kept.value.status().anchors.some((one) => one.isBehind) && tries < 500; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await kept.value.close();
  assert.equal(kept.value.status().lastError, null);
}

/** What is found in a folder without anything else, and next to the anchors. */
async function told(dir: string): Promise<{ readonly alone: readonly string[]; readonly anchored: readonly string[] }> {
  const { sources } = await readAnchors(anchors);
  const options = { dir, keyFile: null, checkpointFiles: [], spool: null };
  const looks = [await verifyFolder({ ...options, older: [] }), await verifyFolder({ ...options, older: sources })];
  const [alone = [], anchored = []] = looks.map((look) =>
    look.ok ? look.value.findings.map(({ kind, file }) => `${kind} ${file}`) : [look.fault.message],
  );
  return { alone, anchored };
}

function copyState(name: string): string {
  const copy = join(root, name);
  cpSync(state, copy, { recursive: true });
  return copy;
}

async function filesOf(dir: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const path of openLogFolder(dir).list()) paths.push(path);
  return paths.sort();
}

test('the log as it was written has no findings, with and without the anchor', async () => {
  assert.deepEqual(await told(log), { alone: [], anchored: [] });
});

test('every file that is altered, emptied or removed is named', async () => {
  for (const path of await filesOf(log)) {
    const dir = statePaths(copyState('changed')).audit;
    const file = join(dir, path);
    const good = readFileSync(file);
    writeFileSync(
      file,
      good.map((byte, at) => (at === good.length >> 1 ? byte ^ 8 : byte)),
    );
    assert.ok((await told(dir)).alone.includes(`altered ${path}`), path);
    writeFileSync(file, '');
    assert.ok((await told(dir)).alone.includes(`altered ${path}`), path);
    rmSync(file);
    assert.deepEqual((await told(dir)).alone, [`removed ${path}`], path);
    rmSync(join(root, 'changed'), { recursive: true });
  }
});

test('every pair of files of one kind that is swapped is found', async () => {
  const dir = statePaths(copyState('swapped')).audit;
  for (const [one, other] of [
    ['tile/entries/000', 'tile/entries/001'],
    ['tile/0/000', 'tile/0/001'],
    ['tile/entries/002.p/88', 'tile/entries/000'],
  ] as const) {
    swap(dir, one, other);
    const { alone } = await told(dir);
    for (const path of [one, other])
      assert.ok(
        alone.some((finding) => finding.endsWith(` ${path}`)),
        `${path} in ${alone}`,
      );
    swap(dir, one, other);
  }
  assert.deepEqual((await told(dir)).alone, []);
});

test('with the stolen key: truncated and rewritten logs verify alone, and are found next to the anchor', async () => {
  const anchor = join(root, 'anchor.txt');
  const rows: readonly (readonly [readonly Uint8Array[], string])[] = [
    [leavesOf(599), `truncated ${anchor}`],
    [[], `truncated ${anchor}`],
    [leavesOf(700).with(0, leafOf(entryAt(0, { forged: true }))), `rewritten ${anchor}`],
    [leavesOf(600).with(599, leafOf(entryAt(599, { forged: true }))), `rewritten ${anchor}`],
  ];
  for (const [leaves, finding] of rows) {
    const copy = copyState('stolen');
    rmSync(statePaths(copy).audit, { recursive: true });
    await writeAll(copy, leaves);
    assert.deepEqual(await told(statePaths(copy).audit), { alone: [], anchored: [finding] });
    rmSync(copy, { recursive: true });
  }
});

test('a log that was begun anew under another key verifies alone, and is found next to the anchor', async () => {
  const anchor = join(root, 'anchor.txt');
  const anew = join(root, 'anew');
  await writeAll(anew, leavesOf(600));
  const { alone, anchored } = await told(statePaths(anew).audit);
  assert.deepEqual([alone, anchored], [[], [`rewritten ${anchor}`]]);
});

function swap(dir: string, one: string, other: string): void {
  renameSync(join(dir, one), join(dir, 'aside'));
  renameSync(join(dir, other), join(dir, one));
  renameSync(join(dir, 'aside'), join(dir, other));
}
