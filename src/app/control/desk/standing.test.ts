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
  assert.deepEqual([standing.domainOf('one'), standing.domainOf('four')], ['shop.example', null]);
  standing.prune(201);
  assert.equal(standing.domainOf('one'), null);
  assert.deepEqual([ids('bank.example'), ids('shop.example', ['ana', 'ben'])], [[], ['three']]);
  assert.deepEqual([standing.seqOf('exception', 'one'), standing.seqOf('exception', 'three')], [null, 3]);
});

test('what is foreseen counts at once and is found by what it will be, at the place of its last entry', () => {
  const standing = createStanding();
  standing.take([viewOf('one', 'ana', 'a.bank.example:443', 100), viewOf('two', 'ben', 'b.bank.example:443', 100)], 5);
  standing.foresee([viewOf('one', 'ana', 'c.bank.example:443', 100), viewOf('two', 'ben', 'a.shop.example:443', 100)]);
  const ids = (domain: string): readonly string[] => standing.related(domain, []).map(({ id }) => id);
  assert.deepEqual([ids('bank.example'), ids('shop.example')], [['one'], ['two']]);
  assert.equal(standing.exceptions.get('one')?.spec.to, 'c.bank.example:443');
  assert.deepEqual([standing.seqOf('exception', 'one'), standing.seqOf('exception', 'two')], [5, 5]);
});

function viewOf(id: string, requester: string, to: string, untilMs: number): NewView {
  const keys = { owner: null, service: null, domain: scopeDomainOf(to), person: requester, fromMs: 0, untilMs };
  return { kind: 'exception', id, keys, body: { id, requester, spec: { to } } };
}
