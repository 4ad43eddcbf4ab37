import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTestSigner, entryAt, leafOf, leavesOf } from '../../../test/support/audit-fixture.ts';
import type { LeafSource, NoteSigner } from '../../audit/index.ts';
import { openTileFiles, type TileFiles } from './tile-files.ts';
import { createTileWriter, type TileWriter } from './tile-writer.ts';
import { verifyFolder } from './verify-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'tile-writer-'));
after(() => rmSync(root, { recursive: true, force: true }));
const signer = createTestSigner();
let folders = 0;

interface Bed {
  readonly dir: string;
  readonly temporary: string;
  /** The leaves that are committed; tests replace it. */
  committed: readonly Uint8Array[];
  readonly leaves: LeafSource;
}

function createBed(committed: readonly Uint8Array[] = []): Bed {
  folders += 1;
  const home = join(root, String(folders));
  const bed: Bed = {
    dir: join(home, 'audit'),
    temporary: join(home, 'audit.tmp'),
    committed,
    leaves: {
      size: async () => bed.committed.length,
      leaves: async (from, until) => bed.committed.slice(from, until),
    },
  };
  return bed;
}

async function openWriter(bed: Bed, wrap: (files: TileFiles) => TileFiles = (files) => files): Promise<TileWriter> {
  const files = wrap(await openTileFiles(bed.dir, bed.temporary));
  return createTileWriter({ files, leaves: bed.leaves, signer });
}

async function write(writer: TileWriter): Promise<number | string> {
  const written = await writer.write();
  return written.ok ? written.value.size : written.fault.code;
}

async function findings(bed: Bed): Promise<readonly string[]> {
  const verdict = await verifyFolder({ dir: bed.dir, keyFile: null, checkpointFiles: [], older: [], spool: null });
  assert.ok(verdict.ok);
  return verdict.value.findings.map(({ kind, file }) => `${kind} ${file}`);
}

test('the log follows the store, verifies at every size, and keeps no partial tile of before', async () => {
  const all = leavesOf(1300);
  const bed = createBed();
  const writer = await openWriter(bed);
  for (const size of [0, 1, 5, 255, 256, 257, 700, 1024, 1300]) {
    bed.committed = all.slice(0, size);
    assert.equal(await write(writer), size);
    assert.deepEqual(await findings(bed), [], `${size}`);
  }
  assert.deepEqual(readdirSync(bed.temporary), []);
  const files = (await openTileFiles(bed.dir, bed.temporary)).list();
  const partial = (await files).filter((path) => path.includes('.p/'));
  assert.deepEqual(partial.sort(), ['tile/0/005.p/20', 'tile/1/000.p/5', 'tile/entries/005.p/20']);
  assert.equal(statSync(join(bed.dir, 'checkpoint')).mode & 0o777, 0o600);
});

test('a writer that is begun again goes on from what was signed, and writes full tiles once', async () => {
  const bed = createBed(leavesOf(300));
  assert.equal(await write(await openWriter(bed)), 300);
  const first = statSync(join(bed.dir, 'tile/entries/000')).mtimeMs;
  bed.committed = leavesOf(310);
  const asked: number[] = [];
  const { leaves } = bed.leaves;
  Object.assign(bed.leaves, {
    leaves: (from: number, until: number) => {
      asked.push(from);
      return leaves(from, until);
    },
  });
  assert.equal(await write(await openWriter(bed)), 310);
  assert.equal(statSync(join(bed.dir, 'tile/entries/000')).mtimeMs, first);
  assert.ok(
    asked.every((from) => from >= 256),
    asked.join(),
  );
  assert.deepEqual(await findings(bed), []);
});

test('calls while a write is under way share the next one, which has what was committed by then', async () => {
  const bed = createBed(leavesOf(1));
  const writer = await openWriter(bed);
  const first = writer.write();
  bed.committed = leavesOf(3);
  const sizes = (await Promise.all([first, writer.write(), writer.write()])).map((one) => one.ok && one.value.size);
  assert.equal(sizes[1], 3);
  assert.equal(sizes[2], 3);
});

