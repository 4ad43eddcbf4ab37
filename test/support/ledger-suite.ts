import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Entry, LeafSource, NewEntry } from '../../src/audit/index.ts';
import type { KeptAnswer, Ledger, NewView, ViewQuery } from '../../src/exceptions/index.ts';
import { commitOf, encodeForTest, entryOf, noonMs, viewOf } from './ledger-fixture.ts';
import { createLedgerModel, type LedgerModel } from './ledger-model.ts';

/** A ledger under test. Opened with {@link encodeForTest}. */
export interface LedgerUnderTest extends Ledger, LeafSource {
  close(): Promise<void>;
}

/** A place for one ledger: opens it again and again, one after the other, and removes it in the end. */
export interface LedgerBed {
  open(): Promise<LedgerUnderTest>;
  remove(): Promise<void>;
}

type Work = (ledger: LedgerUnderTest, reopen: () => Promise<LedgerUnderTest>) => Promise<void>;

const minuteMs = 60_000;

/** What every `Ledger` must do, run on one implementation. */
export function checkLedger(name: string, make: () => LedgerBed): void {
  const onLedger = (what: string, work: Work): void => {
    test(what, { timeout: 2 * minuteMs }, () => withLedger(make, work));
  };
  describe(`${name}: what every ledger does`, () => {
    checkCommits(onLedger);
    checkEntryLists(onLedger);
    checkViews(onLedger);
    checkAnswers(onLedger);
    onLedger('INVARIANT: over 1,000 subjects it answers as the model does', checkAgainstModel);
  });
}

async function withLedger(make: () => LedgerBed, work: Work): Promise<void> {
  const bed = make();
  let ledger = await bed.open();
  const reopen = async (): Promise<LedgerUnderTest> => {
    await ledger.close();
    ledger = await bed.open();
    return ledger;
  };
  try {
    await work(ledger, reopen);
  } finally {
    await ledger.close();
    await bed.remove();
  }
}

/** Commits what must be taken. */
async function commit(ledger: Ledger, ...given: Parameters<typeof commitOf>): Promise<readonly Entry[]> {
  const committed = await ledger.commit(commitOf(...given));
  assert.ok(committed.ok, committed.ok ? '' : committed.fault.message);
  return committed.value;
}

async function faultOf(ledger: Ledger, ...given: Parameters<typeof commitOf>): Promise<string | null> {
  const committed = await ledger.commit(commitOf(...given));
  return committed.ok ? null : committed.fault.code;
}

