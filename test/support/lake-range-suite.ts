import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ipAddressFromWords,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  prefixOf,
} from '../../src/destination/index.ts';
import type { Edge, FlowLake, ProviderRange } from '../../src/flowmap/index.ts';
import { type AnswerSpec, addSource, at, type FlowSpec, queryOf } from './flow-batch.ts';
import { edgesOf, type LakeBed, withLake } from './lake-suite.ts';

const client = '10.0.0.5';
const bare: FlowSpec = { atMs: at('10:00'), client, address: '203.0.113.10' };

/** A block as a test writes it down: `203.0.113.0/24 aws EC2 eu-central-1`. */
function rangeOf(text: string): ProviderRange {
  const [prefix = '', provider = '', service = '', region = ''] = text.split(' ');
  return { prefix, provider, service, region };
}

interface RangeCase {
  readonly title: string;
  /** One source each. */
  readonly tables: readonly (readonly string[])[];
  readonly flows: readonly FlowSpec[];
  readonly answers?: readonly AnswerSpec[];
  /** Destination, rank and provider of every edge, by destination. */
  readonly edges: readonly (readonly [string, Edge['rank'], string | null])[];
}

const cases: readonly RangeCase[] = [
  {
    title: 'an address in a block gets its provider and stays an address',
    tables: [['203.0.113.0/24 aws EC2 eu-central-1']],
    flows: [bare, { ...bare, address: '198.51.100.7' }],
    edges: [
      ['198.51.100.7', 'address', null],
      ['203.0.113.10', 'provider', 'aws EC2 eu-central-1'],
    ],
  },
  {
    title: 'the longest block wins, of whatever table',
    tables: [
      ['203.0.112.0/20 aws AMAZON', '203.0.113.0/28 aws EC2'],
      ['203.0.113.10 own vault'],
      ['203.0.113.8/29 fastly'],
    ],
    flows: [
      bare,
      { ...bare, address: '203.0.113.9' },
      { ...bare, address: '203.0.113.1' },
      { ...bare, address: '203.0.120.1' },
    ],
    edges: [
      ['203.0.113.1', 'provider', 'aws EC2'],
      ['203.0.113.10', 'provider', 'own vault'],
      ['203.0.113.9', 'provider', 'fastly'],
      ['203.0.120.1', 'provider', 'aws AMAZON'],
    ],
  },
  {
    title: 'of services on one block the one with the fewest addresses in all is told',
    tables: [
      [
        '203.0.113.0/24 aws AMAZON eu-central-1',
        '203.0.113.0/24 aws S3 eu-central-1',
        '203.0.113.0/24 aws EC2 eu-central-1',
        '198.51.100.0/24 aws EC2 eu-central-1',
        '198.51.100.0/24 aws AMAZON eu-central-1',
        '192.0.2.0/24 aws AMAZON eu-central-1',
      ],
    ],
    flows: [bare, { ...bare, address: '198.51.100.7' }, { ...bare, address: '192.0.2.1' }],
    edges: [
      ['192.0.2.1', 'provider', 'aws AMAZON eu-central-1'],
      ['198.51.100.7', 'provider', 'aws EC2 eu-central-1'],
      ['203.0.113.10', 'provider', 'aws S3 eu-central-1'],
    ],
  },
  {
    title: 'a table that is there twice counts once',
    tables: [
      ['203.0.113.0/24 aws S3', '203.0.113.0/24 aws EC2', '198.51.100.0/25 aws EC2'],
      ['203.0.113.0/24 aws S3', '203.0.113.0/24 aws EC2', '198.51.100.0/25 aws EC2', '192.0.2.0/32 aws S3'],
    ],
    flows: [bare],
    edges: [['203.0.113.10', 'provider', 'aws S3']],
  },
  {
    title: 'IPv6 blocks are met by their leading bits, at any length',
    tables: [
      ['2001:db8::/32 google', '2001:db8:0:8000::/49 google Cloud us-west1', '2001:db8::5 own', '::/1 own rest'],
    ],
    flows: ['2001:db8::5', '2001:db8::6', '2001:db8:0:8001::1', '2001:db9::', 'fd00::1'].map((address) => ({
      ...bare,
      address,
    })),
    edges: [
      ['2001:db8:0:8001::1', 'provider', 'google Cloud us-west1'],
      ['2001:db8::5', 'provider', 'own'],
      ['2001:db8::6', 'provider', 'google'],
      ['2001:db9::', 'provider', 'own rest'],
      ['fd00::1', 'address', null],
    ],
  },
  {
    title: "the log's own word wins over a table",
    tables: [['203.0.113.0/24 aws AMAZON']],
    flows: [bare, { ...bare, provider: 'zz-own' }],
    edges: [['203.0.113.10', 'provider', 'zz-own']],
  },
  {
    title: 'any evidence of a name is better than a block',
    tables: [['203.0.113.0/24 aws', '198.51.100.0/24 aws']],
    flows: [bare, { ...bare, address: '198.51.100.7', name: 'own.example' }, { ...bare, address: '198.51.100.8' }],
    answers: [
      { atMs: at('09:55'), client, name: 'api.example', addresses: [bare.address ?? ''] },
      { atMs: at('09:55'), client, name: 'a.example', addresses: ['198.51.100.8'] },
      { atMs: at('09:55'), client, name: 'b.example', addresses: ['198.51.100.8'] },
    ],
    edges: [
      ['198.51.100.8', 'candidates', 'aws'],
      ['api.example', 'answer', null],
      ['own.example', 'record', null],
    ],
  },
];

