import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drawRiver } from './draw-river.ts';
import { sharePlaces } from './rank-nodes.ts';
import type { River, RiverFacts, RiverQuery, RiverRule } from './river.ts';
import type { TrafficRow } from './traffic-edge.ts';

const query: RiverQuery = {
  ...{ measure: 'connections', from: 'identity', to: 'destination', service: null },
  ...{ nodes: 200, withUnused: true },
};

function row(change: Partial<TrafficRow> = {}): TrafficRow {
  return {
    ...{
      service: 'payments-api',
      identity: 'credential:payments',
      point: 'proxy',
      host: 'bank.example.com',
      port: 443,
    },
    ...{ protocol: 'tls', class: 'ordinary', verdict: 'allow', reason: '', ruleIds: ['bank'], grantId: null },
    ...{ connections: 1, bytesUp: 10, bytesDown: 100, lastMs: 1_000 },
    ...change,
  };
}

function ruleOf(id: string, to: string, change: Partial<RiverRule> = {}): RiverRule {
  return {
    ...{ kind: 'rule', id, service: 'payments-api', to, class: 'ordinary', owner: 'team-payments' },
    ...{ reason: 'card settlement', at: 'payments.yaml:8' },
    ...change,
  };
}

const facts: RiverFacts = {
  services: new Map([
    ['payments-api', { owner: 'team-payments', environment: 'prod' }],
    ['ci-runner', { owner: 'team-platform', environment: null }],
  ]),
  rules: [ruleOf('bank', 'bank.example.com:443'), ruleOf('mail', 'tcp://mail.example.com:25')],
};

/** `0 credential:payments 3`, column by column. */
function shown({ nodes }: River): readonly string[] {
  return nodes.map(({ layer, label, connections }) => `${layer} ${label} ${connections}`);
}

test('a river has four columns, the heaviest first, and what nothing used last', () => {
  const rows = [row(), row({ service: 'ci-runner', identity: 'credential:ci', host: 'example.org', connections: 5 })];
  const river = drawRiver(rows, facts, query);
  assert.deepEqual(shown(river), [
    ...['0 credential:ci 5', '0 credential:payments 1', '1 ci-runner 5', '1 payments-api 1', '2 proxy 6'],
    ...['3 example.org 5', '3 bank.example.com 1', '3 mail.example.com 0'],
  ]);
  assert.deepEqual(
    river.unused.map(({ id, source, target }) => [id, source, target]),
    [['mail', '1:payments-api', '3:mail.example.com']],
  );
  assert.deepEqual(river.total, { connections: 6, bytesUp: 20, bytesDown: 200 });
});

test('columns are grouped by team, environment, registrable domain and class', () => {
  const rows = [
    row({ host: 'a.shop.example.co.uk' }),
    row({ host: 'b.shop.example.co.uk', class: 'data-store' }),
    row({ service: 'ci-runner', host: '192.0.2.7' }),
    row({ service: 'gone', host: '*', port: null }),
  ];
  const without = { ...query, withUnused: false };
  const byTeam = shown(drawRiver(rows, facts, { ...without, from: 'team', to: 'domain' }));
  assert.deepEqual(
    byTeam.filter((line) => /^[03]/.test(line)),
    [
      ...['0 team-payments 2', '0 (no team) 1', '0 team-platform 1'],
      ...['3 example.co.uk 2', '3 (several together) 1', '3 192.0.2.7 1'],
    ],
  );
  const byClass = shown(drawRiver(rows, facts, { ...without, from: 'environment', to: 'class' }));
  assert.deepEqual(
    byClass.filter((line) => /^[03]/.test(line)),
    [...['0 (no environment) 2', '0 prod 2', '3 ordinary 3', '3 data-store 1']],
  );
});

test('past the bound the rest stands together under its number, and no width is lost', () => {
  const rows = Array.from({ length: 540 }, (_, at) =>
    row({ host: `host-${at}.example.net`, connections: 1_000 - at, verdict: at % 3 === 0 ? 'deny' : 'allow' }),
  );
  const river = drawRiver(rows, facts, { ...query, withUnused: false });
  assert.equal(river.nodes.length, 200);
  const rest = river.nodes.find(({ hidden }) => hidden !== null);
  assert.deepEqual([rest?.label, rest?.layer, river.hiddenNodes], ['and 344 more', 3, 344]);
  assert.equal(river.paths.length + river.hiddenPaths, 540);
  const sum = (layer: number): number =>
    river.nodes.filter((node) => node.layer === layer).reduce((all, { connections }) => all + connections, 0);
  assert.deepEqual([sum(0), sum(1), sum(2), sum(3)], Array(4).fill(river.total.connections));
});

const anyRows = fc.array(
  fc
    .record({
      service: fc.constantFrom('payments-api', 'ci-runner', ''),
      identity: fc.constantFrom('credential:a', 'credential:b', ''),
      point: fc.constantFrom('proxy', 'gateway', 'dns'),
      host: fc.constantFrom('a.example.com', 'b.example.com', 'c.example.net', '*', ''),
      port: fc.constantFrom(443, 8443, null),
      verdict: fc.constantFrom('allow' as const, 'deny' as const, 'exception' as const),
      ruleIds: fc.subarray(['bank', 'mail']),
      connections: fc.nat(1_000),
      bytesUp: fc.nat(1_000),
    })
    .map(row),
  { maxLength: 60 },
);

