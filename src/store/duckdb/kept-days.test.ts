import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addSource,
  at,
  directoryOf,
  entryOf,
  type FlowSpec,
  foldBatch,
  queryOf,
  wholeWindow,
} from '../../../test/support/flow-batch.ts';
import { edgesOf } from '../../../test/support/lake-suite.ts';
import { type FlowLake, type LakeWindow, type ProviderRange, parseInventory } from '../../flowmap/index.ts';
import { openDuckdbLake } from './duckdb-lake.ts';

const address = '203.0.113.10';
/** A flow that says nothing but its address, and one whose record has the name. */
const bare: FlowSpec = { atMs: at('10:00'), client: '10.0.0.5', address, up: 10 };
const named: FlowSpec = { ...bare, atMs: at('09:58'), name: 'api.example' };

function rangeOf(prefix: string, provider: string): ProviderRange {
  return { prefix, provider, service: '', region: '' };
}

interface Bed {
  readonly dir: string;
  readonly lake: FlowLake;
}

async function withBed(work: (bed: Bed) => Promise<void>, foldFromRows?: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "exeat-kept-it's-"));
  const dir = join(root, 'lake');
  const fold = foldFromRows === undefined ? {} : { foldFromRows };
  const lake = await openDuckdbLake({ dir, isWriter: true, ...fold });
  try {
    await work({ dir, lake });
  } finally {
    lake.close();
    rmSync(root, { recursive: true, force: true });
  }
}

