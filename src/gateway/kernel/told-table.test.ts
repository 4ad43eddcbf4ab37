import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createToldTable, type ToldAnswer, type ToldTable } from './told-table.ts';

const opening = { protocol: 'tcp', ports: { from: 5432, to: 5432 }, verdict: 'allow' } as const;
const answerOf = (name: string, addresses: readonly string[], ttlSeconds = 60, serviceId = 257): ToldAnswer => ({
  serviceId,
  name,
  addresses,
  openings: [opening],
  ttlSeconds,
});

interface Bed {
  readonly table: ToldTable;
  now: number;
  tell(answer: ToldAnswer): number;
}

function bed(options: { maxAddressesOfName?: number; maxEntries?: number } = {}): Bed {
  const made: Bed = {
    now: 1_000_000,
    table: createToldTable({ clock: { now: () => made.now }, ...options }),
    tell: (answer) => {
      const telling = made.table.tell(answer);
      telling?.confirm();
      return telling?.writes.length ?? -1;
    },
  };
  return made;
}

test('an answer is written with its time and the grace, and again only when less than half of the grace is left beyond it', () => {
  const { table, tell } = bed();
  assert.deepEqual(
    table.tell(answerOf('a.example', ['203.0.113.7']))?.writes.map(({ seconds }) => seconds),
    [180],
  );
  assert.equal(table.size(), 0, 'nothing is remembered before it is confirmed');
  assert.equal(tell(answerOf('a.example', ['203.0.113.7'])), 1);
  assert.equal(tell(answerOf('a.example', ['203.0.113.7'])), 0);
});

test('a cache hit later writes again', () => {
  const one = bed();
  one.tell(answerOf('a.example', ['203.0.113.7']));
  one.now += 59_000;
  assert.equal(one.tell(answerOf('a.example', ['203.0.113.7'])), 0);
  one.now += 2_000;
  assert.equal(one.tell(answerOf('a.example', ['203.0.113.7'])), 1);
});

test('a time below the floor counts as the floor', () => {
  assert.equal(bed().table.tell(answerOf('a.example', ['203.0.113.7'], 0))?.writes[0]?.seconds, 125);
});

test('forgetting a name leaves what another name holds', () => {
  const { table, tell } = bed();
  tell(answerOf('a.example', ['203.0.113.7', '203.0.113.8']));
  tell(answerOf('b.example', ['203.0.113.8']));
  assert.deepEqual(
    table.forget(257, 'a.example').map(({ address }) => address),
    ['203.0.113.7'],
  );
  assert.deepEqual(
    table.entriesOf(257, 'b.example').map(({ address }) => address),
    ['203.0.113.8'],
  );
  assert.deepEqual(table.namesOf(257), ['b.example']);
  assert.deepEqual(
    table.forget(257, 'b.example').map(({ address }) => address),
    ['203.0.113.8'],
  );
  assert.equal(table.size(), 0);
});

test('a name whose time is over holds nothing, though another name was told its address since', () => {
  const one = bed();
  one.tell(answerOf('a.example', ['203.0.113.7', '203.0.113.8'], 5));
  one.now += 60_000;
  one.tell(answerOf('a.example', ['203.0.113.8'], 300));
  one.now += 70_000;
  one.tell(answerOf('b.example', ['203.0.113.7'], 300));
  assert.deepEqual(
    one.table.entriesOf(257, 'a.example').map(({ address }) => address),
    ['203.0.113.8'],
  );
  one.now += 240_000;
  const renewed = one.table.renewSiblings([{ serviceId: 257, address: '203.0.113.7' }]);
  assert.deepEqual(renewed, [], 'the address in use is no longer one of a.example');
  assert.deepEqual(
    one.table.forget(257, 'b.example').map(({ address }) => address),
    ['203.0.113.7'],
  );
});

test('a name that holds an address for less than another goes on as long as the kernel does once it is alone', () => {
  const one = bed();
  one.tell(answerOf('b.example', ['203.0.113.7'], 300));
  one.tell(answerOf('a.example', ['203.0.113.7'], 5));
  assert.deepEqual(one.table.forget(257, 'b.example'), []);
  one.now += 200_000;
  assert.deepEqual(
    one.table.forget(257, 'a.example').map(({ address }) => address),
    ['203.0.113.7'],
  );
});

