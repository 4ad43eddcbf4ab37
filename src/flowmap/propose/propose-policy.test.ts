import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  declaredOf,
  edgeOf,
  firstDay,
  type ProposeFixture,
  proposalOf,
} from '../../../test/support/propose-fixture.ts';
import { hasPublicSuffixBelow, isPublicSuffix, parsePolicyTarget } from '../../destination/index.ts';
import { compilePolicy, decide, openPolicy, parsePolicyFiles, runPolicyTests } from '../../policy/index.ts';
import type { Edge } from '../edge.ts';
import type { ApartReason } from './apart-reasons.ts';
import type { ProposedEntry, ProposedFile } from './proposal.ts';

const mib = 1024 * 1024;
const dayMs = 86_400_000;

/** What is proposed for an edge alone: the `to` of its entry. */
const proposedRows: readonly (readonly [title: string, edge: Partial<Edge>, to: string])[] = [
  ['a name over TLS', {}, 'bank.example.com:443'],
  ['a tunnel to a TLS port', { application: 'tunnel', port: 8443 }, 'bank.example.com:8443'],
  ['a tunnel to another port is opaque', { application: 'tunnel', port: 22 }, 'tcp://bank.example.com:22'],
  ['plain HTTP', { application: 'http', port: 80 }, 'http://bank.example.com:80'],
  ['port 80 where nothing was told', { application: 'unknown', port: 80 }, 'http://bank.example.com:80'],
  ['a database where nothing was told', { application: 'unknown', port: 5432 }, 'tcp://bank.example.com:5432'],
  ['a datagram', { protocol: 17, application: 'other', port: 123 }, 'udp://bank.example.com:123'],
  [
    'an address where no name exists',
    { destination: '203.0.113.7', isName: false, rank: 'address' },
    '203.0.113.7:443',
  ],
  ['an IPv6 address', { destination: '2001:db8::7', isName: false, rank: 'address' }, '[2001:db8::7]:443'],
  ['one bucket', { destination: 'backups.s3.eu-central-1.amazonaws.com' }, 'backups.s3.eu-central-1.amazonaws.com:443'],
  ['a name of a CDN', { destination: 'd111.cloudfront.net' }, 'd111.cloudfront.net:443'],
];

describe('an edge becomes an entry', () => {
  for (const [title, edge, to] of proposedRows)
    test(title, () => {
      const [service] = proposalOf({ edges: [edgeOf(edge)] }).services;
      assert.deepEqual(
        service?.entries.map((entry) => entry.to),
        [to],
      );
      assert.deepEqual(service?.apart, []);
    });
});

const onlyDay = { days: 1, firstMs: firstDay * dayMs, lastMs: firstDay * dayMs + 3_600_000 };
const threeDays = { days: 3, firstMs: firstDay * dayMs, lastMs: (firstDay + 2) * dayMs };
const night = edgeOf({ hours: 0b110 });
const heavy = { bytesUp: 40 * 20 * mib, bytesDown: 40 * mib };
const beat = (gaps: number, meanMinutes: number, deviationMinutes: number): ProposeFixture['regularity'] => [
  {
    principal: 'payments-api',
    destination: 'bank.example.com',
    port: 443,
    protocol: 6,
    gaps,
    meanMinutes,
    deviationMinutes,
  },
];
const described = [declaredOf('other.example.org')];
const segments = `apiVersion: exeat/v1
owner: team-network
segments: { endpoints: { ranges: [ 10.60.0.0/16 ] }, prod-net: { ranges: [ 10.70.0.0/16 ], environment: prod } }
---
apiVersion: exeat/v1
owner: team-security
boundary: { deny: [ { to: "blocked.example.net:*", reason: never } ] }
---
apiVersion: exeat/v1
destinations: mirrors
owner: team-build
class: package-registry
members: [ mirror.example.net:443 ]
`;

type ApartRow = readonly [title: string, fixture: ProposeFixture, reasons: readonly ApartReason[]];