function checkCommits(onLedger: (what: string, work: Work) => void): void {
  onLedger('an empty ledger has nothing', async (ledger) => {
    assert.equal(await ledger.size(), 0);
    assert.deepEqual(await ledger.leaves(0, 10), []);
    assert.deepEqual(await ledger.entriesOf('exception/A'), []);
    assert.deepEqual(await ledger.entries({ after: null, order: 'newest', most: 10 }), []);
    assert.equal(await ledger.view('exception', 'A'), null);
  });

  onLedger('entries take places from 0 on, and come back as they were', async (ledger) => {
    const [first, second] = await commit(ledger, [entryOf('exception/A'), entryOf('exception/B')]);
    assert.deepEqual(first, { v: 1, seq: 0, time: '2026-12-01T12:00:00.000Z', ...entryOf('exception/A') });
    assert.equal(second?.seq, 1);
    const [third] = await commit(ledger, [entryOf('exception/A', 'exception.approved', 'ben')]);
    assert.equal(third?.seq, 2);
    assert.deepEqual(await ledger.entriesOf('exception/A'), [first, third]);
  });

  onLedger('INVARIANT: an entry is its own leaf', async (ledger) => {
    const entries = await commit(ledger, [entryOf('exception/A'), entryOf('exception/B'), entryOf('person/ana')]);
    assert.equal(await ledger.size(), 3);
    const leaves = await ledger.leaves(1, 3);
    assert.deepEqual(leaves.map(textOf), entries.slice(1).map(encodeForTest).map(textOf));
    assert.equal((await ledger.leaves(2, 12)).length, 1, 'what is not committed is not there');
    await assert.rejects(ledger.leaves(0, 10_001), /10000|10,000/);
  });

  onLedger('INVARIANT: the times of entries never go back', async (ledger) => {
    await commit(ledger, [entryOf('exception/A')], { nowMs: noonMs });
    const [back] = await commit(ledger, [entryOf('exception/A')], { nowMs: noonMs - minuteMs });
    const [on] = await commit(ledger, [entryOf('exception/A')], { nowMs: noonMs + minuteMs });
    assert.deepEqual([back?.time, on?.time], ['2026-12-01T12:00:00.000Z', '2026-12-01T12:01:00.000Z']);
  });

  onLedger(
    'where the clock was set anew, times go on from there and entries of both times are found',
    async (ledger) => {
      const ahead = noonMs + 600 * minuteMs;
      await commit(ledger, [entryOf('exception/A')], { nowMs: noonMs });
      await commit(ledger, [entryOf('exception/A')], { nowMs: ahead });
      await commit(ledger, [{ ...entryOf('clock'), action: 'clock.reset' }], { nowMs: noonMs + minuteMs });
      await commit(ledger, [entryOf('exception/A')], { nowMs: noonMs + 2 * minuteMs });
      await commit(ledger, [entryOf('exception/A')], { nowMs: noonMs + minuteMs });
      const page = { after: null, order: 'oldest', most: 10 } as const;
      const places = async (sinceMs: number, untilMs: number): Promise<readonly number[]> =>
        (await ledger.entries({ ...page, sinceMs, untilMs })).map(({ seq }) => seq);
      assert.deepEqual(await places(noonMs, noonMs + 2 * minuteMs), [0, 2]);
      assert.deepEqual(await places(noonMs + 2 * minuteMs, ahead), [3, 4]);
      assert.deepEqual(await places(ahead, ahead + 1), [1]);
    },
  );

  onLedger('a subject that somebody else changed is a conflict, and nothing of the commit is there', async (ledger) => {
    await commit(ledger, [entryOf('exception/A')], { expected: [{ subject: 'exception/A', seq: null }] });
    const late = {
      views: [viewOf('B')],
      expected: [
        { subject: 'exception/B', seq: null },
        { subject: 'exception/A', seq: null },
      ],
      answer: answerOf('key'),
    };
    assert.equal(await faultOf(ledger, [entryOf('exception/B'), entryOf('exception/A')], late), 'ledger_conflict');
    assert.equal(await ledger.size(), 1);
    assert.equal(await ledger.view('exception', 'B'), null);
    assert.equal(await ledger.keptAnswer('person/ana', 'key', noonMs), null);
    await commit(ledger, [entryOf('exception/A')], { expected: [{ subject: 'exception/A', seq: 0 }] });
  });

  onLedger('a commit that breaks an invariant in its last part leaves nothing of its first', async (ledger) => {
    const wide = entryOf('exception/B');
    const tooLarge: NewEntry = { ...wide, details: { text: 'x'.repeat(70_000) } };
    await assert.rejects(
      ledger.commit(commitOf([entryOf('exception/A'), tooLarge], { views: [viewOf('A')] })),
      /bytes/,
    );
    assert.equal(await ledger.size(), 0);
    const [next] = await commit(ledger, [entryOf('exception/A')]);
    assert.equal(next?.seq, 0, 'the next commit takes the place');
  });

  onLedger(
    'INVARIANT: commits at the same time leave no gap, and one of two on the same state wins',
    async (ledger) => {
      const subjects = Array.from({ length: 40 }, (_, at) => `exception/${at % 20}`);
      const answers = await Promise.all(
        subjects.map((subject) =>
          ledger.commit(commitOf([entryOf(subject), entryOf(subject)], { expected: [{ subject, seq: null }] })),
        ),
      );
      assert.equal(answers.filter((answer) => answer.ok).length, 20);
      const entries = await ledger.entries({ after: null, order: 'oldest', most: 100 });
      assert.deepEqual(
        entries.map((entry) => entry.seq),
        Array.from({ length: 40 }, (_, seq) => seq),
      );
    },
  );

  onLedger('INVARIANT: what was committed is there after it is opened again', async (ledger, reopen) => {
    const entries = await commit(ledger, [entryOf('exception/A'), entryOf('exception/B')], {
      views: [viewOf('A', { owner: 'team-a' }, { status: 'pending' })],
      answer: answerOf('key'),
    });
    const again = await reopen();
    assert.equal(await again.size(), 2);
    assert.deepEqual(await again.entriesOf('exception/B'), entries.slice(1));
    assert.deepEqual(await again.view('exception', 'A'), {
      ...viewOf('A', { owner: 'team-a' }, { status: 'pending' }),
      seq: 0,
    });
    assert.deepEqual(await again.keptAnswer('person/ana', 'key', noonMs), answerOf('key'));
    const [next] = await commit(again, [entryOf('exception/A')]);
    assert.equal(next?.seq, 2);
  });
}

