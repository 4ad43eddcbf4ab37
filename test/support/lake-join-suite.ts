import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Edge, emptyInventory, type FlowLake, parseInventory } from '../../src/flowmap/index.ts';
import {
  type AnswerSpec,
  addSource,
  at,
  type BatchSpec,
  directoryOf,
  type FlowSpec,
  queryOf,
  wholeWindow,
} from './flow-batch.ts';
import { edgesOf, type LakeBed, withLake } from './lake-suite.ts';

const client = '10.0.0.5';
const address = '203.0.113.10';
/** A flow that says nothing but its address. */
const bare: FlowSpec = { atMs: at('10:00'), client, address };
const answer: AnswerSpec = { atMs: at('09:55'), client, name: 'api.example', addresses: [address], ttlSeconds: 60 };

/** What of an edge a row of a table states. */
type Stated = Partial<Edge> & Pick<Edge, 'destination'>;

interface JoinCase {
  readonly title: string;
  readonly batches: readonly BatchSpec[];
  readonly edges: readonly Stated[];
}

const nameCases: readonly JoinCase[] = [
  {
    title: 'a name on the record itself is the name, whatever DNS said',
    batches: [{ flows: [{ ...bare, name: 'own.example' }], answers: [answer] }],
    edges: [{ destination: 'own.example', isName: true, rank: 'record', addresses: [address], candidates: [] }],
  },
  {
    title: 'a reverse look-up by the logger names nothing',
    batches: [{ flows: [{ ...bare, name: 'ptr.example', nameKind: 'reverse' }] }],
    edges: [{ destination: address, isName: false, rank: 'address', addresses: [] }],
  },
  {
    title: 'the only name that the client was told is the name',
    batches: [{ flows: [bare] }, { format: 'bind', answers: [answer] }],
    edges: [{ destination: 'api.example', isName: true, rank: 'answer', candidates: [], formats: ['squid'] }],
  },
  {
    title: 'two names for the address leave the address, with both as candidates',
    batches: [{ flows: [bare], answers: [answer, { ...answer, name: 'cdn.example' }] }],
    edges: [{ destination: address, isName: false, rank: 'candidates', candidates: ['api.example', 'cdn.example'] }],
  },
  {
    title: 'one name that another client was told names the edge, weakly',
    batches: [{ flows: [bare], answers: [{ ...answer, client: '10.0.0.6' }] }],
    edges: [{ destination: 'api.example', isName: true, rank: 'other-client', candidates: ['api.example'] }],
  },
  {
    title: 'a resolver in front hides who asked, so its answers are another client',
    batches: [
      {
        flows: [bare],
        answers: [
          { ...answer, client: '10.0.0.2' },
          { ...answer, client: '10.0.0.2', name: 'b.example' },
        ],
      },
    ],
    edges: [{ destination: address, isName: false, rank: 'other-client', candidates: ['api.example', 'b.example'] }],
  },
  {
    title: 'without a name the provider of the address is said',
    batches: [{ flows: [{ ...bare, provider: 'S3' }] }],
    edges: [{ destination: address, isName: false, rank: 'provider', provider: 'S3' }],
  },
  {
    title: 'with nothing at all the address stands for itself',
    batches: [{ flows: [bare] }],
    edges: [{ destination: address, isName: false, rank: 'address', provider: null }],
  },
  {
    title: 'an answer that came after the flow is no name that the client was told before',
    batches: [{ flows: [bare], answers: [{ ...answer, atMs: at('10:30') }] }],
    edges: [{ destination: 'api.example', rank: 'other-client' }],
  },
  {
    title: 'an answer of a moment later counts: clocks differ',
    batches: [{ flows: [{ ...bare, atMs: at('10:04:59') }], answers: [{ ...answer, atMs: at('10:05:01') }] }],
    edges: [{ destination: 'api.example', rank: 'answer' }],
  },
  {
    title: 'an answer counts for an hour at least, however short its life',
    batches: [{ flows: [{ ...bare, atMs: at('10:50') }], answers: [{ ...answer, ttlSeconds: 1 }] }],
    edges: [{ destination: 'api.example', rank: 'answer' }],
  },
  {
    title: 'an answer past its time is weak evidence only',
    batches: [{ flows: [{ ...bare, atMs: at('11:10') }], answers: [answer] }],
    edges: [{ destination: 'api.example', rank: 'other-client' }],
  },
  {
    title: 'a life of days counts for one day',
    batches: [
      {
        flows: [
          { ...bare, atMs: at('09:30', 1) },
          { ...bare, atMs: at('11:00', 1), port: 444 },
        ],
        answers: [{ ...answer, ttlSeconds: 7 * 86_400 }],
      },
    ],
    edges: [
      { destination: 'api.example', port: 443, rank: 'answer' },
      { destination: 'api.example', port: 444, rank: 'other-client' },
    ],
  },
  {
    title: 'evidence of long ago names nothing',
    batches: [{ flows: [{ ...bare, atMs: at('10:00', 4) }], answers: [answer] }],
    edges: [{ destination: address, rank: 'address' }],
  },
  {
    title: 'a name that the client was seen to use for the address is as good as an answer',
    batches: [{ flows: [bare, { ...bare, atMs: at('09:58'), name: 'seen.example', port: 8443 }] }],
    edges: [
      { destination: 'seen.example', port: 443, rank: 'answer' },
      { destination: 'seen.example', port: 8443, rank: 'record' },
    ],
  },
  {
    title: 'a connection of weeks is no evidence of weeks',
    batches: [
      {
        flows: [
          { ...bare, name: 'long.example', endMs: at('10:00', 7) },
          { ...bare, atMs: at('10:00', 5), port: 444 },
        ],
      },
    ],
    edges: [
      { destination: address, port: 444, rank: 'address' },
      { destination: 'long.example', port: 443, rank: 'record' },
    ],
  },
  {
    title: 'the queried name counts, not the end of its chain of aliases',
    batches: [{ flows: [bare], answers: [{ ...answer, aliases: ['edge.cdn.example'] }] }],
    edges: [{ destination: 'api.example', rank: 'answer' }],
  },
  {
    title: 'who cannot be told apart shares no answers',
    batches: [
      {
        flows: [{ atMs: at('10:00'), address }],
        answers: [{ atMs: at('09:55'), name: 'api.example', addresses: [address], ttlSeconds: 60 }],
      },
    ],
    edges: [{ principal: 'unattributed', destination: 'api.example', rank: 'other-client' }],
  },
];