// An edge, what stands beside it, and why the first is listed apart; no reason: it is proposed.
const apartRows: readonly ApartRow[] = [
  ['one day of forty', { edges: [edgeOf(onlyDay)] }, ['one_off']],
  ['one day of six is not rare yet', { edges: [edgeOf(onlyDay)], days: 6 }, []],
  ['three days of forty', { edges: [edgeOf(threeDays)] }, ['rare']],
  ['three days of twenty-nine', { edges: [edgeOf(threeDays)], days: 29 }, []],
  ['one day, and declared', { edges: [edgeOf(onlyDay)], declared: [declaredOf('bank.example.com')] }, []],
  [
    'one day, and only a default of a tool',
    { edges: [edgeOf(onlyDay)], declared: [declaredOf('bank.example.com', { confidence: 'implied' })] },
    ['one_off'],
  ],
  [
    'nights of a service that works by day',
    { edges: [night, edgeOf({ destination: 'day.example.org' })] },
    ['night_only'],
  ],
  ['nights of a nightly job', { edges: [night] }, []],
  ['twenty times more up than down, 20 MiB a day', { edges: [edgeOf(heavy)] }, ['high_upload']],
  ['a large conversation', { edges: [edgeOf({ ...heavy, bytesDown: 400 * mib })] }, []],
  ['a small upload', { edges: [edgeOf({ bytesUp: 40 * mib, bytesDown: 1 })] }, []],
  ['an upload that configuration states', { edges: [edgeOf(heavy)], declared: [declaredOf('bank.example.com')] }, []],
  ['bytes that no record told', { edges: [edgeOf({ bytesUp: null })] }, []],
  ['a beat of an hour', { edges: [edgeOf({ connections: 960 })], regularity: beat(959, 60, 2) }, ['beacon_regular']],
  ['a beat of an hour with much jitter', { edges: [edgeOf({ connections: 960 })], regularity: beat(959, 60, 20) }, []],
  [
    'a beat of a minute',
    { edges: [edgeOf({ connections: 5 * 11520 })], regularity: beat(11519, 5, 0) },
    ['beacon_regular'],
  ],
  [
    'busy traffic fills every bucket',
    { edges: [edgeOf({ connections: 400 * 11520 })], regularity: beat(11519, 5, 0) },
    [],
  ],
  ['a job of every day', { edges: [edgeOf({ connections: 40 })], regularity: beat(39, 1440, 0) }, []],
  [
    'a heartbeat that configuration states',
    { edges: [edgeOf({ connections: 960 })], regularity: beat(959, 60, 0), declared: [declaredOf('bank.example.com')] },
    [],
  ],
  ['declared nowhere, used by one', { edges: [edgeOf()], declared: described }, ['undeclared_alone']],
  [
    'declared nowhere, used by two',
    { edges: [edgeOf(), edgeOf({ principal: 'orders-api' })], declared: described },
    [],
  ],
  [
    'no configuration speaks of the service',
    { edges: [edgeOf()], declared: [declaredOf('other.example.org', { service: 'orders-api' })] },
    [],
  ],
  ['declared by a pattern', { edges: [edgeOf()], declared: [declaredOf('*.example.com')] }, []],
  [
    'a name on dynamic DNS',
    { edges: [edgeOf({ destination: 'home.duckdns.org' })], declared: [declaredOf('home.duckdns.org')] },
    ['dynamic_dns'],
  ],
  [
    'a paste site',
    { edges: [edgeOf({ destination: 'pastebin.com' })], declared: [declaredOf('pastebin.com')] },
    ['paste_site'],
  ],
  ['a site where anybody stores files', { edges: [edgeOf({ destination: 'store1.gofile.io' })] }, ['file_storage']],
  ['every bucket of anybody', { edges: [edgeOf({ destination: 's3.eu-central-1.amazonaws.com' })] }, ['file_storage']],
  ['a tunnel', { edges: [edgeOf({ destination: 'x.ngrok-free.app' })] }, ['tunnel_site']],
  ['a registry from an app', { edges: [edgeOf({ destination: 'registry.npmjs.org' })] }, ['package_registry']],
  [
    'a registry from a build',
    {
      edges: [edgeOf({ destination: 'registry.npmjs.org' })],
      inventory: 'services: [ { name: payments-api, kind: build } ]',
    },
    [],
  ],
  [
    'a registry by the policy',
    { edges: [edgeOf({ destination: 'mirror.example.net' })], policy: { 'a.yaml': segments } },
    ['package_registry'],
  ],
  ['a metadata name', { edges: [edgeOf({ destination: 'metadata.google.internal' })] }, ['platform']],
  [
    'a metadata address',
    { edges: [edgeOf({ destination: '169.254.169.254', isName: false, rank: 'address' })] },
    ['forbidden_address'],
  ],
  ['a name that resolves to loopback', { edges: [edgeOf({ addresses: ['127.0.0.1'] })] }, ['forbidden_address']],
  [
    'what the boundary denies',
    { edges: [edgeOf({ destination: 'blocked.example.net' })], policy: { 'a.yaml': segments } },
    ['boundary_denied'],
  ],
  ['a private address without a policy', { edges: [edgeOf({ addresses: ['10.60.0.7'] })] }, ['segment_missing']],
  [
    'a private address in a segment',
    { edges: [edgeOf({ addresses: ['10.60.0.7'] })], policy: { 'a.yaml': segments } },
    [],
  ],
  [
    'a name with public and private addresses',
    { edges: [edgeOf({ addresses: ['10.60.0.7', '203.0.113.7'] })], policy: { 'a.yaml': segments } },
    ['addresses_mixed'],
  ],
  ['what the source refused', { edges: [edgeOf({ connections: 0, denied: 9 })] }, ['source_denied']],
  [
    "an address in a provider's range",
    { edges: [edgeOf({ destination: '203.0.113.7', isName: false, rank: 'provider', provider: 'S3' })] },
    ['provider_address'],
  ],
  [
    'an address with several names',
    {
      edges: [
        edgeOf({
          destination: '203.0.113.7',
          isName: false,
          rank: 'candidates',
          candidates: ['a.example.com', 'b.example.com'],
        }),
      ],
    },
    ['name_uncertain'],
  ],
  ['no port', { edges: [edgeOf({ port: -1 })] }, ['port_unknown']],
  ['ICMP', { edges: [edgeOf({ protocol: 1, port: 0 })] }, ['inexpressible']],
];

