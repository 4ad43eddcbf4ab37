import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AnswerPartsOptions, answerPartsOf, edgeOf, firstDayMs } from '../../../test/support/answer-parts.ts';
import { policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import type { Edge } from '../edge.ts';
import type { DeclaredEndpoint } from '../observation.ts';
import { answerFlows, type FlowAnswers } from './flow-answers.ts';

const dayMs = 86_400_000;

function answer(edges: readonly Edge[], options: AnswerPartsOptions = {}): FlowAnswers {
  return answerFlows(answerPartsOf(edges, options));
}

describe('which services must reach the internet', () => {
  const declared: DeclaredEndpoint = {
    ...{
      service: 'payments-api',
      host: 'bank.example.com',
      port: 443,
      scheme: 'https',
      file: 'deploy/api.yaml',
      line: 7,
    },
    ...{ confidence: 'stated', key: 'BANK_URL', schedule: null },
  };
  const rows: readonly (readonly [what: string, edges: readonly Edge[], options: AnswerPartsOptions, need: string])[] =
    [
      ['used on most days', [edgeOf('payments-api -> bank.example.com:443')], {}, 'must_steady'],
      [
        'declared and used once',
        [edgeOf('payments-api -> bank.example.com:443', { days: 1, connections: 1 })],
        { declared: [declared] },
        'must_declared',
      ],
      ['used once', [edgeOf('payments-api -> bank.example.com:443', { days: 1 })], {}, 'seen'],
      [
        'used on both of two days',
        [edgeOf('payments-api -> bank.example.com:443', { days: 2 })],
        { daysSeen: 2 },
        'seen',
      ],
      [
        'refused always',
        [edgeOf('payments-api -> bank.example.com:443', { connections: 0, bytesUp: null, bytesDown: null, denied: 9 })],
        {},
        'refused',
      ],
      ['resolvers alone', [edgeOf('payments-api -> 198.51.100.53:53', { application: 'dns' })], {}, 'resolvers_only'],
      ['private addresses alone', [edgeOf('payments-api -> 10.60.0.5:5432')], {}, 'inside_only'],
    ];
  for (const [what, edges, options, need] of rows) {
    test(`${what}: ${need}`, () => {
      assert.equal(answer(edges, options).internet[0]?.need, need);
    });
  }

  test('a row has the sums of what leads to the internet, and of nothing else', () => {
    const policy = policyOf([serviceNode('payments-api', { allow: [ruleNode('bank.example.com:443')] })]);
    const edges = [
      edgeOf('payments-api -> bank.example.com:443', { connections: 30, bytesUp: 100 }),
      edgeOf('payments-api -> 203.0.113.9:443', { connections: 10, bytesUp: null, bytesDown: null }),
      edgeOf('payments-api -> 10.60.0.5:5432', { connections: 500 }),
    ];
    const [row] = answer(edges, { policy, facts: { 'payments-api': { kind: 'app' } } }).internet;
    const { evidence, ...sums } = row ?? { evidence: [] };
    assert.deepEqual(sums, {
      ...{ service: 'payments-api', owner: null, kind: 'app', need: 'must_steady', daysSeen: 14 },
      ...{ domains: 2, destinations: 2, connections: 40, bytesUp: 100, bytesDown: 2000, denied: 0, namedShare: 0.75 },
      ...{ allowed: 1, declared: null, firstMs: firstDayMs, lastMs: firstDayMs + 13 * dayMs },
    });
    assert.deepEqual(
      evidence.map(({ destination, rank, verdict }) => [destination, rank, verdict]),
      [
        ['bank.example.com', 'record', 'allow'],
        ['203.0.113.9', 'address', 'deny'],
      ],
    );
  });

  test('services that must come first', () => {
    const edges = [
      edgeOf('archive -> 10.60.0.5:5432', { connections: 900 }),
      edgeOf('probe -> www.example.com:443', { days: 1 }),
      edgeOf('payments-api -> bank.example.com:443'),
    ];
    assert.deepEqual(
      answer(edges).internet.map(({ service }) => service),
      ['payments-api', 'probe', 'archive'],
    );
  });
});

describe('which services should only reach specific SaaS or APIs', () => {
  const bank = edgeOf('payments-api -> api.bank.example.com:443');
  const many = Array.from({ length: 11 }, (_, n) => edgeOf(`payments-api -> www.site${n}.example.net:443`));
  // Names below one registrable domain are one; these eleven are different ones.
  const manyDomains = Array.from({ length: 11 }, (_, n) => edgeOf(`payments-api -> x.owner${n}.github.io:443`));
  const rows: readonly (readonly [
    what: string,
    edges: readonly Edge[],
    options: AnswerPartsOptions,
    outcome: string,
  ])[] = [
    ['one domain since the first day', [bank], {}, 'few_and_stable'],
    ['eleven names below one domain', many, {}, 'few_and_stable'],
    ['eleven domains', manyDomains, {}, 'too_many_domains'],
    ['seen for six days', [bank], { daysSeen: 6 }, 'seen_too_short'],
    ['seen for seven days', [bank], { daysSeen: 7 }, 'few_and_stable'],
    [
      'another domain on the twelfth of fourteen days',
      [bank, edgeOf('payments-api -> www.example.net:443', { firstMs: firstDayMs + 11 * dayMs })],
      {},
      'still_growing',
    ],
    [
      'another domain on the ninth of fourteen days',
      [bank, edgeOf('payments-api -> www.example.net:443', { firstMs: firstDayMs + 8 * dayMs })],
      {},
      'few_and_stable',
    ],
    ['an address without a name', [bank, edgeOf('payments-api -> 203.0.113.9:443')], {}, 'unnamed_destinations'],
    ['a resolver by its address', [bank, edgeOf('payments-api -> 198.51.100.53:53')], {}, 'few_and_stable'],
  ];
  for (const [what, edges, options, outcome] of rows) {
    test(`${what}: ${outcome}`, () => {
      assert.equal(answer(edges, options).specific[0]?.outcome, outcome);
    });
  }

  test('a domain has its names, its worst rank and what it is known as', () => {
    const edges = [
      edgeOf('ci -> github.com:443', { connections: 5 }),
      edgeOf('ci -> api.github.com:443', { rank: 'answer', days: 3, firstMs: firstDayMs + dayMs }),
    ];
    const [row] = answer(edges).specific;
    assert.deepEqual(row?.domains, [
      {
        ...{
          domain: 'github.com',
          category: 'source-host',
          what: 'GitHub',
          names: ['api.github.com:443', 'github.com:443'],
        },
        ...{ rank: 'answer', connections: 19, bytesUp: 2000, bytesDown: 4000, days: 14 },
        ...{ firstMs: firstDayMs, lastMs: firstDayMs + 13 * dayMs, isNew: false },
      },
    ]);
  });

  test('a service that stays inside is not asked', () => {
    assert.deepEqual(answer([edgeOf('archive -> 10.60.0.5:5432')]).specific, []);
  });
});

describe('which registries CI touches', () => {
  const edges = [
    edgeOf('ci-runner -> registry.npmjs.org:443'),
    edgeOf('ci-runner -> nexus.corp.example.com:443', { addresses: ['10.70.0.4'] }),
    edgeOf('ci-runner -> news.example.net:443', { connections: 3 }),
    edgeOf('ci-runner -> 198.51.100.53:53'),
    edgeOf('payments-api -> github.com:443', { connections: 0, bytesUp: null, bytesDown: null, denied: 2 }),
    edgeOf('payments-api -> bank.example.com:443'),
  ];

  test('those of kind build apart from others, refused ones too, with how each is known', () => {
    const { registries } = answer(edges, { facts: { 'ci-runner': { kind: 'build' } } });
    assert.deepEqual(registries.buildServices, ['ci-runner']);
    assert.deepEqual(
      registries.byBuild.map(({ destination, registry, proof, reach }) => [destination, registry, proof, reach]),
      [
        ['registry.npmjs.org', 'package-registry', 'known', 'internet'],
        ['nexus.corp.example.com', 'package-registry', 'label', 'inside'],
      ],
    );
    assert.deepEqual(
      registries.byOthers.map(({ service, destination, registry, denied }) => [service, destination, registry, denied]),
      [['payments-api', 'github.com', 'source-host', 2]],
    );
  });

  test('what a build service reaches besides registries and resolvers is told', () => {
    const { elsewhere } = answer(edges, { facts: { 'ci-runner': { kind: 'build' } } }).registries;
    assert.deepEqual(
      elsewhere.map(({ service, domains, connections, evidence }) => [
        service,
        domains,
        connections,
        evidence[0]?.destination,
      ]),
      [['ci-runner', 1, 3, 'news.example.net']],
    );
  });

  test('the class that the policy gives a destination comes before the table', () => {
    const target = ruleNode('mirror.example.com:443').to;
    assert.ok(target.kind === 'target');
    const at = { file: 'mirrors.yaml', line: 1, column: 1 };
    const policy = policyOf([
      serviceNode('ci-runner', { serviceKind: 'build', allow: [ruleNode('mirror.example.com:443')] }),
      {
        ...{ kind: 'destinations', name: 'mirrors', owner: 'team-ci', class: 'package-registry', at },
        members: [{ target: target.target, at }],
      },
    ]);
    const { byOthers } = answer([edgeOf('ci-runner -> mirror.example.com:443')], { policy }).registries;
    assert.deepEqual(
      byOthers.map(({ registry, proof, verdict }) => [registry, proof, verdict]),
      [['package-registry', 'policy', 'allow']],
    );
  });

  test('where nothing is of kind build, nothing is called CI', () => {
    const { buildServices, byBuild, byOthers } = answer(edges).registries;
    assert.deepEqual([buildServices, byBuild, byOthers.length], [[], [], 3]);
  });
});

describe('how names resolve inside and outside', () => {
  const view = (name: string, client: string, addresses: readonly string[], resolver = '10.0.0.53') => {
    return { name, resolver, addresses, clients: [client], clientCount: 1, questions: 1 };
  };
  const splits = (...views: readonly ReturnType<typeof view>[]): readonly (readonly string[])[] =>
    answer([], { views }).resolution.splits.map((one) => [one.name, ...one.views.map(({ side }) => side)]);

  test('a name that is private for one client and public for another is split', () => {
    assert.deepEqual(
      splits(
        view('portal.example.com', '10.20.0.7', ['10.60.0.5']),
        view('portal.example.com', '10.40.0.3', ['203.0.113.5']),
      ),
      [['portal.example.com', 'inside', 'outside']],
    );
  });

  test('a name that another resolver does not have is split', () => {
    assert.deepEqual(
      splits(view('db.example.com', '10.20.0.7', ['10.60.0.9']), view('db.example.com', '10.30.0.9', [], '8.8.8.8')),
      [['db.example.com', 'inside', 'missing']],
    );
  });

  test('a client that was told both sees both', () => {
    assert.deepEqual(splits(view('portal.example.com', '10.20.0.7', ['10.60.0.5', '203.0.113.5'])), [
      ['portal.example.com', 'both'],
    ]);
  });

  test('private for everybody, public for everybody and filtered are not split', () => {
    assert.deepEqual(
      splits(
        view('db.example.com', '10.20.0.7', ['10.60.0.9']),
        view('db.example.com', '10.20.0.8', ['10.60.0.10']),
        view('www.example.com', '10.20.0.7', ['203.0.113.5']),
        view('www.example.com', '10.20.0.8', []),
        view('ads.example.com', '10.20.0.7', ['10.60.0.1']),
        view('ads.example.com', '10.20.0.8', ['0.0.0.0']),
      ),
      [],
    );
  });

  const others: readonly (readonly [to: string, extra: Partial<Edge>, via: string | null])[] = [
    ['10.0.0.53:53', {}, null],
    ['198.51.100.53:53', { protocol: 17 }, 'dns'],
    ['198.51.100.53:853', {}, 'tls'],
    ['198.51.100.53:5353', { application: 'dns' }, 'dns'],
    ['dns.google:443', {}, 'https'],
    ['abc123.dns.nextdns.io:443', {}, 'https'],
    ['1.1.1.1:443', {}, 'https'],
    ['198.51.100.53:443', {}, null],
    ['ns.example.com:53', { addresses: ['10.0.0.53'] }, null],
    ['ns.example.com:53', { addresses: ['10.0.0.53', '198.51.100.1'] }, 'dns'],
    ['dns.google.example.com:443', {}, null],
  ];
  for (const [to, extra, via] of others) {
    test(`${to}: ${via === null ? 'not another resolver' : `another resolver, by ${via}`}`, () => {
      const { resolution } = answer([edgeOf(`crawler -> ${to}`, extra)], { knownResolvers: ['10.0.0.53'] });
      assert.equal(resolution.others[0]?.via ?? null, via);
    });
  }

  test('what each resolver answered is counted', () => {
    const told = (name: string, resolver: string, addresses: readonly string[], questions: number) => {
      return { name, resolver, addresses, clients: 1, questions };
    };
    const { names, resolvers } = answer([], {
      knownResolvers: ['10.0.0.53'],
      nameAnswers: [
        told('portal.example.com', '10.0.0.53', ['10.60.0.5'], 4),
        told('www.example.com', '10.0.0.53', ['203.0.113.5'], 3),
        told('www.example.com', '8.8.8.8', ['203.0.113.5'], 9),
      ],
    }).resolution;
    assert.equal(names, 2);
    assert.deepEqual(resolvers, [
      { resolver: '8.8.8.8', isKnown: false, names: 1, inside: 0, questions: 9 },
      { resolver: '10.0.0.53', isKnown: true, names: 2, inside: 1, questions: 7 },
    ]);
  });
});
