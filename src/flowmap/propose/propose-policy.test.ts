import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  declaredOf,
  edgeOf,
  firstDay,
  proposalOf,
  policyTestResults as testResults,
} from '../../../test/support/propose-fixture.ts';
import { parsePolicyFiles } from '../../policy/index.ts';
import type { Edge } from '../edge.ts';

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
    edges: [
      ...edges,
      edgeOf({ destination: 'up.shard.example.net', bytesUp: 40 * 20 * 2 ** 20, bytesDown: 40 * 2 ** 20 }),
    ],
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