describe('what is doubtful is listed apart', () => {
  for (const [title, fixture, reasons] of apartRows)
    test(title, () => {
      const destination = fixture.edges[0]?.destination ?? '';
      const service = proposalOf(fixture).services.find(({ principal }) => principal === 'payments-api');
      const apart = service?.apart.filter((entry) => entry.destination === destination) ?? [];
      assert.deepEqual(
        apart.flatMap((entry) => entry.reasons.map(({ reason }) => reason)),
        reasons,
      );
      const entries = service?.entries.filter(({ to }) => to.includes(destination)) ?? [];
      assert.equal(entries.length, reasons.length === 0 ? 1 : 0);
    });
});

test('an address each of whose possible names is proposed is not listed', () => {
  const [service] = proposalOf({
    edges: [
      edgeOf({ destination: 'a.example.com' }),
      edgeOf({ destination: 'b.example.com' }),
      edgeOf({
        destination: '203.0.113.7',
        isName: false,
        rank: 'candidates',
        candidates: ['a.example.com', 'b.example.com'],
      }),
    ],
  }).services;
  assert.equal(service?.entries.length, 2);
  assert.deepEqual(service?.apart, []);
});

test('many names of one domain become a wildcard that says what it admits', () => {
  const edges = Array.from({ length: 6 }, (_, at) => edgeOf({ destination: `s${at}.shard.example.net` }));
  const { services, files } = proposalOf({ edges });
  assert.deepEqual(
    services[0]?.entries.map(({ to, names }) => [to, names.length]),
    [['*.shard.example.net:443', 6]],
  );
  assert.match(
    files[0]?.text ?? '',
    /# `\*\.shard\.example\.net:443` admits any name below, without bound: the 6 seen/,
  );
  assert.match(files[0]?.text ?? '', /- \{ allow: s0\.shard\.example\.net:443 \}/);
  const few = proposalOf({ edges }, { wildcardFrom: 7 });
  assert.equal(few.services[0]?.entries.length, 6);
});