/** What every `FlowLake` must make of published tables of prefixes, run on one implementation. */
export function checkLakeRanges(name: string, make: () => LakeBed): void {
  for (const { title, tables, flows, answers = [], edges } of cases) {
    test(`${name}: ${title}`, () =>
      withLake(make, async (lake) => {
        await addSource(lake, { batches: [{ flows, answers }] });
        for (const table of tables) await addSource(lake, { ranges: table.map(rangeOf) });
        assert.deepEqual(await told(lake), edges);
      }));
  }

  test(`${name}: the share of flows with a provider is told, and judged edges have the same ranks`, () =>
    withLake(make, async (lake) => {
      await addSource(lake, { batches: [{ flows: [bare, { ...bare, address: '198.51.100.7' }] }] });
      await addSource(lake, { ranges: [rangeOf('203.0.113.0/24 aws')] });
      const query = await queryOf(lake);
      const { shares } = await lake.edges(query);
      assert.deepEqual(
        shares.map(({ rank, connections }) => [rank, connections]),
        [
          ['provider', 1],
          ['address', 1],
        ],
      );
      const judged = await lake.judgeableEdges(query, () => false);
      assert.deepEqual(judged.shares, shares);
      assert.deepEqual(judged.edges.map(({ destination, rank }) => [destination, rank]).sort(), [
        ['198.51.100.7', 'address'],
        ['203.0.113.10', 'provider'],
      ]);
    }));

  test(`${name}: a forgotten table takes its providers with it, and can come back`, () =>
    withLake(make, async (lake) => {
      const table = { ranges: [rangeOf('203.0.113.0/24 aws')], digest: 'table' };
      await addSource(lake, { batches: [{ flows: [bare] }] });
      const id = await addSource(lake, table);
      assert.equal(await addSource(lake, table), null);
      assert.deepEqual(await told(lake), [['203.0.113.10', 'provider', 'aws']]);
      assert.equal(await lake.forget(id ?? ''), true);
      assert.deepEqual(await told(lake), [['203.0.113.10', 'address', null]]);
      assert.notEqual(await addSource(lake, table), null);
      assert.deepEqual(await told(lake), [['203.0.113.10', 'provider', 'aws']]);
    }));

  test(`${name}: for any addresses and blocks the longest that holds the address is found`, () =>
    withLake(make, async (lake) => {
      const samples = fc.sample(
        fc.tuple(fc.array(address, { minLength: 20, maxLength: 40 }), fc.array(block, { minLength: 5, maxLength: 60 })),
        {
          numRuns: 15,
          seed: 20_261_120,
        },
      );
      for (const [addresses, blocks] of samples) {
        const ids = [
          await addSource(lake, { batches: [{ flows: addresses.map((one) => ({ ...bare, address: one })) }] }),
          await addSource(lake, {
            ranges: blocks.map((prefix) => ({ prefix, provider: prefix, service: '', region: '' })),
          }),
        ];
        for (const { destination, provider } of await edgesOf(lake)) {
          assert.equal(provider, longestOf(blocks, destination), `${destination} in ${blocks.join(' ')}`);
        }
        for (const id of ids) await lake.forget(id ?? '');
      }
    }));
}

async function told(lake: FlowLake): Promise<RangeCase['edges']> {
  return (await edgesOf(lake)).map(({ destination, rank, provider }) => [destination, rank, provider]);
}

/** Words of few bits, so that blocks and addresses meet. */
const word = fc.constantFrom(0, 1, 0x8000_0000, 0x8000_0001, 0x2001_0db8, 0xffff_ffff, 0x00ff_0000);
const ipv4 = fc.constantFrom(0x0102_0304, 0x0102_0305, 0x0102_8000, 0x8002_0304).map((one) => [one]);
// The unspecified address is no destination.
const ipv6 = fc.tuple(word, word, word, word).filter((some) => some.some((one) => one !== 0));
const address = fc.oneof(ipv4, ipv6).map((some) => ipAddressFromWords(some).text);
const block = fc.tuple(address, fc.integer({ min: 1, max: 128 })).map(([text, length]) => {
  const parsed = parseIpAddress(text);
  assert.ok(parsed.ok);
  return prefixOf(parsed.value, Math.min(length, parsed.value.words.length * 32)).text;
});

function longestOf(blocks: readonly string[], destination: string): string | null {
  const parsed = parseIpAddress(destination);
  assert.ok(parsed.ok);
  const holding = blocks.flatMap((text) => {
    const prefix = parseIpPrefix(text);
    return prefix.ok && prefixContains(prefix.value, parsed.value) ? [prefix.value] : [];
  });
  return holding.sort((a, b) => b.length - a.length)[0]?.text ?? null;
}
