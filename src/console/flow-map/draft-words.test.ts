import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DraftSum } from '../../api/contract/index.ts';
import { sayChange, sayRest } from './draft-words.ts';

const none: DraftSum = { edges: 0, services: 0, connections: 0, bytes: 0 };
const nothing = {
  ...{ newly_denied: none, newly_allowed: none, still_allowed: none, still_denied: none, not_judged: none },
};

test('a head line says in words what a draft changes, and how much', () => {
  const outcomes = {
    ...nothing,
    newly_denied: { edges: 3, services: 2, connections: 1_204, bytes: 3_565_158 },
    newly_allowed: { edges: 1, services: 1, connections: 12, bytes: 0 },
  };
  assert.equal(
    sayChange(outcomes, {}),
    '3 edges of 2 services would be denied: 1,204 connections, 3.4 MiB since yesterday. 1 edge of 1 service would be let out: 12 connections since yesterday.',
  );
  assert.match(sayChange(outcomes, { range: 'week' }), /in the last week/);
  assert.equal(
    sayChange(nothing, {}),
    'Nothing that goes out would be denied. Nothing that is denied would be let out.',
  );
});

test('what is not judged is told with what it carried', () => {
  const outcomes = {
    ...nothing,
    still_allowed: { ...none, edges: 1 },
    not_judged: { ...none, edges: 12, connections: 40 },
  };
  assert.equal(sayRest(outcomes), '1 edge still allowed, 0 still denied; 12 not judged, 40 connections.');
  assert.match(sayRest(nothing), /every edge was judged/);
});
