import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Ledger } from '../../../exceptions/index.ts';
import { actorOf, type DeskHouse, type DeskPlace, heldOf, makeGranted, openHouse } from './desk-house.playbook.ts';
import { loadStanding } from './standing.ts';

const revoke = (house: DeskHouse, id: string): ReturnType<DeskHouse['desk']['actOnException']> =>
  house.desk.actOnException({ id, command: { kind: 'revoke', reason: 'not needed' }, actor: actorOf('ben') });

/** How often each thing happened, by subject and action. */
async function countActs(ledger: Ledger, subjects: readonly string[]): Promise<readonly number[]> {
  const all = await Promise.all(subjects.map((subject) => ledger.entriesOf(subject)));
  return all.map((entries) => entries.filter(({ action }) => /revoked|suspended|disabled/.test(action)).length);
}

/** A start after a kill: what was committed is there, and the file is as the kill left it. */
async function startAgain(context: TestContext, place: DeskPlace, killed: DeskHouse): Promise<DeskHouse> {
  await killed.ledger.close();
  return await openHouse(context, place);
}

describe('INVARIANT: an act that waited for the log is written once', () => {
  test('after a kill between its commit and the clearing of the file', async (context) => {
    const place = await makeGranted(context, 3);
    let isFull = true;
    const house = await openHouse(context, place, () => (isFull ? 'full' : 'killed after'));
    for (const id of ['x-0', 'x-1']) {
      const revoked = await revoke(house, id);
      assert.equal(revoked.ok && revoked.value.isDurable, false);
    }
    isFull = false;
    const before = await house.ledger.size();
    void house.desk.settle();
    while ((await house.ledger.size()) === before) await new Promise(setImmediate);
    const next = await startAgain(context, place, house);
    // The first is in the log and crossed out at the start, the second still waits.
    assert.equal(next.pending.acts.length, 1);
    await next.desk.recover();
    assert.deepEqual(next.pending.acts, []);
    assert.deepEqual(await countActs(next.ledger, ['exception/x-0', 'exception/x-1']), [1, 1]);
    assert.deepEqual((await loadStanding(next.ledger, place.nowMs)).exceptions, next.standing.exceptions);
  });

  test('though the file was never cleared in the same run, and leaves what was decided since as it is', async (context) => {
    const place = await makeGranted(context, 3);
    let isFull = true;
    const house = await openHouse(context, place, () => (isFull ? 'full' : 'fine'));
    const held = await house.desk.actOnException({
      ...{ id: 'x-0', command: { kind: 'suspend', reason: 'look at it' }, actor: actorOf('ben') },
    });
    assert.equal(held.ok && held.value.isDurable, false);
    const file = join(place.folder, 'pending-acts.json');
    copyFileSync(file, `${file}.old`);
    isFull = false;
    await revoke(house, 'x-0');
    await house.ledger.close();
    copyFileSync(`${file}.old`, file);
    const next = await openHouse(context, place);
    assert.notEqual(next.standing.exceptions.get('x-0')?.ended, null);
    await next.desk.recover();
    assert.deepEqual(await countActs(next.ledger, ['exception/x-0']), [2]);
    assert.deepEqual((await loadStanding(next.ledger, place.nowMs)).exceptions, next.standing.exceptions);
  });

  for (const [when, isFull] of [
    ['before anything of it was written', (): boolean => true],
    ['in the middle of what it brings with it', (commit: number): boolean => commit > 2],
  ] as const) {
    test(`where a person was disabled and the disk was full ${when}`, async (context) => {
      // All of it fits into the file.
      const grants = 300;
      const place = await makeGranted(context, grants);
      let mayWrite = false;
      const house = await openHouse(context, place, (commit) =>
        mayWrite ? 'killed after' : isFull(commit) ? 'full' : 'fine',
      );
      const disable = { kind: 'disable_person', id: 'ana', reason: 'she left' } as const;
      const done = await house.desk.actOnPeople({ id: 'ana', command: disable, actor: actorOf('dan') });
      assert.equal(done.ok && done.value.isDurable, false);
      mayWrite = true;
      const before = await house.ledger.size();
      void house.desk.settle();
      while ((await house.ledger.size()) === before) await new Promise(setImmediate);
      const next = await startAgain(context, place, house);
      await next.desk.recover();
      assert.equal(heldOf(next.standing, place.nowMs), grants);
      const subjects = ['person/ana', ...[...next.standing.exceptions.keys()].map((id) => `exception/${id}`)];
      assert.deepEqual(
        await countActs(next.ledger, subjects),
        subjects.map(() => 1),
      );
    });
  }
});