function checkEntryLists(onLedger: (what: string, work: Work) => void): void {
  onLedger('entries are listed by subject, actor, action and time, either way, page by page', async (ledger) => {
    for (let at = 0; at < 12; at += 1) {
      const action = at % 3 === 0 ? 'person.created' : 'exception.approved';
      const actor = at % 2 === 0 ? 'ana' : 'system/control';
      await commit(ledger, [entryOf(`exception/${at % 4}`, action, actor)], { nowMs: noonMs + at * minuteMs });
    }
    const seqs = async (query: Partial<Parameters<Ledger['entries']>[0]>): Promise<readonly number[]> =>
      (await ledger.entries({ after: null, order: 'oldest', most: 100, ...query })).map((entry) => entry.seq);
    assert.deepEqual(await seqs({ subject: 'exception/1' }), [1, 5, 9]);
    assert.deepEqual(await seqs({ actor: 'person/ana' }), [0, 2, 4, 6, 8, 10]);
    assert.deepEqual(await seqs({ actor: 'system/control', order: 'newest' }), [11, 9, 7, 5, 3, 1]);
    assert.deepEqual(await seqs({ actionPrefix: 'person.' }), [0, 3, 6, 9]);
    assert.deepEqual(await seqs({ actionPrefix: 'person.', actor: 'person/ana' }), [0, 6]);
    assert.deepEqual(await seqs({ actionPrefix: 'pers_n' }), []);
    assert.deepEqual(await seqs({ sinceMs: noonMs + 4 * minuteMs, untilMs: noonMs + 7 * minuteMs }), [4, 5, 6]);
    assert.deepEqual(await seqs({ order: 'newest', most: 3 }), [11, 10, 9]);
    assert.deepEqual(await seqs({ order: 'newest', most: 3, after: 9 }), [8, 7, 6]);
    assert.deepEqual(await seqs({ after: 9 }), [10, 11]);
    assert.deepEqual(await seqs({ after: 11 }), []);
  });
}

