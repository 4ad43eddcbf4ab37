import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeLedgerFolder, openForTest } from '../../../../test/support/ledger-bed.ts';
import type { Entry, NewEntry } from '../../../audit/index.ts';
import { failed, fault, ok } from '../../../base/index.ts';
import { foldSubject, type Ledger, statusOf } from '../../../exceptions/index.ts';
import { act, actorOf, approveNow, must, settle, specOf, type Town } from '../../../exceptions/town.playbook.ts';
import type { SqliteLedger } from '../../../store/index.ts';
import { type ActDesk, createActDesk } from './act-desk.ts';
import { openPendingActs, type PendingActs } from './pending-acts.ts';
import { loadStanding, type Standing } from './standing.ts';

/** More than one part: what is written together is 256. */
const grants = 600;

/** A control after a start, on a ledger that may fail or end in the middle. */
interface House {
  readonly ledger: SqliteLedger;
  readonly desk: ActDesk;
  readonly standing: Standing;
  readonly pending: PendingActs;
  /** How often points were told of other grants, with how many that were held then. */
  readonly told: number[];
}

/** What a commit comes to, by its number since the start: as it is, as on a full disk, or never, as after a kill. */
type Weather = (commit: number) => 'fine' | 'full' | 'killed';

/** A folder with a ledger in which one person has many grants. */
async function makeFolder(context: TestContext): Promise<{ readonly folder: string; readonly nowMs: number }> {
  const town = settle((bytes) => createHash('sha256').update(bytes).digest());
  const one = 'x-pattern';
  must(act(town, 'cara', { kind: 'submit', id: one, spec: specOf() }, one));
  must(approveNow(town, 'dan', one));
  const folder = makeLedgerFolder(context);
  const ledger = openForTest(join(folder, 'ledger.db'));
  const written = await ledger.commit({
    nowMs: town.nowMs,
    entries: [...plain(town, (subject) => !subject.startsWith('exception/')), ...copies(town, one)],
    ...{ views: [], expected: [], answer: null },
  });
  assert.ok(written.ok);
  assert.ok((await ledger.rebuildViews(foldSubject)).ok);
  await ledger.close();
  return { folder, nowMs: town.nowMs };
}

function plain({ log }: Town, isWanted: (subject: string) => boolean): readonly NewEntry[] {
  return log
    .filter(({ subject }) => isWanted(subject))
    .map(({ subject, action, actor, details }) => ({ subject, action, actor, details }));
}

function copies(town: Town, id: string): readonly NewEntry[] {
  const pattern = JSON.stringify(plain(town, (subject) => subject === `exception/${id}`));
  return Array.from({ length: grants }, (_, at) => JSON.parse(pattern.replaceAll(id, `x-${at}`)) as NewEntry[]).flat();
}

async function open(
  context: TestContext,
  { folder, nowMs }: { readonly folder: string; readonly nowMs: number },
  weather: Weather = () => 'fine',
): Promise<House> {
  const ledger = openForTest(join(folder, 'ledger.db'));
  context.after(() => ledger.close());
  const standing = await loadStanding(ledger, nowMs);
  const pending = openPendingActs(join(folder, 'pending-acts.json'));
  const told: number[] = [];
  const desk = createActDesk({
    ...{ ledger: inWeather(ledger, weather), standing, pending },
    clock: { now: () => nowMs },
    digest: (bytes) => createHash('sha256').update(bytes).digest(),
    factsOf: async () => failed(fault('no_policy', 'there is none')),
    policyVersion: () => null,
    points: () => ({ points: ['proxy-1'], sequence: 7 }),
    auditTrouble: () => null,
    onActed: (touchesGrants) => {
      if (touchesGrants) told.push(heldOf(standing, nowMs));
    },
    onDone: () => undefined,
    inForce: () => Promise.resolve(true),
  });
  return { ledger, desk, standing, pending, told };
}

function inWeather(ledger: SqliteLedger, weather: Weather): Ledger {
  let count = 0;
  return {
    ...ledger,
    commit: (commit) => {
      count += 1;
      const now = weather(count);
      if (now === 'killed') return new Promise(() => undefined);
      if (now === 'fine') return ledger.commit(commit);
      return Promise.resolve(failed(fault('ledger_unavailable', 'the disk is full')));
    },
  };
}

function heldOf({ exceptions }: Standing, nowMs: number): number {
  return [...exceptions.values()].filter((state) => statusOf(state, nowMs).status === 'suspended').length;
}

const disabling = {
  id: 'cara',
  command: { kind: 'disable_person', id: 'cara', reason: 'she left' },
  actor: actorOf('ada'),
} as const;

