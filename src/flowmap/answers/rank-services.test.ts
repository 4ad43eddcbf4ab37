import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AnswerPartsOptions, answerPartsOf, edgeOf } from '../../../test/support/answer-parts.ts';
import { policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import type { Edge } from '../edge.ts';
import { rankServices } from './rank-services.ts';
import type { RankedService } from './ranked-service.ts';

const places = { policy: './policy', inventory: './inventory.yaml' };

function rank(edges: readonly Edge[], options: AnswerPartsOptions = {}): readonly RankedService[] {
  return rankServices(answerPartsOf(edges, options), places).services;
}

describe('the parts of a score', () => {
  const production: readonly (readonly [environment: string | null, kind: string | null, value: number])[] = [
    ['prod', 'app', 1],
    ['production', null, 1],
    ['prod-eu', 'build', 1],
    ['staging', 'app', 0],
    ['nonprod', 'app', 0],
    [null, 'app', 0.6],
    [null, 'build', 0.4],
    [null, null, 0.5],
  ];
  for (const [environment, kind, value] of production) {
    test(`production is ${value} for environment ${environment} and kind ${kind}`, () => {
      const [one] = rank([edgeOf('api -> www.example.com:443')], { facts: { api: { environment, kind } } });
      assert.equal(one?.production.value, value);
    });
  }

  test('bytes out are those to the internet, by orders of magnitude between 1 KiB and 1 TiB', () => {
    const services = rank([
      edgeOf('backup -> store.example.com:443', { bytesUp: 2 ** 41 }),
      edgeOf('api -> www.example.com:443', { bytesUp: 2 ** 25 }),
      edgeOf('ping -> www.example.com:443', { bytesUp: 1000 }),
      edgeOf('api -> 10.60.0.5:5432', { bytesUp: 2 ** 40 }),
      edgeOf('probe -> status.example.com:443', { bytesUp: null }),
    ]);
    const of = (name: string): number | undefined => services.find(({ service }) => service === name)?.bytesOut.value;
    assert.deepEqual([of('backup'), of('api'), of('ping'), of('probe')], [1, 0.5, 0, 0]);
  });

  const privileged: readonly (readonly [to: string, value: number, says: string])[] = [
    ['www.example.com:443', 0, 'nothing but ordinary destinations'],
    ['secretsmanager.eu-central-1.amazonaws.com:443', 1, 'secret-manager secretsmanager.eu-central-1.amazonaws.com'],
    ['corp.vault.azure.net:443', 1, 'secret-manager corp.vault.azure.net'],
    ['sts.amazonaws.com:443', 0.9, 'control-plane sts.amazonaws.com'],
    ['sts.amazonaws.com.example.org:443', 0, 'nothing but ordinary destinations'],
  ];
  for (const [to, value, says] of privileged) {
    test(`reaching ${to} is privileged by ${value}`, () => {
      const [one] = rank([edgeOf(`api -> ${to}`)]);
      assert.deepEqual([one?.privileged.value, one?.privileged.says], [value, says]);
    });
  }

  test('unnamed is the share of connections without a name, resolvers apart', () => {
    const [one] = rank([
      edgeOf('api -> www.example.com:443', { connections: 30 }),
      edgeOf('api -> 203.0.113.9:443', { connections: 10 }),
      edgeOf('api -> 10.0.0.53:53', { connections: 1000 }),
    ]);
    assert.deepEqual(one?.unnamed, { value: 0.25, weight: 15, says: '10 of 40 connections without a name' });
  });

  test('the score is the sum of value times weight, and the highest comes first', () => {
    const services = rank(
      [
        edgeOf('payments-api -> kms.eu-central-1.amazonaws.com:443', { bytesUp: 2 ** 40 }),
        edgeOf('probe -> 203.0.113.9:443', { bytesUp: null }),
      ],
      { facts: { 'payments-api': { environment: 'prod' }, probe: { environment: 'dev' } } },
    );
    assert.deepEqual(
      services.map(({ service, score }) => [service, score]),
      [
        ['payments-api', 85],
        ['probe', 15],
      ],
    );
  });
});

describe('the next command', () => {
  const policy = policyOf([serviceNode('api', { allow: [ruleNode('www.example.com:443')] })]);
  const inPolicy = { policy, facts: { api: { isInPolicy: true } } };
  const byAddress = { how: ['address'] } as const;
  const rows: readonly (readonly [
    what: string,
    edges: readonly Edge[],
    options: AnswerPartsOptions,
    command: string,
  ])[] = [
    [
      'an address that nobody claims goes to the inventory',
      [edgeOf('10.20.0.7 -> www.example.com:443', byAddress)],
      {},
      'add to ./inventory.yaml: - { name: NAME, owner: TEAM, kind: app, sources: [ { cidr: "10.20.0.7/32" } ] }',
    ],
    [
      'an address of IPv6 as well',
      [edgeOf('2001:db8::7 -> www.example.com:443', byAddress)],
      {},
      'add to ./inventory.yaml: - { name: NAME, owner: TEAM, kind: app, sources: [ { cidr: "2001:db8::7/128" } ] }',
    ],
    [
      'sources that never say who',
      [edgeOf('unattributed -> www.example.com:443', byAddress)],
      {},
      'exeat flows sources',
    ],
    ['a user', [edgeOf('user:jane -> www.example.com:443')], {}, 'exeat flows map --service user:jane'],
    ['addresses without names', [edgeOf('api -> 203.0.113.9:443')], {}, 'exeat flows ingest DNS-LOG'],
    ['no policy', [edgeOf('api -> www.example.com:443')], {}, 'exeat flows propose --service api'],
    [
      'a name that a shell would read otherwise',
      [edgeOf("shop; 'x' -> www.example.com:443")],
      {},
      "exeat flows propose --service 'shop; '\\''x'\\'''",
    ],
    [
      'a policy that would break it',
      [edgeOf('api -> api.example.com:443')],
      inPolicy,
      'exeat flows replay --policy ./policy --service api',
    ],
    ['all is allowed', [edgeOf('api -> www.example.com:443')], inPolicy, 'exeat flows propose --shrink --service api'],
    [
      'all but a resolver is allowed',
      [edgeOf('api -> www.example.com:443'), edgeOf('api -> 10.0.0.53:53', { application: 'dns' })],
      inPolicy,
      'exeat flows propose --shrink --service api',
    ],
  ];
  for (const [what, edges, options, command] of rows) {
    test(`${what}: ${command}`, () => {
      assert.equal(rank(edges, options)[0]?.next?.command, command);
    });
  }

  test('is given for the first five', () => {
    const services = rank(Array.from({ length: 7 }, (_, n) => edgeOf(`api-${n} -> www.example.com:443`)));
    assert.deepEqual(
      services.map(({ next }) => next !== null),
      [true, true, true, true, true, false, false],
    );
  });
});
