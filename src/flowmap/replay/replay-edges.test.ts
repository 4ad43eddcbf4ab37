import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePolicy, type ListedRule, openPolicy, parsePolicyFiles } from '../../policy/index.ts';
import {
  type Coverage,
  compareOnEdges,
  createCoverage,
  createEdgeJudge,
  type JudgeableEdge,
  pairPrincipals,
  type ReplayOutcome,
  replayEdges,
  type WhoRow,
} from '../index.ts';

const nowMs = Date.UTC(2026, 10, 23);
const head = (name: string, more = ''): string =>
  `apiVersion: exeat/v1\nservice: ${name}\nowner: team\nkind: app\nidentities: [ "credential:${name}" ]\n${more}`;
const rules = (...targets: readonly string[]): string =>
  `allow: [ ${targets.map((to) => `{ to: "${to}", reason: needed for the work }`).join(', ')} ]\n`;
const text = [
  head('api', rules('a.example.com:443', 'http://plain.example.com:80', 'udp://ntp.example.com:123')),
  head('watched', `mode: observe\nobserveUntil: 2026-12-01\n${rules('a.example.com:443')}`),
].join('---\n');

function compile(policyText: string) {
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text: policyText }]);
  assert.deepEqual(faults, []);
  const compiled = compilePolicy(tree, { version: 'sha256:1', seed: new Uint8Array(16) });
  assert.ok(compiled.ok);
  const opened = openPolicy(compiled.value);
  assert.ok(opened.ok);
  return opened.value;
}

const plain: JudgeableEdge = {
  principal: 'api',
  how: ['credential'],
  destination: 'a.example.com',
  isName: true,
  port: 443,
  protocol: 6,
  application: 'tls',
  rank: 'record',
  candidates: [],
  clients: ['10.0.0.1'],
  addresses: ['203.0.113.7'],
  connections: 2,
  bytesUp: 100,
  bytesDown: null,
  denied: 0,
  firstMs: 1000,
  lastMs: 2000,
  initiator: 'stated',
  isSampled: false,
};
const edge = (over: Partial<JudgeableEdge> = {}): JudgeableEdge => ({ ...plain, ...over });
const refused = { connections: 0, bytesUp: null, bytesDown: null, denied: 4 } as const;
const bare = { destination: '203.0.113.7', isName: false, addresses: [], rank: 'candidates' } as const;
const coverage: Coverage = createCoverage([], { edges: [], shares: [], leftOut: [] });

const outcomes: readonly (readonly [what: string, over: Partial<JudgeableEdge>, outcome: ReplayOutcome])[] = [
  ['a name that a rule allows', {}, 'allowed'],
  ['another port of it', { port: 8443 }, 'would_be_denied'],
  ['another name', { destination: 'b.example.com' }, 'would_be_denied'],
  ['a name on a private address', { addresses: ['10.9.9.9'] }, 'would_be_denied'],
  ['a name on a private and a public address', { addresses: ['10.9.9.9', '203.0.113.7'] }, 'allowed'],
  ['plain HTTP under a rule for it', { destination: 'plain.example.com', port: 80, application: 'http' }, 'allowed'],
  ['TLS under a rule for plain HTTP', { destination: 'plain.example.com', port: 80 }, 'would_be_denied'],
  ['a datagram', { destination: 'ntp.example.com', port: 123, protocol: 17, application: 'other' }, 'allowed'],
  ['an observed service', { principal: 'watched', destination: 'b.example.com' }, 'observed'],
  ['a rule of an observed service', { principal: 'watched' }, 'allowed'],
  ['a client that no service is', { principal: '10.0.0.9', how: ['address'] }, 'no_service'],
  ['ICMP', { protocol: 1, port: 0 }, 'not_judged'],
  ['ICMP of a client that no service is', { protocol: 1, port: 0, principal: '10.0.0.9' }, 'not_judged'],
  ['what the source refused', { ...refused }, 'denied_by_source'],
  ['what the source refused at times', { denied: 4 }, 'allowed'],
  ['a connection that is only told in between', { connections: 0 }, 'allowed'],
  [
    'an address that had two names, one allowed',
    { ...bare, candidates: ['a.example.com', 'b.example.com'] },
    'uncertain',
  ],
  [
    'an address that had two names, none allowed',
    { ...bare, candidates: ['b.example.com', 'c.example.com'] },
    'would_be_denied',
  ],
  ['an address without a name', { ...bare, rank: 'address' }, 'would_be_denied'],
];