test('past the most addresses of a name those go that were told longest ago, never one that a client may still use', () => {
  const one = bed({ maxAddressesOfName: 2 });
  one.tell(answerOf('a.example', ['203.0.113.1'], 5));
  one.now += 1_000;
  one.tell(answerOf('a.example', ['203.0.113.2'], 5));
  assert.deepEqual(one.table.tell(answerOf('a.example', ['203.0.113.3'], 5))?.evicted, []);
  one.now += 10_000;
  const telling = one.table.tell(answerOf('a.example', ['203.0.113.3'], 5));
  assert.deepEqual(
    telling?.evicted.map(({ address }) => address),
    ['203.0.113.1'],
  );
});

test('siblings of an address in use stay, others end', () => {
  const one = bed();
  one.tell(answerOf('a.example', ['203.0.113.1', '203.0.113.2'], 5));
  one.tell(answerOf('b.example', ['203.0.113.3'], 5));
  one.now += 100_000;
  const renewed = one.table.renewSiblings([{ serviceId: 257, address: '203.0.113.1' }]);
  assert.deepEqual(
    renewed.map(({ address, seconds }) => [address, seconds]),
    [
      ['203.0.113.1', 120],
      ['203.0.113.2', 120],
    ],
  );
  one.now += 60_000;
  assert.deepEqual(
    one.table.remaining().map(({ address, seconds }) => [address, seconds]),
    [
      ['203.0.113.1', 60],
      ['203.0.113.2', 60],
    ],
  );
});

test('a full table tells nothing new until something has ended', () => {
  const one = bed({ maxEntries: 2 });
  assert.equal(one.tell(answerOf('a.example', ['203.0.113.1', '203.0.113.2'], 5)), 2);
  assert.equal(one.table.tell(answerOf('b.example', ['203.0.113.3'])), null);
  one.now += 200_000;
  assert.equal(one.tell(answerOf('b.example', ['203.0.113.3'])), 1);
});

test('what is remaining is never longer than what the kernel was told, and covers every answer for its time', () => {
  const step = fc.record({
    name: fc.constantFrom('a.example', 'b.example', 'c.example'),
    serviceId: fc.constantFrom(257, 258),
    last: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    ttlSeconds: fc.integer({ min: 0, max: 300 }),
    laterMs: fc.integer({ min: 0, max: 200_000 }),
    forgets: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const one = bed();
      const kernel = new Map<string, number>();
      for (const { name, serviceId, last, ttlSeconds, laterMs, forgets } of steps) {
        one.now += laterMs;
        const gone = forgets ? one.table.forget(serviceId, name) : [];
        const answer = answerOf(
          name,
          last.map((byte) => `203.0.113.${byte}`),
          ttlSeconds,
          serviceId,
        );
        const telling = one.table.tell(answer);
        for (const entry of [...gone, ...(telling?.evicted ?? [])]) kernel.delete(keyOf(entry));
        settle(one, kernel, answer, telling);
      }
    }),
  );
});

function settle(
  one: Bed,
  kernel: Map<string, number>,
  answer: ToldAnswer,
  telling: ReturnType<ToldTable['tell']>,
): void {
  for (const entry of telling?.writes ?? []) kernel.set(keyOf(entry), one.now + entry.seconds * 1000);
  telling?.confirm();
  for (const address of answer.addresses) {
    const left = (kernel.get(keyOf({ serviceId: answer.serviceId, address })) ?? 0) - one.now;
    assert.ok(left >= Math.max(5, answer.ttlSeconds) * 1000, `${address} ${left}`);
  }
  for (const entry of one.table.remaining()) {
    assert.ok(Math.abs(one.now + entry.seconds * 1000 - (kernel.get(keyOf(entry)) ?? 0)) <= 1_000);
  }
}

function keyOf(entry: { readonly serviceId: number; readonly address: string }): string {
  return `${entry.serviceId} ${entry.address}`;
}
