import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addSource, at, entryOf, type FlowSpec, foldBatch, queryOf } from '../../../test/support/flow-batch.ts';
import { checkLakeJoin } from '../../../test/support/lake-join-suite.ts';
import { checkLakeRanges } from '../../../test/support/lake-range-suite.ts';
import { checkLakeKeeping, edgesOf, type LakeBed } from '../../../test/support/lake-suite.ts';
import { type AppendedBatch, joinByReference } from '../../../test/support/reference-join.ts';
import { openDuckdbLake } from './duckdb-lake.ts';

function createBed(): LakeBed & { readonly dir: string } {
  const root = mkdtempSync(join(tmpdir(), "exeat-lake-it's-"));
  const dir = join(root, 'lake');
  return {
    dir,
    open: (isWriter) => openDuckdbLake({ dir, isWriter, threads: 2 }),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

checkLakeKeeping('the lake of Parquet files', createBed);
checkLakeJoin('the lake of Parquet files', createBed);
checkLakeRanges('the lake of Parquet files', createBed);

const flow: FlowSpec = { atMs: at('10:00'), client: '10.0.0.5', name: 'api.example', up: 100, down: 200 };

describe('the folder of a lake', () => {
  test('flows lie in files by day, which other engines can read', async () => {
    const bed = createBed();
    const lake = await bed.open(true);
    await addSource(lake, { batches: [{ flows: [flow, { ...flow, atMs: at('10:00', 1) }] }] });
    assert.deepEqual(readdirSync(join(bed.dir, 'flows')).sort(), ['day=2026-11-20', 'day=2026-11-21']);
    lake.close();
    bed.remove();
  });

  test('leftovers of a stopped ingest, moved or not, are removed by the next writer and by no reader', async () => {
    const bed = createBed();
    const lake = await bed.open(true);
    const id = await addSource(lake, { batches: [{ flows: [flow] }] });
    const writer = await lake.begin();
    await writer.append('squid', foldBatch({ flows: [flow] }));
    lake.close();
    const day = join(bed.dir, 'flows', 'day=2026-11-20');
    writeFileSync(join(day, 'deadbeef-0.parquet'), 'half');
    (await bed.open(false)).close();
    assert.equal(readdirSync(day).length, 2);
    assert.deepEqual(readdirSync(join(bed.dir, 'incoming')), [writer.id]);
    (await bed.open(true)).close();
    assert.deepEqual(readdirSync(day), [`${id}-0.parquet`]);
    assert.deepEqual(readdirSync(join(bed.dir, 'incoming')), []);
    bed.remove();
  });

  test('a damaged file is named with what to do, and can be taken out', async () => {
    const bed = createBed();
    const lake = await bed.open(true);
    const id = await addSource(lake, { batches: [{ flows: [flow] }], path: 'access.log' });
    await addSource(lake, { batches: [{ flows: [{ ...flow, name: 'other.example' }] }] });
    const file = join(bed.dir, 'flows', 'day=2026-11-20', `${id}-0.parquet`);
    for (const damage of [
      (): void => truncateSync(file, 100),
      (): void => writeFileSync(file, ''),
      (): void => rmSync(file),
    ]) {
      damage();
      await assert.rejects(edgesOf(lake), {
        message: `\`flows/day=2026-11-20/${id}-0.parquet\` in the flow lake is damaged: take its source out with \`exeat flows forget ${id}\` and ingest \`access.log\` again`,
      });
    }
    assert.equal(await lake.forget(id ?? ''), true);
    assert.deepEqual(
      (await edgesOf(lake)).map(({ destination }) => destination),
      ['other.example'],
    );
    lake.close();
    bed.remove();
  });

  test('a damaged entry is told, and its files stay', async () => {
    const bed = createBed();
    const lake = await bed.open(true);
    const id = await addSource(lake, { batches: [{ flows: [flow] }] });
    lake.close();
    writeFileSync(join(bed.dir, 'sources', `${id}.json`), '{"id": "');
    await assert.rejects(
      bed.open(true),
      /sources\/[0-9a-f]{8}\.json` in the flow lake is damaged: remove it and ingest its source again/,
    );
    assert.deepEqual(readdirSync(join(bed.dir, 'flows', 'day=2026-11-20')), [`${id}-0.parquet`]);
    bed.remove();
  });

  test('a lake of a newer version is refused before anything in it is touched', async () => {
    const bed = createBed();
    (await bed.open(true)).close();
    assert.equal(readFileSync(join(bed.dir, 'version'), 'utf8'), '1\n');
    writeFileSync(join(bed.dir, 'version'), '2\n');
    writeFileSync(join(bed.dir, 'flows', 'unknown.parquet'), 'of a later day');
    for (const isWriter of [true, false]) {
      await assert.rejects(
        bed.open(isWriter),
        /was written by a newer version of Exeat \(its layout is 2, this one knows 1\)/,
      );
    }
    assert.deepEqual(readdirSync(join(bed.dir, 'flows')), ['unknown.parquet']);
    bed.remove();
  });

  test('a batch with a flow on every day of two years is written in bounded memory', async () => {
    const bed = createBed();
    const lake = await openDuckdbLake({ dir: bed.dir, isWriter: true, memoryLimitMb: 128 });
    const flows = Array.from({ length: 800 }, (_, index) => ({ ...flow, atMs: at('10:00', -index) }));
    const writer = await lake.begin();
    await writer.append('squid', foldBatch({ flows }));
    await writer.publish(entryOf({}));
    const [edge] = await edgesOf(lake);
    assert.deepEqual([edge?.connections, edge?.days], [800, 800]);
    lake.close();
    bed.remove();
  });
});

const clients = ['10.0.0.1', '10.0.0.2', ''] as const;
const addresses = ['203.0.113.1', '203.0.113.2'] as const;
const names = ['a.example', 'b.example', 'c.example'] as const;
const when = fc
  .record({ day: fc.nat(3), minute: fc.nat(1439) })
  .map(({ day, minute }) => at('00:00', day) + minute * 60_000);
const bytes = fc.option(fc.nat(1000), { nil: -1 });

const anyFlow: fc.Arbitrary<FlowSpec> = fc
  .record({
    atMs: when,
    lastsMinutes: fc.constantFrom(0, 0, 1, 90, 3000),
    client: fc.constantFrom(...clients),
    address: fc.constantFrom(...addresses),
    name: fc.constantFrom('', '', '', ...names),
    nameKind: fc.constantFrom('sni', 'sni', 'reverse'),
    provider: fc.constantFrom('', '', 'S3', 'EC2'),
    port: fc.constantFrom(443, 443, -1),
    application: fc.constantFrom('unknown', 'tls', 'http'),
    up: bytes,
    down: bytes,
    connections: fc.constantFrom(0, 1, 2),
    isDenied: fc.constantFrom(false, false, true),
    isReply: fc.constantFrom(false, false, true),
    initiator: fc.constantFrom('stated', 'flags', 'ports'),
    vantage: fc.constantFrom('only', 'source', 'destination'),
    sampledOneIn: fc.constantFrom(1, 1, 10),
  })
  .map(({ lastsMinutes, ...rest }) => ({ ...rest, endMs: rest.atMs + lastsMinutes * 60_000 }) as FlowSpec);

const anyAnswer = fc.record({
  atMs: when,
  client: fc.constantFrom(...clients),
  name: fc.constantFrom(...names),
  addresses: fc.subarray([...addresses]),
  ttlSeconds: fc.constantFrom(1, 300, 7200, 90_000, 1_000_000),
});

const anyBatch = fc.record({
  format: fc.constantFrom('squid', 'aws-vpc'),
  flows: fc.array(anyFlow, { maxLength: 12 }),
  answers: fc.array(anyAnswer, { maxLength: 5 }),
});

describe('the join in SQL', () => {
  test('gives the edges that the join written down a second time gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyBatch, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(null, at('06:00', 1)),
        async (batches, sinceMs) => {
          const bed = createBed();
          const lake = await bed.open(true);
          try {
            const appended: AppendedBatch[] = [];
            for (const spec of batches) {
              const writer = await lake.begin();
              const batch = foldBatch(spec);
              appended.push({ source: writer.id, format: spec.format, batch: structuredClone(batch) });
              await writer.append(spec.format, batch);
              await writer.publish(entryOf({}));
            }
            const query = await queryOf(lake, { sinceMs, untilMs: null });
            assert.deepEqual((await lake.edges(query)).edges, joinByReference(appended, query));
          } finally {
            lake.close();
            bed.remove();
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