test('names that are rare one by one are not rare together, and one that uploads stays apart', () => {
  const edges = Array.from({ length: 8 }, (_, at) =>
    edgeOf({
      destination: `s${at}.shard.example.net`,
      days: 1,
      firstMs: (firstDay + at) * dayMs,
      lastMs: (firstDay + at) * dayMs,
    }),
  );
  const [service] = proposalOf({
    edges: [...edges, edgeOf({ destination: 'up.shard.example.net', ...heavy })],
  }).services;
  assert.deepEqual(
    service?.entries.map(({ to }) => to),
    ['*.shard.example.net:443'],
  );
  assert.deepEqual(
    service?.apart.map(({ to }) => to),
    ['up.shard.example.net:443'],
  );
});

test('identities, owner and kind come from the inventory; an unknown owner is unassigned', () => {
  const inventory = `services:
  - { name: payments-api, owner: team-payments, kind: agent, sources: [ { cidr: 10.20.0.0/24 }, { cidr: 10.9.0.0/24, until: 2026-09-01 } ] }
  - { name: orders-api, sources: [ { cidr: 10.21.0.0/24 } ] }`;
  const { files } = proposalOf({ edges: [edgeOf(), edgeOf({ principal: 'orders-api' })], inventory });
  const [orders, payments] = files.map(({ text }) => text);
  assert.match(
    payments ?? '',
    /^owner: team-payments\nkind: agent\nmode: enforce\nidentities:\n {2}- \{ source: "10\.20\.0\.0\/24" \}/m,
  );
  assert.doesNotMatch(payments ?? '', /10\.9\.0\.0/);
  assert.match(orders ?? '', /^owner: unassigned\nkind: app\n/m);
});

test('a service that nobody knows how to prove gets a placeholder, and a test that fails until it is written out', () => {
  const { files } = proposalOf({ edges: [edgeOf({ principal: 'payments/api', how: ['kubernetes'] })] });
  const text = (files[0]?.text ?? '').replaceAll('reason: TODO', 'reason: settled');
  assert.match(text, /service: payments-api # the logs say: payments\/api/);
  const results = testResults(text);
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, true, false],
  );
  assert.match(results[2]?.message ?? '', /TODO write under identities how payments-api proves itself/);
});

const present = {
  'payments/api.yaml': `# Kept.
apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
identities: [ "credential:payments" ]
allow: [ { to: bank.example.com:443, reason: settlement } ]
`,
};

test('a document of the present policy is extended by what it does not allow yet', () => {
  const { services, files } = proposalOf({
    edges: [edgeOf(), edgeOf({ destination: 'new.example.org' })],
    policy: present,
  });
  assert.equal(services[0]?.alreadyAllowed, 1);
  assert.deepEqual(
    files.map(({ path }) => path),
    ['payments/api.yaml'],
  );
  const text = files[0]?.text ?? '';
  assert.match(text, /^# Kept\.$/m);
  assert.match(text, /Extends the document: 1 edges are allowed by it already/);
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text: text.replaceAll('TODO', 'meant') }]);
  assert.deepEqual(faults, []);
  const [document] = tree.documents;
  assert.deepEqual(document?.kind === 'service' && document.allow.map(({ reason }) => reason), ['settlement', 'meant']);
  assert.ok(testResults(text.replaceAll('TODO', 'meant')).every(({ passed }) => passed));
});

test('a service with nothing new has no file', () => {
  assert.deepEqual(proposalOf({ edges: [edgeOf()], policy: present }).files, []);
});

test('one service alone is proposed by either of its names, and others still count as users', () => {
  const edges = [edgeOf({ principal: 'payments/api' }), edgeOf({ principal: 'orders-api' })];
  for (const service of ['payments/api', 'payments-api']) {
    assert.deepEqual(
      proposalOf({ edges }, { service }).services.map(({ principal }) => principal),
      ['payments/api'],
    );
  }
});