function checkViews(onLedger: (what: string, work: Work) => void): void {
  onLedger('of two views of one subject in a commit the last stands, whatever it is found by', async (ledger) => {
    const views = [viewOf('A', { owner: 'team-a' }), viewOf('B', { owner: 'team-a' })];
    await commit(ledger, [entryOf('exception/A'), entryOf('exception/B')], { views });
    const moved = viewOf('A', { owner: 'team-b' }, { status: 'moved' });
    const back = viewOf('A', { owner: 'team-a' }, { status: 'back' });
    const idsOf = async (owner: string): Promise<readonly string[]> =>
      (await ledger.views({ kind: 'exception', owner, order: 'oldest', after: null, most: 10 })).map(({ id }) => id);
    await commit(ledger, [entryOf('exception/A')], { views: [moved, back] });
    assert.deepEqual([await idsOf('team-a'), await idsOf('team-b')], [['A', 'B'], []]);
    assert.deepEqual((await ledger.view('exception', 'A'))?.body, { status: 'back' });
    await commit(ledger, [entryOf('exception/A')], {
      views: [back, moved, viewOf('B', { owner: 'team-a' }, { is: 'as found' })],
    });
    assert.deepEqual([await idsOf('team-a'), await idsOf('team-b')], [['B'], ['A']]);
    assert.deepEqual((await ledger.view('exception', 'B'))?.body, { is: 'as found' });
  });

  onLedger(
    'a view is found by id and by its keys, and the newest one is in the place of the one before',
    async (ledger) => {
      await commit(ledger, [entryOf('exception/A')], {
        views: [viewOf('A', { owner: 'team-a', domain: 'bank.example' })],
      });
      await commit(ledger, [entryOf('exception/B'), entryOf('person/ana')], {
        views: [
          viewOf('B', { owner: 'team-b', service: 'payments', person: 'ana' }),
          { ...viewOf('ana', { person: 'ana' }), kind: 'person' },
        ],
      });
      await commit(ledger, [entryOf('exception/A')], {
        views: [viewOf('A', { owner: 'team-b' }, { status: 'active' })],
      });
      assert.equal((await ledger.view('exception', 'B'))?.seq, 1, 'the entry of its own subject');
      assert.equal((await ledger.view('exception', 'A'))?.seq, 3);
      const ids = async (query: Partial<ViewQuery>): Promise<readonly string[]> =>
        (await ledger.views({ kind: 'exception', order: 'oldest', after: null, most: 10, ...query })).map(
          ({ id }) => id,
        );
      assert.deepEqual(await ids({}), ['A', 'B']);
      assert.deepEqual(await ids({ owner: 'team-b', order: 'newest' }), ['B', 'A']);
      assert.deepEqual(await ids({ domain: 'bank.example' }), [], 'the key of the view before is gone');
      assert.deepEqual(await ids({ service: 'payments', person: 'ana' }), ['B']);
      assert.deepEqual(await ids({ kind: 'person', person: 'ana' }), ['ana']);
      assert.deepEqual(await ids({ after: 'A' }), ['B']);
      assert.deepEqual(await ids({ after: 'B', order: 'newest', most: 1 }), ['A']);
    },
  );

  onLedger('no two passkeys are of one credential, and a commit that tries leaves nothing', async (ledger) => {
    const passkey = (id: string, credentialId: string, name = 'laptop'): NewView => ({
      ...viewOf(id, { person: 'ana' }, { credentialId, name }),
      kind: 'passkey',
    });
    await commit(ledger, [entryOf('passkey/A', 'passkey.registered')], { views: [passkey('A', 'c1')] });
    await commit(ledger, [entryOf('passkey/B', 'passkey.registered')], { views: [passkey('B', 'c2')] });
    const twice = commitOf([entryOf('passkey/C', 'passkey.registered')], { views: [passkey('C', 'c1')] });
    await assert.rejects(ledger.commit(twice));
    assert.deepEqual([await ledger.size(), await ledger.view('passkey', 'C')], [2, null]);
    await commit(ledger, [entryOf('passkey/A', 'passkey.named')], { views: [passkey('A', 'c1', 'key')] });
    const found = await ledger.views({ kind: 'passkey', person: 'ana', order: 'oldest', after: null, most: 10 });
    assert.deepEqual(
      found.map(({ id, body }) => [id, body['name']]),
      [
        ['A', 'key'],
        ['B', 'laptop'],
      ],
    );
  });

  onLedger('views are listed by the span that their time touches', async (ledger) => {
    const spans = { A: [0, 10], B: [5, 20], C: [20, 30], D: [0, Number.MAX_SAFE_INTEGER] };
    for (const [id, [fromMs = 0, untilMs = 0]] of Object.entries(spans)) {
      await commit(ledger, [entryOf(`exception/${id}`)], { views: [viewOf(id, { fromMs, untilMs })] });
    }
    const ids = async (sinceMs: number, untilMs: number): Promise<string> => {
      const query = { kind: 'exception', order: 'oldest', after: null, most: 10, sinceMs, untilMs } as const;
      return (await ledger.views(query)).map(({ id }) => id).join('');
    };
    assert.equal(await ids(0, 4), 'AD');
    assert.equal(await ids(11, 19), 'BD');
    assert.equal(await ids(20, 20), 'BCD');
    assert.equal(await ids(31, 1_000), 'D');
  });
}

