import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeclaredEndpoint, Edge, FlowLake, LeaseObservation } from '../../src/flowmap/index.ts';
import { addSource, at, directoryOf, entryOf, type FlowSpec, foldBatch, queryOf, wholeWindow } from './flow-batch.ts';

/** A place for lakes: opens the same one again and again, beside each other where a test wants that, and removes it in the end. */
export interface LakeBed {
  open(isWriter: boolean): Promise<FlowLake>;
  remove(): void;
}

/** Runs a test on a fresh place, and closes what it opened. */
export async function withLake(
  make: () => LakeBed,
  work: (lake: FlowLake, open: LakeBed['open']) => Promise<void>,
): Promise<void> {
  const bed = make();
  const opened: FlowLake[] = [];
  const open: LakeBed['open'] = async (isWriter) => {
    const lake = await bed.open(isWriter);
    opened.push(lake);
    return lake;
  };
  try {
    await work(await open(true), open);
  } finally {
    for (const lake of opened) lake.close();
    bed.remove();
  }
}

/** The edges of everything kept, with nobody known but by address. */
export async function edgesOf(lake: FlowLake): Promise<readonly Edge[]> {
  return (await lake.edges(await queryOf(lake))).edges;
}

const flow: FlowSpec = { atMs: at('10:00'), client: '10.0.0.5', name: 'api.example', up: 100, down: 200 };

const declared: DeclaredEndpoint = {
  service: 'payments',
  host: 'bank.example',
  port: 443,
  scheme: 'https',
  file: 'deploy/app.yaml',
  line: 12,
  confidence: 'stated',
  key: 'BANK_URL',
  schedule: '0 3 * * *',
};

const lease: LeaseObservation = {
  address: '10.0.0.5',
  holder: 'payments/api',
  kind: 'workload',
  origin: 'kubernetes',
  fromMs: at('08:00'),
  untilMs: null,
};

