import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { makeLedgerFolder, openForTest } from '../support/ledger-bed.ts';
import { commitOf, entryOf } from '../support/ledger-fixture.ts';
import { readyVersion, runExeat, startProduct, waitFor, writeProductFolder } from '../support/product.ts';

const policy = {
  'app.yaml': [
    'apiVersion: exeat/v1',
    'service: app',
    'owner: team-app',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:app" ]',
    'allow:',
    '  - { to: "api.example:443", reason: the origin of the test }',
    '',
  ].join('\n'),
};
const options = { policy, credentials: ['app'] } as const;

/** The actions in a ledger, in order. */
function actionsIn(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare('SELECT action FROM entry ORDER BY seq').all();
    return rows.map((row) => String(row['action']));
  } finally {
    database.close();
  }
}

async function addActs(path: string, ...actions: readonly string[]): Promise<void> {
  const ledger = openForTest(path);
  for (const action of actions) assert.ok((await ledger.commit(commitOf([entryOf('exception/A', action)]))).ok);
  await ledger.close();
}

describe('backup and restore', () => {
  test('a backup of a running product is restored into it while the point decides on', {
    timeout: 120_000,
  }, async (context) => {
    const folder = makeLedgerFolder(context);
    const product = await startProduct(options);
    try {
      const ledger = join(product.state, 'control', 'ledger.db');
      const version = await readyVersion(product.console);
      const before = actionsIn(ledger);
      const backup = join(folder, 'backup');
      const made = await product.run('backup', backup, '-o', 'json');
      assert.equal(made.code, 0, made.stderr);
      assert.equal(JSON.parse(made.stdout).entries, before.length);
      assert.ok(!existsSync(join(backup, 'keys')), 'keys stay where they are');
      assert.ok(existsSync(join(backup, 'policy', 'history.ndjson')));
      assert.match((await product.run('backup', backup)).stderr, /is there already/);
      assert.match((await product.run('backup', join(product.state, 'x'))).stderr, /lies in the state/);

      const pids = product.report.pids;
      const restored = await product.run('restore', backup, '--force', '-o', 'json');
      assert.equal(restored.code, 0, restored.stderr);
      assert.equal(JSON.parse(restored.stdout).answeredBy, 'control');
      assert.deepEqual(actionsIn(ledger).slice(0, before.length + 1), [...before, 'store.restored']);
      await waitFor(
        async () => (await readyVersion(product.console).catch(() => null)) === version,
        'the policy',
        20_000,
      );
      assert.equal(process.kill(pids.point ?? 0, 0), true, 'the point was never restarted');
      assert.doesNotMatch(product.stderr(), /point ended/);
      const refused = await product.run('restore', backup);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /holds 1 acts|holds \d+ acts, which a restore replaces/);
      const [aside = ''] = readdirSync(join(product.state, 'replaced'));
      assert.deepEqual(actionsIn(join(product.state, 'replaced', aside, 'ledger.db')), before);
    } finally {
      await product.stop();
    }
  });

  test('with nothing running, both work on the files', { timeout: 120_000 }, async (context) => {
    const folder = makeLedgerFolder(context);
    const { configPath } = await writeProductFolder(folder, options);
    const run = (...args: readonly string[]): ReturnType<typeof runExeat> =>
      runExeat([...args, '--config', configPath]);
    const state = join(folder, '.exeat');
    const ledger = join(state, 'control', 'ledger.db');
    assert.match((await run('backup', join(folder, 'none'))).stderr, /holds no log of acts/);
    const empty = await run('restore', join(folder, 'none'));
    assert.match(empty.stderr, /is no whole backup/);

    await addActs(ledger, 'exception.submitted', 'exception.approved');
    assert.equal((await run('backup', join(folder, 'b'))).code, 0);
    await addActs(ledger, 'exception.revoked');
    const refused = await run('restore', join(folder, 'b'));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /holds 3 acts, which a restore replaces/);
    assert.equal((await run('restore', join(folder, 'b'), '--force')).code, 0);
    assert.deepEqual(actionsIn(ledger), ['exception.submitted', 'exception.approved']);
  });

  test('a damaged log of acts: no start, one line with the file, exit code 1', {
    timeout: 120_000,
  }, async (context) => {
    const folder = makeLedgerFolder(context);
    const { configPath } = await writeProductFolder(folder, options);
    const ledger = join(folder, '.exeat', 'control', 'ledger.db');
    mkdirSync(dirname(ledger), { recursive: true });
    writeFileSync(ledger, 'a text of some length, and no database of any program at all');
    const ended = await runExeat(['up', '--config', configPath]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /^exeat: ledger `.*ledger\.db` is not a database/m);
    assert.equal(readFileSync(ledger, 'utf8'), 'a text of some length, and no database of any program at all');
  });

  test('a backup that was altered replaces nothing', { timeout: 120_000 }, async (context) => {
    const folder = makeLedgerFolder(context);
    const { configPath } = await writeProductFolder(folder, options);
    const run = (...args: readonly string[]): ReturnType<typeof runExeat> =>
      runExeat([...args, '--config', configPath]);
    const ledger = join(folder, '.exeat', 'control', 'ledger.db');
    const backup = join(folder, 'b');
    assert.equal((await run('restore', join(folder, 'none'))).code, 1);
    await addActs(ledger, 'exception.submitted');
    assert.equal((await run('backup', backup)).code, 0);
    const files: Readonly<Record<string, (bytes: Buffer) => Buffer | null>> = {
      'ledger.db': (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]),
      'manifest.json': (bytes) => Buffer.from(bytes.toString().replace('"ledger.db"', '"policy/../../ledger.db"')),
    };
    for (const [name, alter] of Object.entries(files)) {
      const bytes = readFileSync(join(backup, name));
      writeFileSync(join(backup, name), alter(bytes) ?? '');
      const refused = await run('restore', backup, '--force');
      assert.equal(refused.code, 1, name);
      assert.match(refused.stderr, /is not what was backed up|is no whole backup/);
      writeFileSync(join(backup, name), bytes);
    }
    rmSync(join(backup, 'ledger.db'));
    assert.match((await run('restore', backup, '--force')).stderr, /lacks `ledger.db`/);
    assert.deepEqual(actionsIn(ledger), ['exception.submitted']);
    assert.ok(!existsSync(join(folder, '.exeat', 'replaced')));
    assert.ok(!existsSync(join(folder, '.exeat', 'restore')));
  });
});