const named: FlowSpec = { atMs: at('10:00'), client, name: 'api.example', up: 100, down: 1000 };

const countCases: readonly JoinCase[] = [
  {
    title: 'reply records are the same flow seen the other way',
    batches: [
      {
        format: 'gcp',
        flows: [
          { ...bare, up: 100, connections: 2 },
          { ...bare, down: 900, connections: 2, isReply: true },
        ],
      },
    ],
    edges: [{ destination: address, connections: 2, bytesUp: 100, bytesDown: 900 }],
  },
  {
    title: 'replies alone count as the flows that they answer',
    batches: [{ format: 'gcp', flows: [{ ...bare, down: 900, connections: 3, isReply: true }] }],
    edges: [{ destination: address, connections: 3, bytesUp: null, bytesDown: 900, days: 1 }],
  },
  {
    title: 'of a flow logged at both ends the end that saw more counts',
    batches: [
      {
        format: 'gcp',
        flows: [
          { ...bare, vantage: 'source', connections: 3, up: 300 },
          { ...bare, vantage: 'destination', connections: 2, up: 200 },
        ],
      },
    ],
    edges: [{ destination: address, connections: 3, bytesUp: 300 }],
  },
  {
    title: 'what two formats saw is not added, for each number the one that saw more counts',
    batches: [
      { format: 'squid', flows: [{ ...named, up: 100, down: 1000, connections: 2 }] },
      { format: 'zeek', flows: [{ ...named, up: 150, down: 900, connections: 1 }] },
    ],
    edges: [{ destination: 'api.example', connections: 2, bytesUp: 150, bytesDown: 1000, formats: ['squid', 'zeek'] }],
  },
  {
    title: 'what one format saw at several times is added',
    batches: [{ flows: [named, { ...named, atMs: at('10:01') }] }, { flows: [{ ...named, atMs: at('10:00', 1) }] }],
    edges: [{ destination: 'api.example', connections: 3, bytesUp: 300, bytesDown: 3000, days: 2 }],
  },
  {
    title: 'what was refused is counted apart and is no use',
    batches: [{ flows: [{ ...named, isDenied: true, connections: 4, up: 5, down: 6 }] }],
    edges: [
      {
        destination: 'api.example',
        connections: 0,
        bytesUp: null,
        bytesDown: null,
        denied: 4,
        days: 0,
        weekdays: 0,
        hours: 0,
        activeHours: 0,
        firstMs: at('10:00'),
      },
    ],
  },
  {
    title: 'refusals beside use leave its days and hours alone',
    batches: [{ flows: [named, { ...named, atMs: at('15:00', 1), isDenied: true }] }],
    edges: [
      {
        destination: 'api.example',
        connections: 1,
        denied: 1,
        days: 1,
        weekdays: 1 << 5,
        hours: 1 << 10,
        activeHours: 1,
        lastMs: at('15:00', 1),
      },
    ],
  },
  {
    title: 'bytes that no record tells stay unknown, and what one tells is known',
    batches: [
      {
        flows: [
          { ...bare, port: 1 },
          { ...bare, port: 2, up: 0 },
          { ...bare, port: 2 },
        ],
      },
    ],
    edges: [
      { destination: address, port: 1, bytesUp: null, bytesDown: null },
      { destination: address, port: 2, bytesUp: 0, bytesDown: null, connections: 2 },
    ],
  },
  {
    title: 'an interim record adds no connection, and its day counts',
    batches: [
      {
        flows: [
          named,
          { ...named, atMs: at('10:00', 1), connections: 0, up: 50, down: 0 },
          { atMs: at('10:00', 2), client, name: 'api.example', connections: 0 },
        ],
      },
    ],
    edges: [{ destination: 'api.example', connections: 1, bytesUp: 150, bytesDown: 1000, days: 3 }],
  },
  {
    title: 'hours and weekdays are those of its buckets in UTC',
    batches: [{ flows: [named, { ...named, atMs: at('23:59') }, { ...named, atMs: at('23:00', 2) }] }],
    edges: [
      {
        destination: 'api.example',
        hours: (1 << 10) | (1 << 23),
        activeHours: 3,
        weekdays: (1 << 5) | (1 << 0),
        days: 2,
      },
    ],
  },
  {
    title: 'an edge is sampled where nothing whole saw it',
    batches: [
      {
        format: 'gcp',
        flows: [
          { ...bare, sampledOneIn: 10 },
          { ...named, sampledOneIn: 10 },
        ],
      },
      { format: 'squid', flows: [named] },
    ],
    edges: [
      { destination: address, isSampled: true },
      { destination: 'api.example', isSampled: false },
    ],
  },
  {
    title: 'who opened it is as sure as the best log that tells it, and no surer within one log',
    batches: [
      {
        format: 'aws-vpc',
        flows: [
          { ...bare, initiator: 'ports' },
          { ...bare, initiator: 'flags' },
        ],
      },
      { format: 'gcp', flows: [{ ...bare, initiator: 'flags' }] },
    ],
    edges: [{ destination: address, initiator: 'flags' }],
  },
  {
    title: 'a log that cannot tell what was spoken says nothing against one that can',
    batches: [
      { format: 'aws-vpc', flows: [{ ...named, connections: 50 }] },
      {
        format: 'squid',
        flows: [
          { ...named, application: 'tunnel', connections: 2 },
          { ...named, application: 'tls' },
        ],
      },
      { format: 'squid', flows: [{ ...named, application: 'tls', connections: 2 }] },
    ],
    edges: [{ destination: 'api.example', application: 'tls' }],
  },
  {
    title: 'ports and protocols are edges of their own',
    batches: [{ flows: [named, { ...named, port: -1 }, { ...named, protocol: 17 }, { ...named, port: 80 }] }],
    edges: [
      { destination: 'api.example', port: -1, protocol: 6 },
      { destination: 'api.example', port: 80, protocol: 6 },
      { destination: 'api.example', port: 443, protocol: 6 },
      { destination: 'api.example', port: 443, protocol: 17 },
    ],
  },
  {
    title: 'lists of names and addresses stop at twenty',
    batches: [
      {
        flows: Array.from({ length: 25 }, (_, index) => ({ ...named, address: `203.0.113.${index + 100}` })),
      },
    ],
    edges: [
      {
        destination: 'api.example',
        connections: 25,
        addresses: Array.from({ length: 20 }, (_, index) => `203.0.113.${index + 100}`),
      },
    ],
  },
];

