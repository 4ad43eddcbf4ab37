import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { leavesOf } from '../../../test/support/audit-fixture.ts';
import { findNotes } from '../../audit/index.ts';
import { statePaths } from '../state-folder.ts';
import { type AuditLog, keepAuditLog } from './keep-audit-log.ts';
import { createOwnVerification, type OwnVerification } from './verify-own-log.ts';

// Whoever can write the folder changes it while control runs; a minute of pressing costs no work where nobody did.

const root = mkdtempSync(join(tmpdir(), 'verify-own-'));
after(() => rmSync(root, { recursive: true, force: true }));
const sizes = { now: 600 };
const all = leavesOf(1_000);

async function start(): Promise<{ readonly log: AuditLog; readonly own: OwnVerification; readonly dir: string }> {
  const paths = statePaths(mkdtempSync(join(root, 'state-')));
  const kept = await keepAuditLog({
    paths,
    leaves: { size: async () => sizes.now, leaves: async (from, until) => all.slice(from, until) },
    anchors: [],
    clock: { now: () => 1_000 },
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  assert.ok(kept.ok);
  const log = kept.value;
  const newest = (): string | null => log.published()[0]?.note ?? null;
  return { log, own: createOwnVerification({ dir: paths.audit, newest, clock: { now: Date.now } }), dir: paths.audit };
}

async function told(own: OwnVerification): Promise<readonly string[]> {
  return (await own.verify()).findings.map(({ kind, file }) => `${kind} ${file}`);
}

test('who asks while it runs joins, what nobody touched is told again, and what was touched is read again', async () => {
  const { log, own, dir } = await start();
  assert.deepEqual(own.status(), { verdict: null, isRunning: false });
  const [first, second] = [own.verify(), own.verify()];
  assert.equal(first, second);
  assert.equal(own.status().isRunning, true);
  const verdict = await first;
  assert.deepEqual([verdict.size, verdict.findingCount, own.status().isRunning], [600, 0, false]);
  assert.equal(await own.verify(), verdict, 'without work');
  const tile = join(dir, 'tile/entries/000');
  const good = readFileSync(tile, 'latin1');
  writeFileSync(tile, good.replace('exception/7"', 'exception/8"'), 'latin1');
  assert.deepEqual(await told(own), ['altered tile/entries/000']);
  writeFileSync(tile, good, 'latin1');
  assert.deepEqual(await told(own), []);
  await log.close();
});

test('a log that was cut or replaced since the last checkpoint of this process is told, whatever its own checkpoint says', async () => {
  const { log, own, dir } = await start();
  assert.deepEqual(await told(own), []);
  const before = ['checkpoint', 'log.pub'].map((name) => [name, readFileSync(join(dir, name))] as const);
  sizes.now = 700;
  await log.write();
  for (const [name, bytes] of before) writeFileSync(join(dir, name), bytes);
  assert.ok((await told(own)).includes('truncated the last checkpoint of control'));
  sizes.now = 600;
  const other = await start();
  for (const name of ['checkpoint', 'log.pub']) writeFileSync(join(dir, name), readFileSync(join(other.dir, name)));
  assert.ok((await told(own)).includes('rewritten the last checkpoint of control'));
  for (const one of [log, other.log]) await one.close();
});

test('a folder of rubbish with hostile names is told in at most 20 findings that are safe to show', async () => {
  const { log, own, dir } = await start();
  for (let at = 0; at < 50; at += 1) writeFileSync(join(dir, `\u202egpj.${at}\u001b[2J${'x'.repeat(200)}`), '');
  const verdict = await own.verify();
  assert.deepEqual([verdict.findingCount, verdict.findings.length], [50, 20]);
  for (const { kind, file } of verdict.findings) {
    assert.equal(kind, 'unknown_file');
    assert.match(file, /^\\u\{202e\}gpj\.\d+\\u\{1b\}\[2Jx+$/);
  }
  rmSync(dir, { recursive: true });
  assert.deepEqual(await told(own), ['unreadable the folder of the log']);
  await log.close();
});

test('the last 100 checkpoints since the start are kept, the newest first, each once', async () => {
  sizes.now = 600;
  const { log } = await start();
  await log.write();
  assert.deepEqual(
    log.published().map(({ atMs, size }) => [atMs, size]),
    [[1_000, 600]],
  );
  for (; sizes.now < 720; sizes.now += 1) await log.write();
  await log.write();
  const kept = log.published();
  assert.deepEqual([kept.length, kept[0]?.size, kept.at(-1)?.size], [100, 720, 621]);
  for (const { note, root: told, size } of kept) assert.deepEqual(note.split('\n').slice(1, 3), [String(size), told]);
  assert.equal(findNotes(kept.map(({ note }) => note).join('\n')).length, 100);
  await log.close();
});
