import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundRows, countUnjudged, type RowReplay, sumOutcomes, type TriedRow, tryRow } from './draft-outcome.ts';
import { drawRiver } from './draw-river.ts';
import type { RiverFacts, RiverQuery } from './river.ts';
import type { TrafficRow } from './traffic-edge.ts';

const query: RiverQuery = {
  ...{ measure: 'connections', from: 'identity', to: 'destination', service: null },
  ...{ nodes: 200, withUnused: false },
};
const facts: RiverFacts = {
  services: new Map([['payments-api', { owner: 'team-payments', environment: 'prod' }]]),
  rules: [],
};

function row(host: string, change: Partial<TrafficRow> = {}): TrafficRow {
  return {
    ...{ service: 'payments-api', identity: 'credential:payments', point: 'proxy', host, port: 443 },
    ...{ protocol: 'tls', class: 'ordinary', verdict: 'allow', reason: '', ruleIds: [], grantId: null },
    ...{ connections: 1, bytesUp: 10, bytesDown: 100, lastMs: 1_000 },
    ...change,
  };
}

const letOut = { reasons: ['rule_matched'], ruleIds: ['bank'] };
const kept = { reasons: ['no_rule_matched'], ruleIds: [] };
const breaks: RowReplay = { change: 'newly_denied', isLetOut: false, today: letOut, draft: kept };
const opens: RowReplay = { change: 'newly_allowed', isLetOut: true, today: kept, draft: letOut };
const staysOpen: RowReplay = { change: 'unchanged', isLetOut: true, today: letOut, draft: letOut };
const staysShut: RowReplay = { change: 'unchanged', isLetOut: false, today: kept, draft: kept };

test('a row comes to what its replay says, and what says too little is not judged', () => {
  const denied = (reason: string): Partial<TrafficRow> => ({ verdict: 'deny', reason });
  const cases: readonly (readonly [string, TrafficRow, RowReplay | null])[] = [
    ['newly_denied', row('a.example'), breaks],
    ['newly_allowed', row('a.example', denied('no_rule_matched')), opens],
    ['still_allowed', row('a.example'), staysOpen],
    ['still_denied', row('a.example', denied('no_rule_matched')), staysShut],
    // A rule of today lets out what was refused before it: so does the draft.
    ['still_allowed', row('a.example', denied('no_rule_matched')), staysOpen],
    // What was refused for its first bytes is refused again, whatever rules say of its name.
    ['still_denied', row('a.example', denied('sni_mismatch')), staysOpen],
    ['not_judged', row('*'), null],
    ['not_judged', row('a.example'), { ...staysOpen, change: 'unclear' }],
  ];
  for (const [outcome, traffic, replay] of cases) assert.equal(tryRow(traffic, replay).tried.outcome, outcome);
});

test('what changes is counted in edges, services, connections and bytes', () => {
  const rows = [
    tryRow(row('a.example', { connections: 3 }), breaks),
    tryRow(row('a.example', { identity: 'credential:other', connections: 2 }), breaks),
    tryRow(row('b.example', { service: 'ci-runner', connections: 5 }), breaks),
    tryRow(row('a.example', { verdict: 'deny' }), opens),
  ];
  const sums = sumOutcomes(rows, null);
  assert.deepEqual(sums.newly_denied, { edges: 2, services: 2, connections: 10, bytes: 330 });
  assert.deepEqual(sums.newly_allowed, { edges: 1, services: 1, connections: 1, bytes: 110 });
  assert.deepEqual(sumOutcomes(rows, 'ci-runner').newly_denied.connections, 5);
});

test('edges that are not judged are counted by what they lack', () => {
  const unnamed = [row(''), row('', { port: 80 }), row('*', { port: null }), row('a.example', { service: '' })];
  const rows = [
    ...unnamed.map((one) => tryRow(one, null)),
    tryRow(row('b.example'), { ...staysOpen, change: 'unclear' }),
  ];
  assert.deepEqual(countUnjudged(rows, null), { noService: 1, noName: 2, together: 1, unclear: 1 });
  assert.equal(sumOutcomes(rows, null).not_judged.edges, 5);
});

test('a link is painted by outcome in every grouping, with what both policies say of its paths', () => {
  const rows = [
    tryRow(row('a.shop.example.com', { connections: 9 }), staysOpen),
    tryRow(row('b.shop.example.com', { connections: 2 }), breaks),
    tryRow(row('c.example.net', { verdict: 'deny', reason: 'no_rule_matched', connections: 4 }), opens),
  ];
  for (const to of ['destination', 'domain', 'class'] as const) {
    for (const from of ['identity', 'team', 'environment'] as const) {
      const { links, paths } = drawRiver(rows, facts, { ...query, from, to });
      const out = links.filter(({ source }) => source === '2:proxy');
      assert.deepEqual(
        out.map(({ outcome, verdict, connections }) => [outcome, verdict, connections]),
        [
          ['newly_denied', 'allow', 2],
          ['newly_allowed', 'deny', 4],
          ['still_allowed', 'allow', 9],
        ],
      );
      assert.deepEqual(
        paths.map(({ outcome, today, draft }) => [outcome, today?.ruleIds, draft?.reasons]),
        [
          ['newly_denied', ['bank'], ['no_rule_matched']],
          ['newly_allowed', [], ['rule_matched']],
          ['still_allowed', ['bank'], ['rule_matched']],
        ],
      );
    }
  }
});

test('what a draft changes is among the paths that are told, however thin it is', () => {
  const rows: TriedRow[] = Array.from({ length: 700 }, (_, at) =>
    tryRow(row(`h${at}.example`, { connections: 1_000 + at }), staysOpen),
  );
  const { paths, links, hiddenPaths } = drawRiver([...rows, tryRow(row('thin.example'), breaks)], facts, query);
  assert.deepEqual([paths[0]?.to, paths[0]?.outcome, hiddenPaths], ['thin.example:443', 'newly_denied', 201]);
  // Its destination has no room of its own; the line to where it stands together with others is painted all the same.
  assert.ok(
    links.some(({ target, outcome, connections }) => target === '3' && outcome === 'newly_denied' && connections === 1),
  );
});

test('without a draft nothing is painted', () => {
  const { links, paths } = drawRiver([row('a.example')], facts, query);
  assert.ok(links.every((link) => !('outcome' in link)));
  assert.ok(paths.every((path) => !('outcome' in path) && !('today' in path)));
});

test('rows past the bound stand together, and no connection and no byte is lost', () => {
  const rows = fc.array(
    fc
      .record({
        host: fc.constantFrom('a.example', 'b.example', 'c.example'),
        service: fc.constantFrom('payments-api', 'ci-runner'),
        connections: fc.nat(100),
        bytesUp: fc.nat(100),
      })
      .map(({ host, ...rest }) => row(host, rest)),
    { maxLength: 30 },
  );
  const sumOf = (all: readonly TrafficRow[]): readonly number[] => [
    all.reduce((sum, { connections }) => sum + connections, 0),
    all.reduce((sum, { bytesUp, bytesDown }) => sum + bytesUp + bytesDown, 0),
  ];
  fc.assert(
    fc.property(rows, fc.nat(8), (all, most) => {
      const bounded = boundRows(all, most);
      // Two services, each with one row for what stands together.
      assert.ok(bounded.length <= Math.max(most + 2, 0));
      assert.deepEqual(sumOf(bounded), sumOf(all));
    }),
    { numRuns: 60 },
  );
});