async function assertCase(lake: FlowLake, { batches, edges }: JoinCase): Promise<void> {
  await addSource(lake, { batches });
  const found = await edgesOf(lake);
  assert.equal(found.length, edges.length, JSON.stringify(found));
  for (const [index, stated] of edges.entries()) {
    const edge = found[index];
    assert.ok(edge !== undefined);
    const told = Object.fromEntries(Object.keys(stated).map((key) => [key, edge[key as keyof Edge]]));
    assert.deepEqual(told, stated);
  }
}

/** What every `FlowLake` must come to when flows, answers and clients are joined, run on one implementation. */
export function checkLakeJoin(name: string, make: () => LakeBed): void {
  for (const one of [...nameCases, ...countCases]) {
    test(`${name}: ${one.title}`, () => withLake(make, (lake) => assertCase(lake, one)));
  }

  test(`${name}: an address that changed hands in the middle of a day is two principals`, () =>
    withLake(make, async (lake) => {
      await addSource(lake, {
        batches: [
          {
            flows: [
              { ...named, atMs: at('11:59') },
              { ...named, atMs: at('12:00') },
              { ...named, atMs: at('18:00') },
            ],
          },
        ],
      });
      const inventory = parseInventory(
        `services:
  - { name: morning, sources: [{ cidr: 10.0.0.5/32, until: 2026-11-20T12:00:00Z }] }
  - { name: afternoon, sources: [{ cidr: 10.0.0.0/24, from: 2026-11-20T12:00:00Z }] }
`,
        'inventory.yaml',
      );
      assert.ok(inventory.ok);
      const set = await lake.edges(await queryOf(lake, wholeWindow, directoryOf({ inventory: inventory.value })));
      assert.deepEqual(
        set.edges.map(({ principal, how, connections }) => [principal, how, connections]),
        [
          ['afternoon', ['inventory'], 2],
          ['morning', ['inventory'], 1],
        ],
      );
    }));

  test(`${name}: clients from outside, proxies and what goes to them are left out and counted, and what they were seen to use is evidence`, () =>
    withLake(make, async (lake) => {
      const inventory = parseInventory(
        'services: [{ name: squid, kind: proxy, sources: [{ cidr: 10.0.9.9/32 }] }]',
        'inventory.yaml',
      );
      assert.ok(inventory.ok);
      const flows = [
        { ...bare, client: '192.0.2.200', up: 10, connections: 3 },
        { ...bare, client: '10.0.9.9', name: 'api.example', up: 5, down: 6, connections: 2 },
        { ...bare, address: '10.0.9.9', up: 1, connections: 5 },
        bare,
      ];
      await addSource(lake, { batches: [{ flows }] });
      const query = await queryOf(lake, wholeWindow, directoryOf({ inventory: inventory.value }));
      const set = await lake.edges(query);
      assert.deepEqual((await lake.judgeableEdges(query, () => true)).leftOut, set.leftOut);
      assert.deepEqual(set.leftOut, [
        { role: 'outside', connections: 3, bytes: 10 },
        { role: 'proxy', connections: 7, bytes: 12 },
      ]);
      assert.deepEqual(
        set.edges.map(({ principal, destination, rank }) => [principal, destination, rank]),
        [[client, 'api.example', 'other-client']],
      );
    }));

  test(`${name}: shares say what part has a name of which rank, a flow seen both ways once`, () =>
    withLake(make, async (lake) => {
      const both = { ...bare, connections: 4 };
      await addSource(lake, { batches: [{ format: 'gcp', flows: [{ ...both, up: 10 }] }] });
      await addSource(lake, {
        batches: [{ format: 'gcp', flows: [{ ...both, down: 20, isReply: true }] }, { flows: [named] }],
      });
      assert.deepEqual((await lake.edges(await queryOf(lake))).shares, [
        { format: 'gcp', rank: 'address', connections: 4, bytes: 30 },
        { format: 'squid', rank: 'record', connections: 1, bytes: 1100 },
      ]);
    }));

  test(`${name}: answers of the evening before name the flows of a window that begins at midnight`, () =>
    withLake(make, async (lake) => {
      const answers = [{ ...answer, atMs: at('23:50', -1) }];
      await addSource(lake, { batches: [{ flows: [{ ...bare, atMs: at('00:05') }], answers }] });
      const query = await queryOf(
        lake,
        { sinceMs: at('00:00'), untilMs: at('00:00', 1) },
        directoryOf({ inventory: emptyInventory }),
      );
      assert.deepEqual(
        (await lake.edges(query)).edges.map(({ destination, rank }) => [destination, rank]),
        [['api.example', 'answer']],
      );
    }));
}
