import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { makeLedgerFolder, openForTest, openingOf } from '../../../test/support/ledger-bed.ts';
import { commitOf, entryOf, viewOf } from '../../../test/support/ledger-fixture.ts';
import { skipUnless } from '../../../test/support/requires.ts';
import { findDamage } from './check-file.ts';
import { openDatabase } from './connection.ts';
import { migrate, migrations, schemaVersion } from './migrations.ts';

/** A closed ledger of some hundred acts. */
async function makeLedger(folder: string, acts = 300): Promise<string> {
  const path = join(folder, 'ledger.db');
  const ledger = openForTest(path);
  const entries = Array.from({ length: acts }, (_, at) => entryOf(`exception/${at % 20}`));
  assert.ok((await ledger.commit(commitOf(entries, { views: [viewOf('1')] }))).ok);
  await ledger.close();
  return path;
}

describe('the file of the ledger', () => {
  test('it is for its owner alone, and one that was wider is tightened', async (context) => {
    const path = await makeLedger(makeLedgerFolder(context));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    execFileSync('chmod', ['644', path]);
    const ledger = openForTest(path);
    await ledger.commit(commitOf([entryOf('exception/A')]));
    for (const name of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(name).mode & 0o777, 0o600, name);
    await ledger.close();
    assert.ok(!existsSync(`${path}-wal`), 'a clean end leaves one file');
  });

  test('its origin is made once', async (context) => {
    const path = join(makeLedgerFolder(context), 'ledger.db');
    const first = openForTest(path);
    assert.match(first.origin, /^[0-9a-f]{32}$/);
    await first.close();
    const again = openForTest(path);
    assert.equal(again.origin, first.origin);
    await again.close();
  });

  test('what is no ledger is refused with the reason, and not a byte of it is changed', async (context) => {
    const folder = makeLedgerFolder(context);
    const whole = await makeLedger(folder);
    const spoil: Readonly<Record<string, (path: string) => void>> = {
      store_corrupt: (path) => writeFileSync(path, 'this is a text and no database, long enough for a header of one'),
      store_not_ledger: (path) => {
        const other = new DatabaseSync(path);
        other.exec('CREATE TABLE accounts (name TEXT)');
        other.close();
      },
      store_too_new: (path) => {
        writeFileSync(path, readFileSync(whole));
        const newer = new DatabaseSync(path);
        newer.exec('PRAGMA journal_mode = DELETE; PRAGMA user_version = 99');
        newer.close();
      },
    };
    for (const [code, make] of Object.entries(spoil)) {
      const path = join(folder, `${code}.db`);
      make(path);
      const before = readFileSync(path);
      assert.equal(await openingOf(path), code);
      assert.deepEqual(readFileSync(path), before, code);
    }
    mkdirSync(join(folder, 'folder.db'));
    assert.equal(await openingOf(join(folder, 'folder.db')), 'store_unavailable');
    assert.equal(await openingOf(join(folder, 'none', 'ledger.db')), 'store_unavailable');
  });

  test('a damaged file is refused: pages overwritten, an end cut off, a table without its rows', async (context) => {
    const folder = makeLedgerFolder(context);
    const path = await makeLedger(folder, 2_000);
    const bytes = readFileSync(path);
    const overwritten = Buffer.from(bytes);
    overwritten.fill(0xff, 3 * 4_096, 6 * 4_096);
    writeFileSync(path, overwritten);
    assert.equal(await openingOf(path), 'store_corrupt');
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length - 20 * 4_096);
    assert.equal(await openingOf(path), 'store_corrupt');
    writeFileSync(path, bytes);
    const database = openDatabase(path, false);
    database.exec('DROP TRIGGER entry_is_never_deleted; DELETE FROM view; DELETE FROM entry WHERE seq = 7');
    assert.match(findDamage(database, path, true)?.message ?? '', /lacks 1 of its 2000 entries/);
    database.close();
    assert.equal(await openingOf(path), 'store_corrupt');
  });

  test('an empty file, as a kill right after its making leaves it, is a new ledger', async (context) => {
    const path = join(makeLedgerFolder(context), 'ledger.db');
    writeFileSync(path, '');
    assert.equal(await openingOf(path), 'opened');
  });

  test('INVARIANT: entries are append-only, whoever writes to the table', async (context) => {
    const database = openDatabase(await makeLedger(makeLedgerFolder(context)), false);
    const insert = (seq: number, timeMs: number, or = ''): void =>
      void database
        .prepare(
          `INSERT ${or} INTO entry (seq, time_ms, subject, action, actor, body) VALUES (?, ?, 'a', 'b', 'c', x'00')`,
        )
        .run(seq, timeMs);
    const lateMs = 9e15;
    assert.throws(() => database.exec("UPDATE entry SET actor = 'person/eve' WHERE seq = 3"), /never changed/);
    assert.throws(() => database.exec('DELETE FROM entry WHERE seq = 299'), /never deleted/);
    assert.throws(() => insert(301, lateMs), /next place/);
    assert.throws(() => insert(3, lateMs, 'OR REPLACE'), /next place/);
    assert.throws(() => insert(300, 1), /no earlier time/);
    insert(300, lateMs);
    database.close();
  });

  test('a ledger of before passkeys is brought forward with all that it holds', async (context) => {
    const path = join(makeLedgerFolder(context), 'ledger.db');
    const database = openDatabase(path, false);
    migrate(database, migrations.slice(0, 1));
    database.exec(`INSERT INTO entry VALUES (0, 1, 'person/ana', 'person.created', 'person/root', x'7b7d')`);
    database.exec(`INSERT INTO view VALUES ('person', 'ana', 0, NULL, NULL, NULL, 'ana', 1, 2, '{"name":"Ana"}')`);
    database.close();
    const ledger = openForTest(path);
    assert.deepEqual((await ledger.view('person', 'ana'))?.body, { name: 'Ana' });
    await ledger.close();
    const now = new DatabaseSync(path);
    assert.equal(schemaVersion(now), migrations.length);
    now.close();
  });

  test('migrations go forward, one transaction each, and a broken one leaves the version before it', (context) => {
    const database = openDatabase(join(makeLedgerFolder(context), 'ledger.db'), false);
    migrate(database, [['CREATE TABLE first (a TEXT)']]);
    const steps = [
      ['CREATE TABLE never (a TEXT)'],
      ['CREATE TABLE second (a TEXT)'],
      ['CREATE TABLE third (a TEXT)', 'no SQL'],
    ];
    assert.throws(() => migrate(database, steps), /syntax/);
    assert.equal(schemaVersion(database), 2);
    const tables = database.prepare('SELECT name FROM sqlite_schema ORDER BY name').all();
    assert.deepEqual(
      tables.map((table) => table['name']),
      ['first', 'second'],
    );
    database.close();
  });
});