test('INVARIANT: wherever the writer is stopped, what is on disk verifies against its checkpoint, and the next one goes on', async () => {
  const rows: readonly (readonly [before: number, after: number])[] = [
    [0, 3],
    [3, 5],
    [250, 260],
    [250, 800],
    [511, 512],
  ];
  for (const [before, later] of rows) {
    for (let step = 0; ; step += 1) {
      const bed = createBed(leavesOf(before));
      if (before > 0) assert.equal(await write(await openWriter(bed)), before);
      bed.committed = leavesOf(later);
      const stops = { left: step };
      const outcome = await write(await openWriter(bed, (files) => stopAfter(files, stops)));
      const told = await findings(bed);
      const isBegun = existsSync(join(bed.dir, 'checkpoint'));
      if (isBegun) assert.deepEqual(told, [], `${before} to ${later}, step ${step}`);
      const next = await openWriter(bed);
      assert.equal(await write(next), later);
      assert.deepEqual(await findings(bed), [], `${before} to ${later}, after step ${step}`);
      assert.deepEqual(readdirSync(bed.temporary), []);
      if (outcome === later) break;
      assert.equal(outcome, 'audit_unwritable');
    }
  }
});

test('a writer whose disk failed writes on when it works again', async () => {
  const bed = createBed(leavesOf(10));
  const stops = { left: 2 };
  const writer = await openWriter(bed, (files) => stopAfter(files, stops));
  assert.equal(await write(writer), 'audit_unwritable');
  assert.equal(await write(writer), 'audit_unwritable');
  stops.left = Number.POSITIVE_INFINITY;
  assert.equal(await write(writer), 10);
  assert.deepEqual(await findings(bed), []);
});

test('nothing is signed on top of a log that does not fit its store, its key or itself', async () => {
  const changes: readonly (readonly [string, (bed: Bed) => void, NoteSigner?])[] = [
    ['the store was cut', (bed) => Object.assign(bed, { committed: leavesOf(299) })],
    ['the store is another', (bed) => Object.assign(bed, { committed: leavesOf(310, { other: true }) })],
    ['the key is another', () => undefined, createTestSigner()],
    ['a tile was changed', (bed) => flip(join(bed.dir, 'tile/0/001.p/44'))],
    ['a tile was removed', (bed) => rmSync(join(bed.dir, 'tile/entries/001.p/44'))],
    ['the checkpoint was changed', (bed) => flip(join(bed.dir, 'checkpoint'))],
    ['the key of the folder was changed', (bed) => flip(join(bed.dir, 'log.pub'))],
  ];
  for (const [what, change, other = signer] of changes) {
    const bed = createBed(leavesOf(300));
    assert.equal(await write(await openWriter(bed)), 300);
    const note = readFileSync(join(bed.dir, 'checkpoint'), 'utf8');
    bed.committed = leavesOf(310);
    change(bed);
    const files = await openTileFiles(bed.dir, bed.temporary);
    const outcome = await createTileWriter({ files, leaves: bed.leaves, signer: other }).write();
    assert.match(outcome.ok ? what : outcome.fault.message, /^the audit log is not written on: .*`exeat audit verify`/);
    if (!what.includes('checkpoint')) assert.equal(readFileSync(join(bed.dir, 'checkpoint'), 'utf8'), note, what);
  }
});

test('a store that gives less than it has, or an entry past the bound, is signed by nobody', async () => {
  const bed = createBed(leavesOf(5));
  Object.assign(bed.leaves, { leaves: async () => [] });
  assert.equal(await write(await openWriter(bed)), 'audit_unwritable');
  const large = createBed([leafOf(entryAt(0)), new Uint8Array(65_536)]);
  assert.equal(await write(await openWriter(large)), 'audit_unwritable');
  assert.equal(existsSync(join(large.dir, 'checkpoint')), false);
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Fails every change of the folder after some have been made, as a kill there would: the last one is made and not answered. */
function stopAfter(files: TileFiles, stops: { left: number }): TileFiles {
  const step = async (work: () => Promise<void>): Promise<void> => {
    stops.left -= 1;
    if (stops.left < -1) throw new TypeError('stopped');
    await work();
    if (stops.left === -1) throw new TypeError('stopped');
  };
  return {
    ...files,
    put: (path, bytes) => step(() => files.put(path, bytes)),
    force: () => step(() => files.force()),
    drop: (path) => step(() => files.drop(path)),
  };
}
