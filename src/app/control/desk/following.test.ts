import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeLedgerFolder, openForTest } from '../../../../test/support/ledger-bed.ts';
import { type SeededAccount, seedPeople } from '../../../../test/support/seed-people.ts';
import type { Actor, Entry, NewEntry } from '../../../audit/index.ts';
import { failed, fault, ok } from '../../../base/index.ts';
import { parsePolicyTarget } from '../../../destination/index.ts';
import {
  type ExceptionSpec,
  foldSubject,
  type Ledger,
  lookAt,
  type PeopleCommand,
  statusOf,
} from '../../../exceptions/index.ts';
import { createExceptionFacts, type ExceptionFacts, parsePolicyFiles } from '../../../policy/index.ts';
import type { SqliteLedger } from '../../../store/index.ts';
import { type ActDesk, type AskedAct, createActDesk } from './act-desk.ts';
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

/** A folder with a ledger in which `ana` has many grants, and the moment after they were granted. */
async function makeFolder(context: TestContext): Promise<{ readonly folder: string; readonly nowMs: number }> {
  const state = makeLedgerFolder(context);
  accounts = await seedPeople(state, [
    { id: 'ana', roles: ['requester'] },
    { id: 'ben', roles: ['approver'] },
    { id: 'dan', roles: ['admin'] },
  ]);
  const place = { folder: join(state, 'control'), nowMs: Date.now() };
  const { desk, ledger, standing } = await open(context, place);
  const one = 'x-pattern';
  const submitted = await desk.actOnException({
    id: one,
    command: { kind: 'submit', id: one, spec },
    actor: actorOf('ana'),
  });
  assert.ok(submitted.ok, submitted.ok ? '' : submitted.fault.message);
  const state1 = standing.exceptions.get(one);
  assert.ok(state1 !== undefined);
  const { digest } = lookAt(state1, facts, digestOf);
  const command = {
    kind: 'approve',
    digest,
    policyVersion: facts.policyVersion,
    narrowing: {},
    note: 'looked at it',
  } as const;
  const approved = await desk.actOnException({ id: one, command, actor: actorOf('ben') });
  assert.ok(approved.ok, approved.ok ? '' : approved.fault.message);
  const pattern = JSON.stringify((await ledger.entriesOf(`exception/${one}`)).map(bare));
  const entries = Array.from(
    { length: grants - 1 },
    (_, at) => JSON.parse(pattern.replaceAll(one, `x-${at}`)) as NewEntry[],
  );
  const written = await ledger.commit({
    ...{ nowMs: place.nowMs, entries: entries.flat(), views: [], expected: [], answer: null },
  });
  assert.ok(written.ok);
  assert.ok((await ledger.rebuildViews(foldSubject)).ok);
  await ledger.close();
  return place;
}

function bare({ subject, action, actor, details }: Entry): NewEntry {
  return { subject, action, actor, details };
}

let accounts: ReadonlyMap<string, SeededAccount>;

function actorOf(id: string): Actor {
  return { kind: 'person', id, via: 'token', credential: accounts.get(id)?.tokenId ?? '' };
}

const digestOf = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const policyText = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments-api" ]
allow: [ { to: bank.example.com:443, reason: card settlement } ]
`;
const findFacts = createExceptionFacts(parsePolicyFiles([{ path: 'p.yaml', text: policyText }]).tree, 'sha256:01');
const facts = factsOf('files.example.com:443');

function factsOf(to: string): ExceptionFacts {
  const target = parsePolicyTarget(to);
  assert.ok(target.ok);
  return findFacts({ service: 'payments-api', target: target.value, via: [] });
}

const spec: ExceptionSpec = {
  ...{ relaxes: 'reach', service: 'payments-api', identity: null, to: 'files.example.com:443', via: [] },
  ...{ durationMs: 7_200_000, startAtMs: null, bytesUp: null, bytesDown: null, reason: 'upload of the yearly report' },
  ...{ owner: 'team-payments', beneficiary: 'ana', ticket: null, extends: null, denial: null },
};

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
    digest: digestOf,
    factsOf: async () => ok(facts),
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
    const place = await makeFolder(context);
    const house = await open(context, place);
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
      const place = await makeFolder(context);
      const killed = await open(context, place, (commit) => (commit === killedAt ? 'killed' : 'fine'));
      void killed.desk.actOnPeople(disabling());
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
    void first.desk.actOnPeople(disabling());
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
    const enable = { kind: 'enable_person', id: 'ana', reason: 'back' } as const;
    assert.ok((await third.desk.actOnPeople({ ...disabling(), command: enable })).ok);
    await third.desk.recover();
    assert.equal(heldOf(third.standing, place.nowMs), grants - 1);
  });

  test('holds all of them though the disk is full in the middle, says that it is not durable, and writes the rest later', async (context) => {
    const place = await makeFolder(context);
    let isFull = true;
    const house = await open(context, place, (commit) => (isFull && commit > 2 ? 'full' : 'fine'));
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
    const place = await makeFolder(context);
    const house = await open(context, place, () => 'full');
    const done = await house.desk.actOnPeople(disabling());
    assert.deepEqual(done.ok && done.value.isDurable, false);
    assert.equal(house.pending.acts.length, 1);
    assert.deepEqual(house.told, [grants]);
    assert.deepEqual(ok(house.pending.acts[0]?.entries.length), ok(1 + grants));
  });
});