describe('the disk of the ledger', () => {
  test('past its bound nothing is committed, and all that was is there', async (context) => {
    const path = join(makeLedgerFolder(context), 'ledger.db');
    const small = openForTest(path, 256 * 1024);
    let taken = 0;
    let fault: string | null = null;
    while (fault === null && taken < 10_000) {
      const committed = await small.commit(commitOf([entryOf(`exception/${taken}`), entryOf(`exception/${taken}`)]));
      if (committed.ok) taken += 2;
      else fault = `${committed.fault.code}: ${committed.fault.message}`;
    }
    assert.match(fault ?? '', /^ledger_unavailable: .*full/);
    assert.equal(await small.size(), taken);
    await small.close();
    const wider = openForTest(path);
    assert.ok((await wider.commit(commitOf([entryOf('exception/A')]))).ok);
    assert.equal(await wider.size(), taken + 1);
    await wider.close();
  });

  test('a full disk refuses acts until it is mended', { skip: skipUnless('root', 'mount') }, async (context) => {
    const folder = join(makeLedgerFolder(context), 'disk');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
    try {
      const ledger = openForTest(join(folder, 'ledger.db'));
      assert.ok((await ledger.commit(commitOf([entryOf('exception/A')]))).ok);
      fillDisk(join(folder, 'filler'));
      const large = Array.from({ length: 200 }, (_, at) => entryOf(`exception/${at}`));
      const refused = await ledger.commit(commitOf(large));
      assert.equal(refused.ok ? '' : refused.fault.code, 'ledger_unavailable');
      assert.equal(await ledger.size(), 1, 'what is there can be read');
      rmSync(join(folder, 'filler'));
      assert.ok((await ledger.commit(commitOf(large))).ok, 'the next one works');
      assert.equal(await ledger.size(), 201);
      await ledger.close();
      assert.equal(await openingOf(join(folder, 'ledger.db')), 'opened');
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
  });
});

function fillDisk(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(4 * 1024 * 1024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

describe('a ledger at work', () => {
  test('after its end it refuses acts, and ending twice is harmless', async (context) => {
    const ledger = openForTest(join(makeLedgerFolder(context), 'ledger.db'));
    const early = ledger.commit(commitOf([entryOf('exception/A')]));
    await ledger.close();
    await ledger.close();
    assert.ok((await early).ok, 'what was asked before the end is written');
    const late = await ledger.commit(commitOf([entryOf('exception/A')]));
    assert.equal(late.ok ? '' : late.fault.code, 'ledger_unavailable');
    await assert.rejects(ledger.size());
  });

  test('acts that wait for a disk that hangs are bounded', async (context) => {
    const ledger = openForTest(join(makeLedgerFolder(context), 'ledger.db'));
    const answers = await Promise.all(
      Array.from({ length: 1_200 }, () => ledger.commit(commitOf([entryOf('exception/A')]))),
    );
    assert.equal(answers.filter((answer) => answer.ok).length, 1_000);
    assert.equal(await ledger.size(), 1_000);
    await ledger.close();
  });

  test('what is not committed yet is not read', async (context) => {
    const ledger = openForTest(join(makeLedgerFolder(context), 'ledger.db'));
    const entries = Array.from({ length: 100 }, () => entryOf('exception/A'));
    const commit = ledger.commit(commitOf(entries));
    const seen = new Set<number>();
    let isCommitted = false;
    void commit.then(() => {
      isCommitted = true;
    });
    while (!isCommitted) seen.add((await ledger.entriesOf('exception/A')).length);
    await commit;
    assert.deepEqual(
      [...seen].filter((length) => length !== 0 && length !== 100),
      [],
    );
    await ledger.close();
  });

  test('views are made anew from entries, all at once, while others read', async (context) => {
    const ledger = openForTest(join(makeLedgerFolder(context), 'ledger.db'));
    for (const id of ['A', 'B', 'A']) {
      await ledger.commit(commitOf([entryOf(`exception/${id}`)], { views: [viewOf(id, {}, { of: 'before' })] }));
    }
    await ledger.commit(commitOf([entryOf('policy', 'policy.changed')], { views: [viewOf('stray')] }));
    const rebuilt = await ledger.rebuildViews((subject, entries) =>
      subject === 'policy' ? [] : [viewOf(subject.slice('exception/'.length), {}, { acts: entries.length })],
    );
    assert.deepEqual(rebuilt, { ok: true, value: 2 });
    const views = await ledger.views({ kind: 'exception', order: 'oldest', after: null, most: 10 });
    assert.deepEqual(
      views.map(({ id, seq, body }) => [id, seq, body]),
      [
        ['A', 2, { acts: 2 }],
        ['B', 1, { acts: 1 }],
      ],
    );
    await assert.rejects(
      ledger.rebuildViews(() => {
        throw new Error('a fold that breaks');
      }),
      /breaks/,
    );
    assert.deepEqual((await ledger.view('exception', 'A'))?.body, { acts: 2 }, 'the views before are kept');
    await ledger.close();
  });

  test('a copy is of one moment, while acts go on', async (context) => {
    const folder = makeLedgerFolder(context);
    const ledger = openForTest(join(folder, 'ledger.db'));
    const write = (count: number): Promise<unknown> =>
      ledger.commit(commitOf(Array.from({ length: count }, (_, at) => entryOf(`exception/${at}`))));
    await write(5_000);
    let isCopied = false;
    const copying = ledger.copyTo(join(folder, 'copy.db')).finally(() => {
      isCopied = true;
    });
    while (!isCopied) {
      await write(7);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await copying, { ok: true, value: 5_000 });
    assert.ok((await ledger.size()) > 5_000);
    const copy = openForTest(join(folder, 'copy.db'));
    assert.equal(await copy.size(), 5_000);
    assert.equal(copy.origin, ledger.origin);
    assert.deepEqual(await copy.leaves(4_000, 5_000), await ledger.leaves(4_000, 5_000));
    await copy.close();
    await ledger.close();
    assert.equal(statSync(join(folder, 'copy.db')).mode & 0o777, 0o600);
  });
});