test('every width is kept: links into and out of a node come to what the node is', () => {
  fc.assert(
    fc.property(anyRows, fc.integer({ min: 8, max: 12 }), (traffic, nodes) => {
      const river = drawRiver(traffic, facts, { ...query, nodes });
      assert.ok(river.nodes.length <= nodes);
      assertWhole(river);
      assert.deepEqual(drawRiver(traffic.toReversed(), facts, { ...query, nodes }).nodes, river.nodes);
    }),
    { numRuns: 60 },
  );
});

/** Sums row by row under a text, as anybody would who has time, the heaviest first. */
function sumSlowly(traffic: readonly TrafficRow[], nameOf: (one: TrafficRow) => string): readonly string[] {
  const sums = new Map<string, number>();
  for (const one of traffic) sums.set(nameOf(one), (sums.get(nameOf(one)) ?? 0) + one.connections);
  return [...sums]
    .sort(([one, light], [other, heavy]) => heavy - light || (one < other ? -1 : 1))
    .map((each) => each.join(' '));
}

test('links and ways come to what summing row by row comes to, in the same order', () => {
  const named = (one: TrafficRow): readonly string[] => [
    one.identity === '' ? '(nobody proven)' : one.identity,
    one.service === '' ? '(no service)' : one.service,
    one.point,
    one.host === '' ? '(not readable)' : one.host === '*' ? '(several together)' : one.host,
  ];
  const withPort = (one: TrafficRow): string =>
    one.port === null || one.host === '*' || one.host === '' ? '' : `:${one.port}`;
  fc.assert(
    fc.property(anyRows, (traffic) => {
      const { links, paths } = drawRiver(traffic, facts, query);
      const between = (layer: number): readonly string[] =>
        links
          .filter(({ source }) => source.startsWith(`${layer}:`))
          .map(({ source, target, verdict, connections }) => `${source}|${target}|${verdict} ${connections}`);
      for (const layer of [0, 1, 2]) {
        const nameOf = (one: TrafficRow): string =>
          `${layer}:${named(one)[layer]}|${layer + 1}:${named(one)[layer + 1]}|${one.verdict}`;
        assert.deepEqual(between(layer), sumSlowly(traffic, nameOf));
      }
      assert.deepEqual(
        paths.map(({ from, service, point, to, verdict, connections }) =>
          [[from, service, point, to, verdict].join('\n'), connections].join(' '),
        ),
        sumSlowly(traffic, (one) => `${named(one).join('\n')}${withPort(one)}\n${one.verdict}`),
      );
    }),
    { numRuns: 60 },
  );
});

test('of a day with ten thousand ways the heaviest are told, with all that is known of each', () => {
  const rows = Array.from({ length: 10_000 }, (_, at) =>
    row({ host: `host-${at}.example.net`, connections: 1 + (at % 97), ruleIds: [`rule-${at}`], lastMs: at }),
  );
  const { paths, hiddenPaths } = drawRiver(rows, facts, query);
  assert.deepEqual([paths.length, hiddenPaths], [500, 9_500]);
  assert.ok(paths.every(({ connections }, at) => connections <= (paths[at - 1]?.connections ?? connections)));
  for (const { host, ruleIds, lastMs, connections, nodes } of paths) {
    assert.deepEqual(
      [`host-${lastMs}.example.net`, [`rule-${lastMs}`], 1 + (lastMs % 97)],
      [host, ruleIds, connections],
    );
    assert.ok(nodes[3] === `3:${host}` || nodes[3] === '3');
  }
});

function assertWhole({ nodes, links, paths }: River): void {
  const ids = new Set(nodes.map(({ id }) => id));
  assert.equal(ids.size, nodes.length);
  const total = (found: River['links']): number => found.reduce((all, { connections }) => all + connections, 0);
  for (const { id, layer, connections } of nodes) {
    if (layer < 3) assert.equal(total(links.filter(({ source }) => source === id)), connections);
    if (layer > 0) assert.equal(total(links.filter(({ target }) => target === id)), connections);
  }
  assert.ok(links.every(({ source, target }) => ids.has(source) && ids.has(target)));
  assert.ok(paths.every((path) => path.nodes.every((id) => ids.has(id))));
}

test('a denial uses no rule, and what a service is asked for is its own', () => {
  const rows = [row({ verdict: 'deny', reason: 'no_rule_matched' }), row({ service: 'ci-runner' })];
  const river = drawRiver(rows, facts, { ...query, service: 'payments-api' });
  assert.deepEqual(
    river.unused.map(({ id }) => id),
    ['bank', 'mail'],
  );
  assert.deepEqual(
    river.paths.map(({ to, verdict, reasons }) => [to, verdict, reasons]),
    [['bank.example.com:443', 'deny', ['no_rule_matched']]],
  );
});

test('places are shared so that none is wasted and none is given twice', () => {
  assert.deepEqual(sharePlaces([500, 500, 2, 500], 200), [66, 66, 2, 66]);
  assert.deepEqual(sharePlaces([3, 4, 1, 5], 200), [3, 4, 1, 5]);
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 5 }), fc.integer({ min: 20, max: 200 }), (counts, most) => {
      const places = sharePlaces(counts, most);
      const sum = places.reduce((all, one) => all + one, 0);
      assert.ok(sum <= most && places.every((each, at) => each <= (counts[at] ?? 0)));
      const wanted = counts.reduce((all, one) => all + one, 0);
      assert.ok(sum === wanted || sum > most - counts.length);
    }),
  );
});
