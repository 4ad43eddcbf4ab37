import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import type { ExceptionAnswer } from '../../src/api/contract/index.ts';
import { type ApiPerson, askFor, foundPeople, makeAuditor, openException, readLog } from '../support/api-people.ts';
import { childOf } from '../support/kill-child.ts';
import { waitFor } from '../support/product.ts';
import { type RawStory, startRawStory } from '../support/raw-story.ts';
import { skipUnless } from '../support/requires.ts';
import { oneLine, readiness } from '../support/worker-story.ts';

// The disk of control: full while it runs, and a log of acts that cannot be used at a start.

const hosts = Object.fromEntries(
  ['one', 'two', 'three', 'four'].map((name) => [`${name}.example`, '127.0.0.1'] as const),
);

describe('the log of acts cannot be written', { skip: skipUnless('prlimit') }, () => {
  let story: RawStory;
  let ana: ApiPerson;
  let ben: ApiPerson;
  let auditor: ApiPerson;
  const at = (): string => story.product.console;
  before(async () => {
    story = await startRawStory({ config: { hosts } });
    ({ ana, ben } = await foundPeople(story.product, at));
    auditor = await makeAuditor(ana, at);
  });
  after(() => story?.stop());

  const to = (name: string): string => `${name}.example:${story.origin.port}`;
  const opened = async (name: string): Promise<string> => {
    const { id } = await openException(ana, ben, askFor(`tcp://${to(name)}`));
    await waitFor(async () => (await story.ask(to(name))).status === 200, 'the grant');
    return id;
  };
  /** What was acted on an exception, as the log has it. */
  const actsOn = async (id: string): Promise<readonly string[]> =>
    (await readLog(auditor)).filter(({ subject }) => subject === `exception/${id}`).map(({ action }) => action);

  test('what widens is refused with 503 `unavailable`, and `/readyz` says why', async () => {
    const asked = await ana.post<ExceptionAnswer>('/exceptions', askFor(`tcp://${to('one')}`));
    const { id, digest } = asked.body;
    fillDisk(story);
    const approved = await ben.post(`/exceptions/${id}/approve`, { digest });
    assert.deepEqual([approved.status, approved.body.code], [503, 'unavailable']);
    assert.equal((await story.ask(to('one'))).reason, 'no_rule_matched');
    const again = await ana.post('/exceptions', askFor(`tcp://${to('two')}`));
    assert.deepEqual([again.status, again.body.code], [503, 'unavailable']);
    const said = await readiness(story.product);
    assert.equal(said.status, 503);
    assert.match(said.text, /the (log of acts|audit log) cannot be written, nothing is widened/);
    freeDisk(story);
    await waitFor(async () => (await readiness(story.product)).status === 200, 'readiness', 10_000);
    assert.equal((await ben.post(`/exceptions/${id}/approve`, { digest })).status, 200);
    await waitFor(async () => (await story.ask(to('one'))).status === 200, 'the grant');
  });

  test('a revocation refuses at once, says that it is not durable, and is written first when that works again', async () => {
    const id = await opened('two');
    fillDisk(story);
    const revoked = await ben.post<ExceptionAnswer>(`/exceptions/${id}/revoke`, { reason: 'enough' });
    assert.deepEqual([revoked.status, revoked.isDurable, revoked.body.status], [200, false, 'revoked']);
    assert.equal((await story.ask(to('two'))).status, 403);
    assert.match((await readiness(story.product)).text, /1 acts in force are not written down yet/);
    freeDisk(story);
    await waitFor(async () => (await readiness(story.product)).status === 200, 'readiness', 10_000);
    assert.deepEqual((await actsOn(id)).slice(0, 4), [
      'exception.submitted',
      'exception.decided',
      'exception.granted',
      'exception.revoked',
    ]);
    assert.equal((await story.ask(to('two'))).status, 403);
  });

  test('a revocation that waits for the log survives a kill of control, and of the point', async () => {
    const id = await opened('three');
    fillDisk(story);
    const revoked = await ben.post(`/exceptions/${id}/revoke`, { reason: 'enough' });
    assert.equal(revoked.isDurable, false);
    for (const name of ['control', 'point'] as const) process.kill(childOf(story.product, name) ?? 0, 'SIGKILL');
    const answered = await waitFor(() => story.ask(to('three')).catch(() => null), 'the point', 20_000);
    assert.equal(answered.status, 403);
    const revocations = async (): Promise<number> =>
      (await actsOn(id)).filter((action) => action === 'exception.revoked').length;
    await waitFor(async () => (await revocations().catch(() => 0)) > 0, 'the revocation in the log', 20_000);
    assert.equal(await revocations(), 1);
    const verified = await story.product.run('audit', 'verify');
    assert.equal(verified.code, 0, verified.stdout);
  });
});

describe('a log of acts that cannot be used is a plain line and exit 1, and nothing is overwritten:', () => {
  let story: RawStory;
  let ledger: string;
  let good: Buffer;
  before(async () => {
    story = await startRawStory();
    await foundPeople(story.product, () => story.product.console);
    const second = await story.product.run('up');
    assert.equal(second.code, 1);
    assert.match(oneLine(second.stderr), /lock\.db` is held by a running `exeat up`/);
    story.product.signal('SIGTERM');
    await story.product.ended;
    ledger = join(story.product.state, 'control', 'ledger.db');
    good = readFileSync(ledger);
  });
  after(() => story?.stop());

  const rows: readonly (readonly [what: string, spoil: () => void, says: RegExp])[] = [
    [
      'damaged pages',
      () => {
        const bad = Buffer.from(good);
        bad.fill(0xa5, 4_096, 40_000);
        writeFileSync(ledger, bad);
      },
      /ledger `[^`]+` is damaged.*, stop and restore a backup/,
    ],
    [
      'something else',
      () => writeFileSync(ledger, 'not a database at all, '.repeat(400)),
      /is not a database, move it away/,
    ],
    [
      'one of a newer version',
      () => {
        writeFileSync(ledger, good);
        const database = new DatabaseSync(ledger);
        database.exec('PRAGMA user_version = 99');
        database.close();
      },
      /was written by a newer version \(schema 99, this one knows \d+\), use that one/,
    ],
  ];
  for (const [what, spoil, says] of rows) {
    test(what, async () => {
      for (const beside of ['-wal', '-shm']) rmSync(`${ledger}${beside}`, { force: true });
      spoil();
      const before = readFileSync(ledger);
      const end = await story.product.run('up');
      assert.equal(end.code, 1, end.stderr);
      assert.match(oneLine(end.stderr.replaceAll(/^\{.*\}\n/gm, '')), says);
      assert.deepEqual(readFileSync(ledger), before);
    });
  }
});

// A file system of its own takes rights that not everybody has; to a process that may write no byte past 4 KiB of a file a disk is as
// good as full. What lies below that in a file can be written over, as on a disk that is full.
function fillDisk(story: RawStory): void {
  limitFileSize(story, '4096:');
}

function freeDisk(story: RawStory): void {
  limitFileSize(story, 'unlimited:');
}

function limitFileSize({ product }: RawStory, fsize: string): void {
  execFileSync('prlimit', ['--pid', String(childOf(product, 'control')), `--fsize=${fsize}`]);
}
