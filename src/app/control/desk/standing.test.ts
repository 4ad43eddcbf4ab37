import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NewView, scopeDomainOf } from '../../../exceptions/index.ts';
import { createStanding } from './standing.ts';

test('exceptions are found by domain and by who asked, as they stand now, until they are let go', () => {
  const standing = createStanding();
  standing.take([viewOf('one', 'ana', 'tcp://a.bank.example:443', 100)], 1);
  standing.take([viewOf('two', 'ben', 'b.bank.example:443', 200)], 2);
  standing.take([viewOf('three', 'ana', 'shop.example:443', 300)], 3);
  const ids = (domain: string, people: readonly string[] = []): readonly string[] =>
    standing
      .related(domain, people)
      .map(({ id }) => id)
      .sort();
  assert.deepEqual(ids('bank.example'), ['one', 'two']);
  assert.deepEqual(ids('bank.example', ['ana']), ['one', 'three', 'two']);
  assert.deepEqual(ids('other.example', ['ben', 'eve']), ['two']);
  standing.take([viewOf('one', 'ana', 'tcp://a.shop.example:443', 100)], 4);
  assert.deepEqual([ids('bank.example'), ids('shop.example')], [['two'], ['one', 'three']]);
  standing.prune(201);
  assert.deepEqual([ids('bank.example'), ids('shop.example', ['ana', 'ben'])], [[], ['three']]);
  assert.deepEqual([standing.seqOf('exception', 'one'), standing.seqOf('exception', 'three')], [null, 3]);
});

function viewOf(id: string, requester: string, to: string, untilMs: number): NewView {
  const keys = { owner: null, service: null, domain: scopeDomainOf(to), person: requester, fromMs: 0, untilMs };
  return { kind: 'exception', id, keys, body: { id, requester, spec: { to } } };
}