function checkAnswers(onLedger: (what: string, work: Work) => void): void {
  onLedger('a kept answer is given to the same actor until it is over, and is kept once', async (ledger) => {
    await commit(ledger, [entryOf('exception/A')], { answer: answerOf('key') });
    assert.deepEqual(await ledger.keptAnswer('person/ana', 'key', noonMs + minuteMs - 1), answerOf('key'));
    assert.equal(await ledger.keptAnswer('person/ben', 'key', noonMs), null);
    assert.equal(await ledger.keptAnswer('person/ana', 'other', noonMs), null);
    assert.equal(await ledger.keptAnswer('person/ana', 'key', noonMs + minuteMs), null);
    assert.equal(await faultOf(ledger, [entryOf('exception/A')], { answer: answerOf('key') }), 'ledger_conflict');
    assert.equal(await ledger.size(), 1, 'a request that is sent twice at a time acts once');
    const later = noonMs + 2 * minuteMs;
    await commit(ledger, [entryOf('exception/A')], { nowMs: later, answer: answerOf('key', later + minuteMs) });
    assert.deepEqual(await ledger.keptAnswer('person/ana', 'key', later), answerOf('key', later + minuteMs));
  });
}

function answerOf(key: string, untilMs = noonMs + minuteMs): KeptAnswer {
  return { actor: 'person/ana', key, digest: 'sha256:00', status: 201, body: { id: 'A', of: [1, null] }, untilMs };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

// Hundreds of commits over a thousand subjects, then questions of every shape; writes and questions are drawn by one seed.
async function checkAgainstModel(ledger: LedgerUnderTest): Promise<void> {
  const model = createLedgerModel();
  const [acts = []] = fc.sample(fc.array(actOf, { minLength: 600, maxLength: 600 }), { numRuns: 1, seed: 4 });
  for (const act of acts) await checkAct(ledger, model, act);
  assert.ok(model.entries.length > 500, `${model.entries.length} entries were taken`);
  assert.equal(await ledger.size(), model.entries.length);
  assert.deepEqual((await ledger.leaves(0, 10_000)).map(textOf), model.entries.map(encodeForTest).map(textOf));
  for (const query of fc.sample(entryQueryOf, { numRuns: 300, seed: 4 })) {
    assert.deepEqual(await ledger.entries(query), model.list(query), JSON.stringify(query));
  }
  for (const query of fc.sample(viewQueryOf, { numRuns: 300, seed: 4 })) {
    const wanted = model.views(query);
    assert.deepEqual(await ledger.views(query), wanted, JSON.stringify(query));
    const heads = wanted.map(({ id, seq }) => ({ id, seq }));
    assert.deepEqual(
      (await ledger.viewHeads(query)).map(({ id, seq }) => ({ id, seq })),
      heads,
    );
    const byId = await ledger.viewsOf(query.kind, ["it's none", ...heads.map(({ id }) => id)]);
    assert.deepEqual([...byId].sort(compareIds), [...wanted].sort(compareIds));
  }
}

interface Act {
  readonly numbers: readonly number[];
  readonly action: string;
  readonly actor: string;
  readonly afterMs: number;
  readonly isStale: boolean;
  readonly key: string | null;
  readonly keys: Partial<NewView['keys']>;
}

const pick = (...words: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...words);
const action = pick('exception.submitted', 'exception.approved', 'person.created', 'policy.changed');
const spanMs = 1_000 * minuteMs;
const timeMs = fc.integer({ min: noonMs, max: noonMs + spanMs });
const keysOf = fc.record({
  owner: pick('team-a', 'team-b'),
  service: fc.option(pick('payments', 'search')),
  domain: fc.option(pick('bank.example', '192.0.2.7')),
  person: fc.option(pick('ana', 'ben')),
  fromMs: timeMs,
  untilMs: timeMs,
});
const actOf: fc.Arbitrary<Act> = fc.record({
  // Mostly anywhere among a thousand, sometimes among a few, which then have long histories.
  numbers: fc.array(fc.oneof(fc.nat(999), fc.nat(9)), { minLength: 1, maxLength: 3 }),
  action,
  actor: pick('ana', 'ben', 'system/control'),
  afterMs: fc.integer({ min: -minuteMs, max: 2 * minuteMs }),
  isStale: fc.nat(9).map((n) => n === 0),
  key: fc.option(pick('k1', 'k2', 'k3')),
  keys: keysOf,
});

async function checkAct(ledger: Ledger, model: LedgerModel, act: Act): Promise<void> {
  const last = model.entries.at(-1);
  const nowMs = (last === undefined ? noonMs : Date.parse(last.time)) + act.afterMs;
  const subjects = [...new Set(act.numbers)].map((number) => `exception/${number}`);
  const given = commitOf(
    subjects.map((subject) => entryOf(subject, act.action, act.actor)),
    {
      nowMs,
      views: act.numbers.map((number) => viewOf(String(number), act.keys, { action: act.action })),
      expected: subjects.map((subject) => ({
        subject,
        seq: act.isStale ? -7 : (model.entries.findLast((entry) => entry.subject === subject)?.seq ?? null),
      })),
      answer: act.key === null ? null : answerOf(act.key, nowMs + minuteMs),
    },
  );
  const committed = await ledger.commit(given);
  assert.deepEqual(committed.ok ? committed.value : committed.fault.code, model.commit(given));
  const [first = ''] = subjects;
  assert.deepEqual(
    await ledger.entriesOf(first),
    model.entries.filter((entry) => entry.subject === first),
  );
  const id = String(act.numbers[0]);
  assert.deepEqual(await ledger.view('exception', id), model.view('exception', id));
  // Asked by a clock that does not go back: what was over once may be gone.
  const keptMs = Math.max(nowMs, ...model.entries.slice(-1).map((entry) => Date.parse(entry.time)));
  assert.deepEqual(await ledger.keptAnswer('person/ana', 'k1', keptMs), model.keptAnswer('person/ana', 'k1', keptMs));
}

const order = fc.constantFrom('oldest' as const, 'newest' as const);
const most = fc.constantFrom(1, 7, 100, 5_000);
/** Some fields of a record, in any combination. */
const some = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const entryQueryOf = fc
  .tuple(
    fc.record({ after: fc.option(fc.nat(1_500)), order, most }),
    some({
      subject: fc.nat(12).map((number) => `exception/${number}`),
      actor: pick('person/ana', 'person/nobody', 'system/control'),
      actionPrefix: pick('exception.', 'person.created', 'pol', 'z'),
      sinceMs: timeMs,
      untilMs: timeMs,
    }),
  )
  .map(([base, rest]) => ({ ...base, ...rest }));
const viewQueryOf: fc.Arbitrary<ViewQuery> = fc
  .tuple(
    fc.record({ after: fc.option(fc.nat(999).map(String)), order, most }),
    some({
      owner: pick('team-a', 'team-b', 'team-z'),
      service: pick('payments', 'search'),
      domain: pick('bank.example', '192.0.2.7'),
      person: pick('ana', 'ben'),
      sinceMs: timeMs,
      untilMs: timeMs,
    }),
  )
  .map(([base, rest]) => ({ kind: 'exception', ...base, ...rest }));

function compareIds(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