describe('a replay', () => {
  const policy = compile(text);
  const replay = (edges: readonly JudgeableEdge[], atMs = nowMs) =>
    replayEdges({ edges, policy, judge: createEdgeJudge(policy, atMs), rules: [], coverage, ownerOf: () => 'team' });

  for (const [what, over, outcome] of outcomes) {
    it(`${what}: ${outcome}`, () => {
      const { totals, services } = replay([edge(over)]);
      const found = Object.entries(totals).filter(([, { edges }]) => edges > 0);
      assert.deepEqual(
        found.map(([name]) => name),
        [outcome],
      );
      assert.deepEqual(Object.keys(services[0]?.totals ?? {}), [outcome]);
    });
  }

  it('judges observed services as enforced once their date has passed', () => {
    const { totals } = replay([edge({ principal: 'watched', destination: 'b.example.com' })], Number.MAX_SAFE_INTEGER);
    assert.equal(totals.would_be_denied.edges, 1);
  });

  it('groups by service and destination, whatever the port, and adds what is known', () => {
    const { groups } = replay([
      edge({ destination: 'b.example.com', port: 8443, bytesUp: null, firstMs: 500 }),
      edge({ destination: 'b.example.com', lastMs: 9000, bytesDown: 7 }),
      edge({ destination: 'b.example.com', protocol: 17, application: 'unknown', principal: 'watched' }),
    ]);
    const [group, ...others] = groups.would_be_denied;
    assert.deepEqual(others, []);
    assert.deepEqual(
      [group?.ports, group?.edges, group?.connections, group?.bytesUp, group?.bytesDown, group?.firstMs, group?.lastMs],
      [['443', '8443'], 2, 4, 100, 7, 500, 9000],
    );
    assert.deepEqual(groups.observed[0]?.ports, ['443/udp']);
  });

  it('says the same whatever the order of edges', () => {
    const edges = outcomes.map(([, over]) => edge(over));
    assert.deepEqual(replay(edges.toReversed()), replay(edges));
  });
});

describe('which rules were used', () => {
  it('a rule is used by what it allowed, and only maybe by an address that may have had its name', () => {
    const policy = compile(head('api', rules('a.example.com:443', 'b.example.com:443', 'c.example.com:443')));
    const id = (name: string): string => `api/allow/${name}.example.com:443`;
    const listed = (name: string, list: 'allow' | 'deny'): ListedRule => ({
      id: list === 'allow' ? id(name) : `api/deny/${name}.example.com:443`,
      list,
      document: 'api',
      owner: 'team',
      reason: 'needed for the work',
      at: { file: 'a.yaml', line: 1, column: 1 },
    });
    const edges = [edge(), edge({ lastMs: 5000 }), edge({ ...bare, candidates: ['b.example.com', 'z.example.com'] })];
    const { rules: uses } = replayEdges({
      edges: [...edges, edge({ ...refused, destination: 'c.example.com' })],
      policy,
      judge: createEdgeJudge(policy, nowMs),
      rules: [...['a', 'b', 'c'].map((name) => listed(name, 'allow')), listed('x', 'deny')],
      coverage,
      ownerOf: () => null,
    });
    assert.deepEqual(uses.used, [{ id: id('a'), edges: 2, connections: 4, lastMs: 5000 }]);
    assert.deepEqual(
      uses.neverUsed.map((rule) => [rule.id, rule.isMaybeUsed]),
      [
        [id('b'), true],
        [id('c'), false],
      ],
    );
  });
});

describe('a comparison', () => {
  const wide = compile(head('api', rules('a.example.com:443', 'b.example.com:443')));
  const narrow = compile(head('api', rules('a.example.com:443')));
  const cases: readonly (readonly [what: string, over: Partial<JudgeableEdge>, toNarrow: string, toWide: string])[] = [
    ['what both allow', {}, 'unchanged', 'unchanged'],
    ['what both deny', { destination: 'c.example.com' }, 'unchanged', 'unchanged'],
    ['what one allows', { destination: 'b.example.com' }, 'newly_denied', 'newly_allowed'],
    ['the same, refused by the source', { destination: 'b.example.com', ...refused }, 'unchanged', 'newly_allowed'],
    [
      'an address with a name of each',
      { ...bare, candidates: ['a.example.com', 'b.example.com'] },
      'unclear',
      'unclear',
    ],
  ];
  for (const [what, over, toNarrow, toWide] of cases) {
    it(`${what}: ${toNarrow} one way, ${toWide} the other`, () => {
      assert.deepEqual([changeOf(edge(over), wide, narrow), changeOf(edge(over), narrow, wide)], [toNarrow, toWide]);
    });
  }

  it('keeps clients apart whom the policies know by other names, and the others together', () => {
    const row = (client: string, principal: string): WhoRow => ({
      client,
      user: '',
      service: '',
      fromMs: 0,
      untilMs: 1,
      principal,
      how: 'policy-source',
      role: 'principal',
    });
    const now = [row('10.0.0.1', 'api'), row('10.0.0.2', '10.0.0.2')];
    const { who, principalsOf } = pairPrincipals(now, [row('10.0.0.1', 'api'), row('10.0.0.2', 'api')]);
    assert.deepEqual(
      who.map(({ principal }) => principalsOf(principal)),
      [
        { now: 'api', before: 'api' },
        { now: '10.0.0.2', before: 'api' },
      ],
    );
    assert.notEqual(who[1]?.principal, 'api');
  });

  function changeOf(one: JudgeableEdge, from: ReturnType<typeof compile>, to: ReturnType<typeof compile>): string {
    const { totals } = compareOnEdges({
      edges: [one],
      now: { policy: to, judge: createEdgeJudge(to, nowMs) },
      before: { policy: from, judge: createEdgeJudge(from, nowMs) },
      principalsOf: (principal) => ({ now: principal, before: principal }),
      coverage,
      ownerOf: () => null,
    });
    return Object.entries(totals).find(([, { edges }]) => edges > 0)?.[0] ?? '';
  }
});
