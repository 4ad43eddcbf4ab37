import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from '../../../audit/index.ts';
import { ok } from '../../../base/index.ts';
import type { Ledger, PeopleCommand } from '../../../exceptions/index.ts';
import type { AskedAct } from './act-desk.ts';
import { actorOf, heldOf, makeGranted, openHouse } from './desk-house.playbook.ts';
import { loadStanding } from './standing.ts';

/** More than one part: what is written together is 256. */
const grants = 600;

const disabling = (): AskedAct<Extract<PeopleCommand, { kind: 'disable_person' }>> => ({
  id: 'ana',
  command: { kind: 'disable_person', id: 'ana', reason: 'she left' },
  actor: actorOf('dan'),
});

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
    const place = await makeGranted(context, grants);
    const house = await openHouse(context, place);
    const done = await house.desk.actOnPeople(disabling());
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
      const place = await makeGranted(context, grants);
      const killed = await openHouse(context, place, (commit) => (commit === killedAt ? 'killed' : 'fine'));
      void killed.desk.actOnPeople(disabling());
      while (killed.told.length === 0) await new Promise(setImmediate);
      // What comes before the kill is on disk when the ledger was let go.
      await killed.ledger.close();
      const next = await openHouse(context, place);
      await next.desk.recover();
      assert.equal(heldOf(next.standing, place.nowMs), grants);
      const acts = await actsSince(next.ledger);
      assert.equal(acts.length, 1 + grants);
      assert.equal(new Set(acts.map(({ subject }) => subject)).size, 1 + grants);
    });
  }

  test('goes on at a start with what nobody decided about since, and with nothing once the person is back', async (context) => {
    const place = await makeGranted(context, grants);
    const first = await openHouse(context, place, (commit) => (commit === 2 ? 'killed' : 'fine'));
    void first.desk.actOnPeople(disabling());
    while (first.told.length === 0) await new Promise(setImmediate);
    await first.ledger.close();
    const second = await openHouse(context, place);
    // Written by hand: a log in which somebody let one of them count again, as after a restore.
    const resumed = { subject: 'exception/x-7', action: 'exception.resumed', actor: actorOf('ben'), details: {} };
    const view = await second.ledger.view('exception', 'x-7');
    assert.ok(view !== null);
    await second.ledger.commit({
      ...{ nowMs: place.nowMs, entries: [resumed], views: [view], expected: [], answer: null },
    });
    await second.ledger.close();
    const third = await openHouse(context, place);
    await third.desk.recover();
    assert.equal(heldOf(third.standing, place.nowMs), grants - 1);
    await third.desk.recover();
    assert.deepEqual(third.told, [grants - 1]);
    const enable = { kind: 'enable_person', id: 'ana', reason: 'back' } as const;
    assert.ok((await third.desk.actOnPeople({ ...disabling(), command: enable })).ok);
    await third.desk.recover();
    assert.equal(heldOf(third.standing, place.nowMs), grants - 1);
  });

  test('holds all of them though the disk is full in the middle, says that it is not durable, and writes the rest later', async (context) => {
    const place = await makeGranted(context, grants);
    let isFull = true;
    const house = await openHouse(context, place, (commit) => (isFull && commit > 2 ? 'full' : 'fine'));
    const done = await house.desk.actOnPeople(disabling());
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
    const place = await makeGranted(context, grants);
    const house = await openHouse(context, place, () => 'full');
    const done = await house.desk.actOnPeople(disabling());
    assert.deepEqual(done.ok && done.value.isDurable, false);
    assert.equal(house.pending.acts.length, 1);
    assert.deepEqual(house.told, [grants]);
    assert.deepEqual(ok(house.pending.acts[0]?.entries.length), ok(1 + grants));
  });
});