/** What is kept, relative to its folder. */
function keptIn(dir: string): readonly string[] {
  const files = readdirSync(join(dir, 'edges'), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.parquet')).sort();
}

function pathOf(dir: string, file: string | undefined): string {
  return join(dir, 'edges', file ?? '');
}

describe('days that were joined', () => {
  test('are kept where a row had no name, and taken as they are by the next read', () =>
    withBed(async ({ dir, lake }) => {
      await addSource(lake, { batches: [{ flows: [bare, named, { ...named, atMs: at('10:00', 3) }] }] });
      const first = await edgesOf(lake);
      const kept = keptIn(dir);
      assert.deepEqual(
        kept.map((file) => file.replace(/[0-9a-f]{16,}/g, '')),
        ['day=2026-11-20/--nameless-.parquet'],
      );
      const { ino } = statSync(pathOf(dir, kept[0]));
      const other = await openDuckdbLake({ dir });
      assert.deepEqual(await edgesOf(other), first);
      other.close();
      assert.deepEqual(keptIn(dir), kept);
      assert.equal(statSync(pathOf(dir, kept[0])).ino, ino);
    }));

  test('are kept whole where very many rows told their names', () =>
    withBed(async ({ dir, lake }) => {
      await addSource(lake, { batches: [{ flows: [named, { ...named, atMs: at('15:00') }, bare] }] });
      const [edge] = await edgesOf(lake);
      assert.match(keptIn(dir)[0] ?? '', /-whole-/);
      assert.deepEqual([edge?.connections, edge?.bytesUp, edge?.activeHours], [3, 30, 3]);
    }, 2));

  test('of which a window takes a part only are joined for it and not kept', () =>
    withBed(async ({ dir, lake }) => {
      await addSource(lake, { batches: [{ flows: [bare, named, { ...bare, atMs: at('12:00') }] }] });
      const set = await lake.edges(await queryOf(lake, { sinceMs: at('11:00'), untilMs: null }));
      assert.deepEqual(
        set.edges.map(({ destination, rank, connections }) => [destination, rank, connections]),
        [['api.example', 'other-client', 1]],
      );
      assert.deepEqual(keptIn(dir), []);
    }));

  test('are made again where their bytes are not those that were kept, and are never believed', () =>
    withBed(async ({ dir, lake }) => {
      await addSource(lake, { batches: [{ flows: [bare, named] }] });
      const first = await edgesOf(lake);
      const [file = ''] = keptIn(dir);
      const path = pathOf(dir, file);
      const sound = readFileSync(path);
      const flipped = Buffer.from(sound);
      flipped[100] = (flipped[100] ?? 0) ^ 1;
      for (const damage of [
        (): void => truncateSync(path, 100),
        (): void => writeFileSync(path, ''),
        (): void => writeFileSync(path, flipped),
        (): void => rmSync(path),
      ]) {
        damage();
        const other = await openDuckdbLake({ dir });
        assert.deepEqual(await edgesOf(other), first);
        other.close();
        assert.equal(keptIn(dir).length, 1);
        assert.notEqual(readFileSync(pathOf(dir, keptIn(dir)[0])).length, 0);
      }
    }));

  test('go with a source that is forgotten, and with one that may name their flows', () =>
    withBed(async ({ dir, lake }) => {
      await addSource(lake, { batches: [{ flows: [bare] }] });
      await addSource(lake, { batches: [{ flows: [{ ...bare, atMs: at('10:00', 8) }] }] });
      await edgesOf(lake);
      assert.equal(keptIn(dir).length, 2);
      const answers = [{ atMs: at('09:55', 1), client: '10.0.0.6', name: 'late.example', addresses: [address] }];
      const id = await addSource(lake, { batches: [{ format: 'bind', answers }] });
      assert.deepEqual(
        keptIn(dir).map((file) => file.slice(0, 14)),
        ['day=2026-11-28'],
      );
      const destinations = async (): Promise<readonly string[]> =>
        (await edgesOf(lake)).map(({ destination }) => destination);
      assert.deepEqual(await destinations(), [address, 'late.example']);
      assert.equal(await lake.forget(id ?? ''), true);
      assert.equal(keptIn(dir).length, 1);
      assert.deepEqual(await destinations(), [address]);
    }));

  test('know nothing of tables of ranges: a table that comes or goes tells of them, and nothing is joined again', () =>
    withBed(async ({ dir, lake }) => {
      await addSource(lake, { batches: [{ flows: [bare, { ...bare, address: '198.51.100.7' }] }] });
      const providers = async (of: FlowLake): Promise<unknown> =>
        (await edgesOf(of)).map(({ destination, rank, provider }) => [destination, rank, provider]);
      const unknown = [
        ['198.51.100.7', 'address', null],
        [address, 'address', null],
      ];
      assert.deepEqual(await providers(lake), unknown);
      const kept = keptIn(dir);
      const { ino } = statSync(pathOf(dir, kept[0]));
      const table = await addSource(lake, { ranges: [rangeOf('203.0.113.0/24', 'aws')] });
      const known = [
        ['198.51.100.7', 'address', null],
        [address, 'provider', 'aws'],
      ];
      assert.deepEqual(await providers(lake), known);
      assert.deepEqual([keptIn(dir), statSync(pathOf(dir, kept[0])).ino], [kept, ino]);
      rmSync(join(dir, 'edges'), { recursive: true });
      const other = await openDuckdbLake({ dir });
      assert.deepEqual(await providers(other), known);
      other.close();
      assert.equal(await lake.forget(table ?? ''), true);
      assert.deepEqual(await providers(lake), unknown);
      assert.deepEqual(keptIn(dir), kept);
    }));

  test('go with a source whose place a grown one takes, of all of its days', () =>
    withBed(async ({ dir, lake }) => {
      const replaced = await addSource(lake, { batches: [{ flows: [bare, { ...bare, atMs: at('10:00', 8) }] }] });
      await edgesOf(lake);
      assert.equal(keptIn(dir).length, 2);
      const writer = await lake.begin();
      await writer.append('squid', foldBatch({ flows: [bare] }));
      assert.equal(await writer.publish(entryOf({ path: 'grown.log' }), [replaced ?? '']), true);
      assert.deepEqual(keptIn(dir), []);
      const [edge] = await edgesOf(lake);
      assert.deepEqual([edge?.connections, edge?.days], [1, 1]);
    }));

  test('that a stopped reader put back after their source was forgotten go when the lake is opened next', () =>
    withBed(async ({ dir, lake }) => {
      const id = await addSource(lake, { batches: [{ flows: [bare] }] });
      await edgesOf(lake);
      const stale = pathOf(dir, keptIn(dir)[0]);
      const bytes = readFileSync(stale);
      assert.equal(await lake.forget(id ?? ''), true);
      mkdirSync(dirname(stale));
      writeFileSync(stale, bytes);
      writeFileSync(`${stale}.half.tmp`, bytes);
      const other = await openDuckdbLake({ dir });
      other.close();
      assert.deepEqual(readdirSync(join(dir, 'edges'), { recursive: true }), []);
    }));

  test('are two at most where it is disputed who changed hands', () =>
    withBed(async ({ dir, lake }) => {
      await addSource(lake, { batches: [{ flows: [bare, { ...bare, atMs: at('20:00') }] }] });
      for (const hour of ['11', '12', '13', '14']) {
        const query = await queryOf(lake, wholeWindow, directoryOf({ inventory: handedOverAt(hour) }));
        const edges = (await lake.edges(query)).edges.map(({ principal, connections }) => [principal, connections]);
        assert.deepEqual(edges, [
          ['evening', 1],
          ['morning', 1],
        ]);
        assert.ok(keptIn(dir).length <= 2);
      }
    }));
});

function handedOverAt(hour: string): ReturnType<typeof directoryOf>['inventory'] {
  const instant = `2026-11-20T${hour}:02:00Z`;
  const text = `services:
  - { name: morning, sources: [{ cidr: 10.0.0.5/32, until: ${instant} }] }
  - { name: evening, sources: [{ cidr: 10.0.0.0/24, from: ${instant} }] }
`;
  const inventory = parseInventory(text, 'inventory.yaml');
  assert.ok(inventory.ok);
  return inventory.value;
}

const anyFlow: fc.Arbitrary<FlowSpec> = fc
  .record({
    day: fc.nat(4),
    minute: fc.nat(1439),
    client: fc.constantFrom('10.0.0.5', '10.0.0.6'),
    address: fc.constantFrom(address, '203.0.113.11'),
    name: fc.constantFrom('', '', 'a.example', 'b.example'),
    isReply: fc.constantFrom(false, false, true),
    lastsMinutes: fc.constantFrom(0, 90, 3000),
  })
  .map(({ day, minute, lastsMinutes, ...rest }) => {
    const atMs = at('00:00', day) + minute * 60_000;
    return { ...rest, atMs, endMs: atMs + lastsMinutes * 60_000, up: 1 };
  });
const anySource = fc.record({
  format: fc.constantFrom('squid', 'aws-vpc'),
  flows: fc.array(anyFlow, { minLength: 1, maxLength: 15 }),
});
const anyTable = fc
  .subarray(['203.0.113.0/24 aws', '203.0.113.10 own', '203.0.113.11 fastly'])
  .map((blocks) => blocks.map((block) => rangeOf(block.split(' ')[0] ?? '', block.split(' ')[1] ?? '')));
const anyWindow: fc.Arbitrary<LakeWindow> = fc.constantFrom(
  wholeWindow,
  { sinceMs: at('00:00', 1), untilMs: at('00:00', 3) },
  { sinceMs: at('06:00', 1), untilMs: at('18:00', 3) },
);

/** Everything that is read of joined days. */
async function readAll(lake: FlowLake, window: LakeWindow): Promise<unknown> {
  const query = await queryOf(lake, window, directoryOf({ inventory: handedOverAt('12') }));
  const judgeable = await lake.judgeableEdges({ ...query }, () => true);
  const texts = judgeable.edges.map((edge) => JSON.stringify(edge)).sort();
  return [
    await lake.edges(query),
    await lake.seenDays(query),
    await lake.regularity(query),
    { ...judgeable, edges: texts },
  ];
}

test('a lake of kept days tells what one that keeps nothing tells, whatever came in between', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(anySource, anyTable, anyWindow), { minLength: 2, maxLength: 3 }),
      fc.constantFrom(1, 5, undefined),
      (steps, foldFromRows) =>
        withBed(async ({ dir, lake }) => {
          let table: string | null = null;
          for (const [source, ranges, window] of steps) {
            await addSource(lake, { batches: [source] });
            await readAll(lake, window);
            if (table !== null) await lake.forget(table);
            table = await addSource(lake, { ranges });
            await readAll(lake, window);
            const kept = await readAll(lake, window);
            rmSync(join(dir, 'edges'), { recursive: true });
            const made = await openDuckdbLake({ dir });
            assert.deepEqual(await readAll(made, window), kept);
            made.close();
          }
        }, foldFromRows),
    ),
    { numRuns: 5, endOnFailure: true },
  );
});
