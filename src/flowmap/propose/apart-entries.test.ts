import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  declaredOf,
  edgeOf,
  firstDay,
  type ProposeFixture,
  proposalOf,
  segmentsPolicy as segments,
} from '../../../test/support/propose-fixture.ts';
import type { ApartReason } from './apart-reasons.ts';

const mib = 1024 * 1024;
const dayMs = 86_400_000;

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
