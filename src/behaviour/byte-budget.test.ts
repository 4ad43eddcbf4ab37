import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createByteBudget, type Direction } from './index.ts';

test('a budget gives out its cap and no more', () => {
  const budget = createByteBudget({
    caps: () => ({ up: 100, down: null }),
    reserved: { up: 0, down: 0 },
    reserve: () => true,
  });
  assert.equal(budget.take('up', 60), 60);
  assert.equal(budget.isSpent(), false);
  assert.equal(budget.take('up', 60), 40);
  assert.equal(budget.isSpent(), true);
  assert.equal(budget.take('up', 1), 0);
  assert.equal(budget.take('down', 1_000_000), 1_000_000);
});

test('a budget is written down in steps of a sixty-fourth of its cap', () => {
  const written: number[] = [];
  const reserve = (_: Direction, upTo: number): boolean => written.push(upTo) > 0;
  const budget = createByteBudget({ caps: () => ({ up: 6_400, down: null }), reserved: { up: 0, down: 0 }, reserve });
  for (let i = 0; i < 6_400; i++) budget.take('up', 1);
  assert.equal(written.length, 64);
  assert.deepEqual([written[0], written[1], written.at(-1)], [100, 200, 6_400]);
});

test('what cannot be written down is not given out', () => {
  let works = true;
  const budget = createByteBudget({
    caps: () => ({ up: 6_400, down: 10 }),
    reserved: { up: 0, down: 0 },
    reserve: () => works,
  });
  assert.equal(budget.take('up', 30), 30);
  works = false;
  assert.equal(budget.take('up', 100), 70);
  assert.equal(budget.take('up', 100), 0);
  assert.equal(budget.isSpent(), false);
  works = true;
  assert.equal(budget.take('up', 100), 100);
});

test('INVARIANT: over kills and failing writes never more than the cap passes, and never what was not written down', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('take' as const), bytes: fc.nat(5_000), writes: fc.boolean() }),
    fc.record({ kind: fc.constant('kill' as const) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), fc.array(event, { maxLength: 60 }), (cap, events) => {
      let written = 0;
      let writes = true;
      let passed = 0;
      const reserve = (_: Direction, upTo: number): boolean => {
        if (writes) written = upTo;
        return writes;
      };
      const open = (): ReturnType<typeof createByteBudget> =>
        createByteBudget({ caps: () => ({ up: cap, down: null }), reserved: { up: written, down: 0 }, reserve });
      let budget = open();
      for (const each of events) {
        if (each.kind === 'kill') budget = open();
        else {
          writes = each.writes;
          passed += budget.take('up', each.bytes);
        }
        assert.ok(passed <= written && written <= cap);
      }
    }),
  );
});