test('declared endpoints and scheduled jobs never seen are listed', () => {
  const declared = [
    declaredOf('bank.example.com'),
    declaredOf('month-end.example.org', { schedule: '0 3 1 * *', file: 'cron.yaml', line: 7 }),
    declaredOf('nobody.example.org', { service: null }),
  ];
  const { services, files, unseen } = proposalOf({ edges: [edgeOf()], declared });
  assert.deepEqual(
    services[0]?.readiness.unseen.map(({ host }) => host),
    ['month-end.example.org'],
  );
  assert.deepEqual(
    unseen.map(({ host }) => host),
    ['nobody.example.org'],
  );
  assert.match(
    files[0]?.text ?? '',
    /# declared and never seen: month-end\.example\.org:443 \(cron\.yaml:7, runs on "0 3 1 \* \*"\)/,
  );
});

const label = fc.stringMatching(/^[a-z0-9]{1,2}$/);
const host = fc
  .tuple(
    label,
    fc.constantFrom(
      'example.com',
      'github.io',
      's3.amazonaws.com',
      'eu-central-1.amazonaws.com',
      'co.uk',
      'b.example.net',
      'pastebin.com',
    ),
  )
  .map(([first, suffix]) => `${first}.${suffix}`);
const anyEdge = fc
  .record({
    principal: fc.constantFrom(
      'payments-api',
      'payments/api',
      'user:jane',
      '10.20.0.7',
      'unattributed',
      'Ünïcode 服務',
      '',
    ),
    how: fc.subarray(['record', 'inventory', 'kubernetes', 'user', 'address'] as const),
    destination: fc.oneof(host, fc.constantFrom('203.0.113.7', '10.60.0.7', '2001:db8::1', '169.254.169.254')),
    port: fc.constantFrom(-1, 0, 22, 80, 443, 8443),
    protocol: fc.constantFrom(0, 1, 6, 17),
    application: fc.constantFrom('unknown', 'tls', 'http', 'tunnel', 'dns', 'other'),
    rank: fc.constantFrom('record', 'answer', 'candidates', 'other-client', 'provider', 'address'),
    days: fc.integer({ min: 0, max: 40 }),
    connections: fc.integer({ min: 0, max: 9 }),
    denied: fc.integer({ min: 0, max: 2 }),
  } as const)
  .map((one) => edgeOf({ ...one, isName: /[a-z]\.[a-z]/.test(one.destination) }));

test('whatever was seen, a proposal lacks nothing but its reasons, and its tests hold', () => {
  fc.assert(
    fc.property(fc.array(anyEdge, { maxLength: 40 }), fc.boolean(), (edges, isPresent) => {
      const others = isPresent ? [{ path: 'segments.yaml', text: segments }] : [];
      const policy = isPresent ? { policy: { 'segments.yaml': segments } } : {};
      const proposal = proposalOf({ edges, ...policy }, { wildcardFrom: 3 });
      const { faults } = parsePolicyFiles([...others, ...proposal.files]);
      assert.deepEqual(
        faults.filter(({ code }) => code !== 'reason_placeholder'),
        [],
      );
      const filled = proposal.files.map(({ path, text }) => ({
        path,
        text: text.replaceAll('reason: TODO', 'reason: it was seen'),
      }));
      assert.deepEqual(parsePolicyFiles([...others, ...filled]).faults, []);
      proposal.services.flatMap(({ entries }) => entries).forEach(assertNarrow);
      filled.filter(({ text }) => !text.includes('via: ')).forEach(assertTestsHold);
    }),
    { numRuns: 150 },
  );
});

function assertNarrow({ to }: ProposedEntry): void {
  const target = parsePolicyTarget(to);
  assert.ok(target.ok && target.value.canonical === to, to);
  if (target.value.host.kind !== 'below') return;
  const { name } = target.value.host;
  assert.equal(isPublicSuffix(name) || hasPublicSuffixBelow(name), false, to);
}

function assertTestsHold({ text }: ProposedFile): void {
  for (const result of testResults(text))
    assert.ok(result.passed || result.as.startsWith('TODO'), result.message ?? '');
}

function testResults(text: string): ReturnType<typeof runPolicyTests> {
  const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
  assert.deepEqual(faults, []);
  const bytes = compilePolicy(tree, { version: 'sha256:test', seed: new Uint8Array(16) });
  assert.ok(bytes.ok);
  const policy = openPolicy(bytes.value);
  assert.ok(policy.ok);
  return runPolicyTests(tree, policy.value, { decide, now: 0 });
}