/** What every `FlowLake` must keep and give back, run on one implementation. */
export function checkLakeKeeping(name: string, make: () => LakeBed): void {
  test(`${name}: nothing of a source is seen before it is published, and all of it afterwards`, () =>
    withLake(make, async (lake) => {
      const writer = await lake.begin();
      await writer.append('squid', foldBatch({ flows: [flow] }));
      assert.deepEqual(lake.sources(), []);
      assert.deepEqual(await edgesOf(lake), []);
      assert.equal(await writer.publish(entryOf({ path: 'access.log' })), true);
      assert.deepEqual(
        lake.sources().map(({ id, path }) => [id, path]),
        [[writer.id, 'access.log']],
      );
      const [edge] = await edgesOf(lake);
      assert.deepEqual([edge?.destination, edge?.connections, edge?.sources], ['api.example', 1, [writer.id]]);
    }));

  test(`${name}: what was discarded is as if it had never been`, () =>
    withLake(make, async (lake) => {
      const writer = await lake.begin();
      await writer.append('squid', foldBatch({ flows: [flow] }));
      await writer.discard();
      await writer.discard();
      assert.deepEqual(lake.sources(), []);
      assert.deepEqual(await edgesOf(lake), []);
    }));

  test(`${name}: the same digest published twice counts once`, () =>
    withLake(make, async (lake) => {
      const spec = { batches: [{ flows: [flow] }], digest: 'same' };
      assert.notEqual(await addSource(lake, spec), null);
      assert.equal(await addSource(lake, { ...spec, path: 'copy.log' }), null);
      assert.equal(lake.sources().length, 1);
      assert.equal((await edgesOf(lake))[0]?.connections, 1);
    }));

  test(`${name}: a forgotten source takes its flows, leases and declarations with it, and can come back`, () =>
    withLake(make, async (lake) => {
      const spec = { batches: [{ flows: [flow], leases: [lease] }], declared: [declared], digest: 'again' };
      const id = await addSource(lake, spec);
      assert.equal(await lake.forget('ffffffff'), false);
      assert.equal(await lake.forget(id ?? ''), true);
      assert.deepEqual(
        [lake.sources(), await edgesOf(lake), await lake.leases(), await lake.declared()],
        [[], [], [], []],
      );
      assert.notEqual(await addSource(lake, spec), null);
      assert.equal((await edgesOf(lake)).length, 1);
    }));

  test(`${name}: batches that are appended at the same time do not mix`, () =>
    withLake(make, async (lake) => {
      const writer = await lake.begin();
      const clients = Array.from({ length: 6 }, (_, index) => `10.0.1.${index + 1}`);
      const batches = clients.map((client) =>
        foldBatch({ flows: [{ ...flow, client, name: `for-${client}.example` }] }),
      );
      await Promise.all(batches.map((batch) => writer.append('squid', batch)));
      await writer.publish(entryOf({}));
      assert.deepEqual(
        (await edgesOf(lake)).map(({ principal, destination }) => [principal, destination]),
        clients.map((client) => [client, `for-${client}.example`]),
      );
    }));

  test(`${name}: a window keeps what is at or after its start and before its end`, () =>
    withLake(make, async (lake) => {
      const times = [at('23:55', -1), at('00:00'), at('12:00'), at('23:55'), at('00:00', 1)];
      await addSource(lake, { batches: [{ flows: times.map((atMs) => ({ ...flow, atMs })) }] });
      const count = async (sinceMs: number | null, untilMs: number | null): Promise<number> => {
        const set = await lake.edges(await queryOf(lake, { sinceMs, untilMs }));
        return set.edges.reduce((sum, { connections }) => sum + connections, 0);
      };
      assert.equal(await count(null, null), 5);
      assert.equal(await count(at('00:00'), at('00:00', 1)), 3);
      assert.equal(await count(at('12:00'), null), 3);
      assert.equal(await count(null, at('12:00')), 2);
      assert.equal(await count(at('00:00', 3), null), 0);
    }));

  test(`${name}: clients are told as they are on the records, with their first and last time`, () =>
    withLake(make, async (lake) => {
      const flows = [
        { ...flow, endMs: at('11:00') },
        { ...flow, atMs: at('09:00'), user: 'jane' },
        { ...flow, service: 'payments' },
        { atMs: at('10:00'), name: 'own.example' },
      ];
      await addSource(lake, { batches: [{ flows }] });
      assert.deepEqual(await lake.clients(wholeWindow), [
        { client: '', user: '', service: '', firstMs: at('10:00'), lastMs: at('10:00') },
        { client: '10.0.0.5', user: '', service: '', firstMs: at('10:00'), lastMs: at('11:00') },
        { client: '10.0.0.5', user: '', service: 'payments', firstMs: at('10:00'), lastMs: at('10:00') },
        { client: '10.0.0.5', user: 'jane', service: '', firstMs: at('09:00'), lastMs: at('09:00') },
      ]);
    }));

  test(`${name}: leases and declarations come back as they were given, each once`, () =>
    withLake(make, async (lake) => {
      await addSource(lake, { batches: [{ leases: [lease, lease] }] });
      await addSource(lake, { batches: [{ leases: [lease] }], declared: [declared, declared] });
      const bare = { ...declared, service: null, port: null, scheme: null, key: null, schedule: null, line: 13 };
      await addSource(lake, { declared: [declared, bare] });
      assert.deepEqual(await lake.leases(), [lease]);
      assert.deepEqual(
        [...(await lake.declared())].sort((a, b) => a.line - b.line),
        [declared, bare],
      );
    }));

  test(`${name}: a source that holds nothing is published all the same`, () =>
    withLake(make, async (lake) => {
      assert.notEqual(await addSource(lake, {}), null);
      assert.equal(lake.sources().length, 1);
      assert.deepEqual((await lake.edges(await queryOf(lake))).shares, []);
    }));

  test(`${name}: what an ingest left behind when it was stopped is gone with the next writer`, () =>
    withLake(make, async (lake, open) => {
      const writer = await lake.begin();
      await writer.append('squid', foldBatch({ flows: [flow] }));
      const next = await open(true);
      assert.deepEqual(await edgesOf(next), []);
      await addSource(next, { batches: [{ flows: [flow] }] });
      assert.equal((await edgesOf(next))[0]?.connections, 1);
    }));

  test(`${name}: a reader beside a writer sees whole sources only, before and after`, () =>
    withLake(make, async (lake, open) => {
      await addSource(lake, { batches: [{ flows: [flow] }] });
      const reader = await open(false);
      const seen = new Set<number>();
      const writing = (async (): Promise<void> => {
        for (let index = 0; index < 8; index += 1) {
          const many = Array.from({ length: 10 }, () => ({ ...flow, atMs: at('11:00', index) }));
          await addSource(lake, { batches: [{ flows: many }, { flows: many }] });
        }
      })();
      for (let round = 0; round < 12; round += 1) seen.add((await edgesOf(reader))[0]?.connections ?? 0);
      await writing;
      for (const connections of seen) assert.equal((connections - 1) % 20, 0, `${connections} connections`);
      assert.equal((await edgesOf(reader))[0]?.connections, 161);
    }));

  test(`${name}: a source that takes the place of another counts alone, from the same instant and for who comes later`, () =>
    withLake(make, async (lake, open) => {
      const first = await addSource(lake, { batches: [{ flows: [flow] }] });
      const writer = await lake.begin();
      await writer.append('squid', foldBatch({ flows: [flow, flow] }));
      assert.equal(await writer.publish(entryOf({ path: 'grown.log' }), [first ?? '']), true);
      for (const one of [lake, await open(false)]) {
        assert.deepEqual(
          one.sources().map(({ path }) => path),
          ['grown.log'],
        );
        assert.equal((await edgesOf(one))[0]?.connections, 2);
      }
      assert.equal(await lake.forget(first ?? ''), false);
    }));

  test(`${name}: edges in batches are the edges, however many`, () =>
    withLake(make, async (lake) => {
      const flows = Array.from({ length: 5000 }, (_, index) => ({ ...flow, name: `n${index % 4500}.example` }));
      await addSource(lake, { batches: [{ flows }] });
      const query = await queryOf(lake);
      const batches: (readonly Edge[])[] = [];
      for await (const batch of lake.edgeBatches(query)) batches.push(batch);
      const { edges, ...basis } = await lake.edges(query);
      assert.ok(batches.length > 1);
      assert.equal(edges.length, 4500);
      assert.deepEqual(batches.flat(), edges);
      assert.deepEqual(await lake.edgeBasis(query), basis);
    }));

  test(`${name}: the days of a principal are told, ascending`, () =>
    withLake(make, async (lake) => {
      const flows = [2, 0, 0, 5].map((days) => ({ ...flow, atMs: at('10:00', days) }));
      await addSource(lake, { batches: [{ flows }] });
      const first = Math.floor(at('00:00') / 86_400_000);
      const query = await queryOf(lake);
      assert.deepEqual(await lake.seenDays(query), [{ principal: '10.0.0.5', days: [first, first + 2, first + 5] }]);
    }));

  test(`${name}: what comes every five minutes is regular, and what came twice is not said to be`, () =>
    withLake(make, async (lake) => {
      const beacon = Array.from({ length: 30 }, (_, index) => ({
        ...flow,
        name: 'beacon.example',
        atMs: at('00:00') + index * 300_000,
      }));
      await addSource(lake, { batches: [{ flows: [...beacon, flow, { ...flow, atMs: at('12:00') }] }] });
      const regular = await lake.regularity(await queryOf(lake));
      assert.deepEqual(regular, [
        {
          principal: '10.0.0.5',
          destination: 'beacon.example',
          port: 443,
          protocol: 6,
          gaps: 29,
          meanMinutes: 5,
          deviationMinutes: 0,
        },
      ]);
    }));

  test(`${name}: names are told with what each resolver answered`, () =>
    withLake(make, async (lake) => {
      const ask = { name: 'split.example', atMs: at('10:00'), ttlSeconds: 60 };
      const answers = [
        { ...ask, client: '10.0.0.5', resolver: '10.0.0.2', addresses: ['10.9.9.9'] },
        { ...ask, client: '10.0.0.6', resolver: '10.0.0.2', addresses: ['10.9.9.9', '10.9.9.8'] },
        { ...ask, client: '10.0.0.5', resolver: '192.0.2.53', addresses: ['203.0.113.9'] },
        { ...ask, client: '10.0.0.5', resolver: '192.0.2.53', name: 'silent.example' },
      ];
      await addSource(lake, { batches: [{ format: 'route53-resolver', answers }] });
      assert.deepEqual(await lake.nameAnswers(wholeWindow), [
        { name: 'split.example', resolver: '10.0.0.2', addresses: ['10.9.9.8', '10.9.9.9'], clients: 2, questions: 3 },
        { name: 'split.example', resolver: '192.0.2.53', addresses: ['203.0.113.9'], clients: 1, questions: 1 },
      ]);
    }));

  test(`${name}: text of a log is data, whatever it says`, () =>
    withLake(make, async (lake) => {
      const user = `'); DROP TABLE who; -- "\u0000\u001b[31m`;
      await addSource(lake, { batches: [{ flows: [{ ...flow, user, service: '' }] }], path: `it's; a "log".log` });
      const query = await queryOf(lake, wholeWindow, directoryOf());
      assert.deepEqual(
        (await lake.edges(query)).edges.map(({ principal }) => principal),
        [`user:${user}`],
      );
      assert.equal(lake.sources()[0]?.path, `it's; a "log".log`);
    }));
}
