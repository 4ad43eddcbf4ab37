import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeLedgerFolder, openForTest } from '../../../../test/support/ledger-bed.ts';
import { type SeededAccount, seedPeople } from '../../../../test/support/seed-people.ts';
import type { Actor, Entry, NewEntry } from '../../../audit/index.ts';
import { failed, fault, ok } from '../../../base/index.ts';
import { parsePolicyTarget } from '../../../destination/index.ts';
import { type ExceptionSpec, foldSubject, type Ledger, lookAt, statusOf } from '../../../exceptions/index.ts';
import { createExceptionFacts, type ExceptionFacts, parsePolicyFiles } from '../../../policy/index.ts';
import type { SqliteLedger } from '../../../store/index.ts';
import { type ActDesk, createActDesk } from './act-desk.ts';
import { openPendingActs, type PendingActs } from './pending-acts.ts';
import { restorePending } from './pending-once.ts';
import { loadStanding, type Standing } from './standing.ts';

/** A control after a start, on a ledger that may fail or end in the middle. */
export interface DeskHouse {
  readonly ledger: SqliteLedger;
  readonly desk: ActDesk;
  readonly standing: Standing;
  readonly pending: PendingActs;
  /** How often points were told of other grants, with how many that were held then. */
  readonly told: number[];
}

/** What a commit comes to, by its number since the start: as it is, as on a full disk, or never, as when a kill comes before or after it. */
export type Weather = (commit: number) => 'fine' | 'full' | 'killed' | 'killed after';

/** A folder of control, and the time that it is there. */
export interface DeskPlace {
  readonly folder: string;
  readonly nowMs: number;
}

/** A folder with a ledger in which `ana` has grants (two hours each, ids `x-pattern`, `x-0` …), and the moment after they were granted. */
export async function makeGranted(context: TestContext, grants: number): Promise<DeskPlace> {
  const state = makeLedgerFolder(context);
  accounts = await seedPeople(state, [
    { id: 'ana', roles: ['requester'] },
    { id: 'ben', roles: ['approver'] },
    { id: 'dan', roles: ['admin'] },
  ]);
  const place = { folder: join(state, 'control'), nowMs: Date.now() };
  const { desk, ledger, standing } = await openHouse(context, place);
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

/** Somebody who acts by their token: `ana` who asks, `ben` who approves, `dan` who is admin. */
export function actorOf(id: string): Actor {
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

/** A start of control on a folder. Its past is told to the desk by `recover`, as at any start. */
export async function openHouse(
  context: TestContext,
  { folder, nowMs }: DeskPlace,
  weather: Weather = () => 'fine',
): Promise<DeskHouse> {
  const ledger = openForTest(join(folder, 'ledger.db'));
  context.after(() => ledger.close());
  const standing = await loadStanding(ledger, nowMs);
  const pending = openPendingActs(join(folder, 'pending-acts.json'));
  await restorePending({ ledger, standing, pending }, nowMs);
  const told: number[] = [];
  const desk = createActDesk({
    ...{ ledger: inWeather(ledger, weather), standing, pending },
    clock: { now: () => nowMs },
    digest: digestOf,
    factsOf: async () => ok(facts),
    policyVersion: () => null,
    points: () => ({ points: ['point'], sequence: 7 }),
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
      if (now === 'killed after') return ledger.commit(commit).then(() => new Promise(() => undefined));
      return Promise.resolve(failed(fault('ledger_unavailable', 'the disk is full')));
    },
  };
}

/** How many grants are held now. */
export function heldOf({ exceptions }: Standing, nowMs: number): number {
  return [...exceptions.values()].filter((state) => statusOf(state, nowMs).status === 'suspended').length;
}
