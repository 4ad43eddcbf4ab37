import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { View } from '../../exceptions/index.ts';
import { createEndedStates } from './ended-states.ts';

function viewOf(id: string, seq: number): View {
  const keys = { owner: null, service: null, domain: null, person: null, fromMs: 0, untilMs: 0 };
  return { kind: 'exception', id, seq, keys, body: { id, said: seq } };
}

test('a state is read once for each entry that it got, however often it is listed; what is gone is left out', async () => {
  const asked: (readonly string[])[] = [];
  let seq = 1;
  const states = createEndedStates({
    viewsOf: async (_kind, ids) => {
      asked.push(ids);
      return ids.filter((id) => id !== 'gone').map((id) => viewOf(id, seq));
    },
  });
  const saidOf = async (heads: readonly (readonly [string, number])[]): Promise<unknown> => {
    const found = await states.of(heads.map(([id, at]) => ({ id, seq: at })));
    return [...found].map(([id, state]) => [id, (state as unknown as { readonly said: number }).said]);
  };
  assert.deepEqual(
    await saidOf([
      ['a', 1],
      ['gone', 1],
    ]),
    [['a', 1]],
  );
  assert.deepEqual(
    await saidOf([
      ['a', 1],
      ['b', 1],
    ]),
    [
      ['a', 1],
      ['b', 1],
    ],
  );
  seq = 2;
  assert.deepEqual(
    await saidOf([
      ['a', 1],
      ['b', 2],
    ]),
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.deepEqual(asked, [['a', 'gone'], ['b'], ['b']]);
});

test('no more are kept than its bound, and a page larger than that is whole all the same', async () => {
  let read = 0;
  const states = createEndedStates({
    viewsOf: async (_kind, ids) => {
      read += ids.length;
      return ids.map((id) => viewOf(id, 1));
    },
  });
  const heads = Array.from({ length: 2_500 }, (_, at) => ({ id: `x${at}`, seq: 1 }));
  assert.equal((await states.of(heads)).size, 2_500);
  assert.equal((await states.of(heads.slice(600))).size, 1_900);
  assert.equal(read, 2_500, 'the last 2,000 are kept');
  await states.of(heads.slice(0, 1));
  assert.equal(read, 2_501);
});
