import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveLocal } from '../local-socket.ts';
import { startCloser } from './closer.ts';
import { type DeskHouse, type DeskPlace, makeGranted, openHouse, type Weather } from './desk/desk-house.playbook.ts';

const grants = 3_000;
const hourMs = 3_600_000;

interface Street {
  readonly house: DeskHouse;
  /** Commits since the start. */
  readonly commits: () => number;
}

/** Control on grants that all ended, beside a point that has connections of some of them. */
async function openEnded(
  context: TestContext,
  { folder, nowMs }: DeskPlace,
  liveByGrant: Readonly<Record<string, number>>,
): Promise<Street> {
  let commits = 0;
  const weather: Weather = (commit) => {
    commits = commit;
    return 'fine';
  };
  const place = { folder, nowMs: nowMs + 3 * hourMs };
  const house = await openHouse(context, place, weather);
  const pointSocket = join(folder, 'point.sock');
  const point = await serveLocal(pointSocket, { grants: () => ({ sequence: 7, liveByGrant }) });
  context.after(() => point.close());
  const states = (): ReturnType<DeskHouse['standing']['exceptions']['values']> => house.standing.exceptions.values();
  const closer = startCloser({ desk: house.desk, clock: { now: () => place.nowMs }, pointSocket, states });
  context.after(() => closer.close());
  return { house, commits: () => commits };
}

function closedOf({ standing }: DeskHouse): number {
  return [...standing.exceptions.values()].filter(({ closed }) => closed !== null).length;
}

test('thousands that end at once are closed within seconds, in few commits and each once', async (context) => {
  const place = await makeGranted(context, grants);
  const { house, commits } = await openEnded(context, place, { 'x-5': 2, 'x-900': 1 });
  const entriesBefore = await house.ledger.size();
  const began = performance.now();
  while (closedOf(house) < grants - 2) {
    assert.ok(performance.now() - began < 15_000, `${closedOf(house)} of ${grants} are closed after 15 s`);
    await sleep(20);
  }
  context.diagnostic(`${grants} were closed in ${Math.round(performance.now() - began)} ms by ${commits()} commits`);
  assert.equal(commits(), Math.ceil((grants - 2) / 256));
  await sleep(1_500);
  assert.equal(closedOf(house), grants - 2, 'what has connections stays open');
  assert.deepEqual(
    [house.standing.exceptions.get('x-5')?.closed, await house.ledger.size()],
    [null, entriesBefore + grants - 2],
  );
  const [closed] = (await house.ledger.entriesOf('exception/x-7')).filter(
    ({ action }) => action === 'exception.closed',
  );
  assert.deepEqual(closed?.details, {
    points: [{ point: 'point', sequence: 7, connections: 0, atMs: place.nowMs + 3 * hourMs }],
  });
});

test('one that another writer changed meanwhile keeps no other from being closed', async (context) => {
  const place = await makeGranted(context, 20);
  const { house } = await openEnded(context, place, {});
  const actor = { kind: 'system', part: 'control' } as const;
  const entries = [{ subject: 'exception/x-3', action: 'exception.noted', actor, details: {} }];
  await house.ledger.commit({ nowMs: place.nowMs, entries, views: [], expected: [], answer: null });
  const began = performance.now();
  while (closedOf(house) < 19) {
    assert.ok(performance.now() - began < 10_000, `${closedOf(house)} are closed`);
    await sleep(20);
  }
  assert.equal(house.standing.exceptions.get('x-3')?.closed, null);
});
