import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { declaredOf, edgeOf } from '../../test/support/propose-fixture.ts';
import { createCoverage } from './coverage.ts';
import { coversHost } from './declared-hosts.ts';
import type { Edge } from './edge.ts';
import { drawFlowMap, type FlowMap, type FlowMapFilter } from './flow-map.ts';
import type { DeclaredEndpoint } from './observation.ts';

const everything: FlowMapFilter = { service: null, newSinceMs: null, class: null };

function draw(
  edges: readonly Edge[],
  declared: readonly DeclaredEndpoint[] = [],
  filter: Partial<FlowMapFilter> = {},
): FlowMap {
  const parts = {
    edges,
    coverage: createCoverage([], { edges, shares: [], leftOut: [] }),
    declared,
    policy: null,
    noPolicy: 'there is none',
    localOrigins: [],
    ownerOf: (principal: string) => (principal === 'payments-api' ? 'team-payments' : null),
    nowMs: 0,
  };
  return drawFlowMap(parts, { ...everything, ...filter });
}

describe('drawing the map', () => {
  test('without configuration nobody can say what was intended', () => {
    const [edge] = draw([edgeOf()]).edges;
    assert.deepEqual([edge?.declaredAt, edge?.judgement, edge?.owner], [null, null, 'team-payments']);
  });

  test('places of declarations are told by port, at most five and each once', () => {
    const at = (line: number, extra: Partial<DeclaredEndpoint> = {}): DeclaredEndpoint =>
      declaredOf('bank.example.com', { line, ...extra });
    const declared = [
      at(1),
      at(1),
      at(2, { port: null }),
      at(3, { port: 80 }),
      declaredOf('*.example.com', { line: 4 }),
      ...[5, 6, 7].map((line) => at(line)),
    ];
    const [edge] = draw([edgeOf()], declared).edges;
    assert.deepEqual(edge?.declaredAt, ['app.env:1', 'app.env:2', 'app.env:4', 'app.env:5', 'app.env:6']);
    assert.deepEqual(draw([edgeOf({ destination: 'other.example.org' })], declared).edges[0]?.declaredAt, []);
  });

  test('an address is declared where one of its possible names is', () => {
    const edge = edgeOf({ destination: '203.0.113.5', isName: false, candidates: ['bank.example.com', 'x.example'] });
    assert.deepEqual(draw([edge], [declaredOf('bank.example.com')]).edges[0]?.declaredAt, ['app.env:1']);
  });

  test('what was declared and never seen is listed, but for what a tool only implies', () => {
    const declared = [
      declaredOf('bank.example.com'),
      declaredOf('never.example.com'),
      declaredOf('*.example.com'),
      declaredOf('*.never.example'),
      declaredOf('registry.example', { confidence: 'implied' }),
    ];
    assert.deepEqual(
      draw([edgeOf()], declared).unseen.map(({ host }) => host),
      ['never.example.com', '*.never.example'],
    );
  });

  test('what is unseen is so of the whole map, whatever the filter shows', () => {
    const map = draw([edgeOf(), edgeOf({ principal: 'other' })], [declaredOf('bank.example.com')], {
      service: 'other',
    });
    assert.deepEqual([map.edges.map(({ edge }) => edge.principal), map.unseen], [['other'], []]);
  });

  test('new is what was first seen at or after an instant', () => {
    const edges = [edgeOf({ firstMs: 99 }), edgeOf({ firstMs: 100, destination: 'new.example' })];
    assert.deepEqual(
      draw(edges, [], { newSinceMs: 100 }).edges.map(({ edge }) => edge.destination),
      ['new.example'],
    );
  });
});

describe('declared hosts with holes', () => {
  const cases: readonly (readonly [pattern: string, name: string, covers: boolean])[] = [
    ['bank.example', 'bank.example', true],
    ['bank.example', 'www.bank.example', false],
    ['*.example', 'bank.example', true],
    ['*.example', 'a.b.example', true],
    ['*.example', 'example', false],
    ['*.example', '203.0.113.5', false],
    ['db-*.example', 'db-1.example', true],
    ['db-*.example', 'db-.example', true],
    ['db-*.example', 'db-1.eu.example', false],
    ['*.*.example', 'a.b.example', true],
    ['a*b*c.example', 'aXbYc.example', true],
    ['a*b*c.example', 'acb.example', false],
    ['a*a.example', 'a.example', false],
    ['s3.*.example', 's3.eu-central-1.example', true],
    ['a.c*.example', 'abc.example', false],
  ];
  for (const [pattern, name, covers] of cases) {
    test(`\`${pattern}\` ${covers ? 'covers' : 'does not cover'} \`${name}\``, () =>
      assert.equal(coversHost(pattern, name), covers));
  }

  test('a pattern of many holes is as quick as any', () => {
    const startedAt = performance.now();
    assert.equal(coversHost(`${'a*'.repeat(30)}b.example`, `${'a'.repeat(60)}.example`), false);
    assert.ok(performance.now() - startedAt < 100);
  });
});