/** Entries from the disabling on. */
async function actsSince(ledger: Ledger): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  for (let after: number | null = null; ; after = found.at(-1)?.seq ?? null) {
    const page: readonly Entry[] = await ledger.entries({ order: 'newest', after, most: 1_000 });
    found.push(...page);
    const last = found.findIndex(({ action }) => action === 'person.disabled');
    if (last >= 0) return found.slice(0, last + 1).reverse();
    assert.ok(page.length > 0, 'nobody was disabled');
  }
}

describe('disabling a person on whom many grants hang', () => {
  test('is written before anything happens, holds all of them at once, and writes each down once', async (context) => {
    const place = await makeFolder(context);
    const house = await open(context, place);
    const done = await house.desk.actOnPeople(disabling);
    assert.deepEqual(done.ok && done.value.isDurable, true);
    assert.deepEqual(house.told, [grants]);
    const acts = await actsSince(house.ledger);
    assert.equal(acts[0]?.action, 'person.disabled');
    assert.deepEqual(
      acts
        .slice(1)
        .map(({ subject }) => subject)
        .sort(),
      [...house.standing.exceptions.keys()].map((id) => `exception/${id}`).sort(),
    );
    assert.ok(acts.slice(1).every(({ action }) => action === 'exception.suspended'));
    const again = await loadStanding(house.ledger, place.nowMs);
    assert.deepEqual([...again.exceptions], [...house.standing.exceptions]);
    assert.equal(again.seqOf('exception', 'x-7'), house.standing.seqOf('exception', 'x-7'));
  });

  for (const killedAt of [2, 3, 4]) {
    test(`after a kill before writing number ${killedAt} the next start goes on where it ended`, async (context) => {
      const place = await makeFolder(context);
      const killed = await open(context, place, (commit) => (commit === killedAt ? 'killed' : 'fine'));
      void killed.desk.actOnPeople(disabling);
      while (killed.told.length === 0) await new Promise(setImmediate);
      // What comes before the kill is on disk when the ledger was let go.
      await killed.ledger.close();
      const next = await open(context, place);
      await next.desk.recover();
      assert.equal(heldOf(next.standing, place.nowMs), grants);
      const acts = await actsSince(next.ledger);
      assert.equal(acts.length, 1 + grants);
      assert.equal(new Set(acts.map(({ subject }) => subject)).size, 1 + grants);
    });
  }

  test('goes on at a start with what nobody decided about since, and with nothing once the person is back', async (context) => {
    const place = await makeFolder(context);
    const first = await open(context, place, (commit) => (commit === 2 ? 'killed' : 'fine'));
    void first.desk.actOnPeople(disabling);
    while (first.told.length === 0) await new Promise(setImmediate);
    await first.ledger.close();
    const second = await open(context, place);
    // Written by hand: a log in which somebody let one of them count again, as after a restore.
    const resumed = { subject: 'exception/x-7', action: 'exception.resumed', actor: actorOf('ben'), details: {} };
    const view = await second.ledger.view('exception', 'x-7');
    assert.ok(view !== null);
    await second.ledger.commit({
      ...{ nowMs: place.nowMs, entries: [resumed], views: [view], expected: [], answer: null },
    });
    await second.ledger.close();
    const third = await open(context, place);
    await third.desk.recover();
    assert.equal(heldOf(third.standing, place.nowMs), grants - 1);
    await third.desk.recover();
    assert.deepEqual(third.told, [grants - 1]);
    const enable = { kind: 'enable_person', id: 'cara', reason: 'back' } as const;
    assert.ok((await third.desk.actOnPeople({ ...disabling, command: enable })).ok);
    await third.desk.recover();
    assert.equal(heldOf(third.standing, place.nowMs), grants - 1);
  });

  test('holds all of them though the disk is full in the middle, says that it is not durable, and writes the rest later', async (context) => {
    const place = await makeFolder(context);
    let isFull = true;
    const house = await open(context, place, (commit) => (isFull && commit > 2 ? 'full' : 'fine'));
    const done = await house.desk.actOnPeople(disabling);
    assert.deepEqual(done.ok && done.value.isDurable, false);
    assert.equal(heldOf(house.standing, place.nowMs), grants);
    assert.equal(house.pending.acts.length, 1);
    isFull = false;
    await house.desk.settle();
    assert.equal((await actsSince(house.ledger)).length, 1 + grants);
    assert.deepEqual(house.pending.acts, []);
    assert.deepEqual((await loadStanding(house.ledger, place.nowMs)).exceptions, house.standing.exceptions);
  });

  test('is in force with all that hangs on it though nothing can be written', async (context) => {
    const place = await makeFolder(context);
    const house = await open(context, place, () => 'full');
    const done = await house.desk.actOnPeople(disabling);
    assert.deepEqual(done.ok && done.value.isDurable, false);
    assert.equal(house.pending.acts.length, 1);
    assert.deepEqual(house.told, [grants]);
    assert.deepEqual(ok(house.pending.acts[0]?.entries.length), ok(1 + grants));
  });
});
