import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Attribution,
  type Edge,
  edgeKey,
  type FlowDraft,
  type FlowLake,
  type JudgeableEdge,
  ObservationFold,
  type WhoRow,
} from '../../flowmap/index.ts';
import { openDuckdbLake } from './duckdb-lake.ts';

const startMs = Date.UTC(2026, 10, 2);
const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 10, 9);

/** Few values of each kind, so that records meet in edges, days, buckets, formats and vantages. */
const flow = fc.record({
  at: fc.integer({ min: 0, max: 60 }),
  client: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.1', '203.0.113.200'),
  name: fc.constantFrom('', '', 'a.example', 'b.example'),
  nameKind: fc.constantFrom('sni' as const, 'connect' as const, 'reverse' as const),
  address: fc.constantFrom('203.0.113.7', '203.0.113.8', '203.0.113.9'),
  port: fc.constantFrom(443, 80),
  application: fc.constantFrom('unknown' as const, 'tls' as const, 'http' as const, 'tunnel' as const),
  bytesUp: fc.constantFrom(-1, 100, 2000),
  isReply: fc.constantFrom(false, false, false, false, false, true),
  isDenied: fc.constantFrom(false, false, false, true),
});
const answer = fc.record({
  at: fc.integer({ min: 0, max: 60 }),
  client: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  name: fc.constantFrom('a.example', 'b.example', 'c.example'),
  address: fc.constantFrom('203.0.113.7', '203.0.113.8', '203.0.113.9'),
});
/** One source: several need not share a format, a vantage or a sampling. */
const source = fc.record({
  format: fc.constantFrom('squid', 'aws-vpc'),
  initiator: fc.constantFrom('stated' as const, 'stated' as const, 'flags' as const),
  vantage: fc.constantFrom('only' as const, 'only' as const, 'source' as const),
  sampledOneIn: fc.constantFrom(1, 1, 1, 10),
  flows: fc.array(flow, { minLength: 20, maxLength: 80 }),
  answers: fc.array(answer, { maxLength: 3 }),
});
type Source = typeof source extends fc.Arbitrary<infer T> ? T : never;

test('edges for judging are the edges of the map, word for word and sum for sum', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(source, { minLength: 2, maxLength: 4 }), async (sources) => {
      const dir = mkdtempSync(join(tmpdir(), 'exeat-lake-'));
      const lake = await openDuckdbLake({ dir, isWriter: true });
      try {
        for (const [at, one] of sources.entries()) await addSource(lake, one, at);
        const query = { sinceMs: null, untilMs: null, who: whoOf() };
        const whole = await lake.edges(query);
        const lean = await lake.judgeableEdges(query, () => true);
        assert.deepEqual(sorted(lean.edges).map(comparable), sorted(whole.edges).map(comparable));
        assert.deepEqual(lean.shares, whole.shares);
        assert.deepEqual(lean.leftOut, whole.leftOut);
      } finally {
        lake.close();
        rmSync(dir, { recursive: true, force: true });
      }
    }),
    { numRuns: 20, endOnFailure: true },
  );
});

async function addSource(lake: FlowLake, { format, flows, answers, ...facts }: Source, at: number): Promise<void> {
  const fold = new ObservationFold({ nowMs, seed: 7 });
  for (const each of flows) addFlow(fold, { ...each, ...facts });
  for (const each of answers) {
    fold.answer({
      timeMs: startMs + each.at * hourMs,
      client: each.client,
      name: each.name,
      type: 'A',
      code: 'NOERROR',
      addresses: [{ address: each.address, ttlSeconds: 60 }],
      aliases: [],
      isDenied: false,
      resolver: null,
    });
  }
  const writer = await lake.begin();
  await writer.append(format, fold.drain());
  await writer.publish({
    digest: String(at),
    path: `${at}.log`,
    kind: 'log',
    formats: [format],
    tally: { lines: 0, taken: 0, skips: {}, rejects: {} },
    bytes: 0,
    firstMs: null,
    lastMs: null,
    ingestedAtMs: at,
    notes: [],
  });
}

type Flow = Source['flows'][number] & Pick<Source, 'initiator' | 'vantage' | 'sampledOneIn'>;

function addFlow(fold: ObservationFold, { at, client, name, address, ...rest }: Flow): void {
  const draft: FlowDraft = fold.beginFlow();
  const { nameKind, isDenied, isReply } = rest;
  Object.assign(draft, rest, {
    startMs: startMs + at * hourMs,
    endMs: startMs + at * hourMs + 1000,
    client: fold.text(client),
    address: fold.text(address),
    name: name === '' ? 0 : fold.text(name),
    nameKind: name === '' ? 'none' : nameKind,
    protocol: 6,
    bytesDown: rest.bytesUp,
    connections: isDenied && isReply ? 0 : 1,
  });
  assert.equal(fold.endFlow(), 'taken');
}

/** One service changes hands on the second day, one is a proxy, one is outside. */
function whoOf(): readonly WhoRow[] {
  const always = { user: '', service: '', fromMs: 0, untilMs: Date.UTC(9999, 0, 1) };
  const dayMs = startMs + 24 * hourMs;
  const row = (client: string, principal: string, how: Attribution, role: WhoRow['role']): WhoRow => ({
    ...always,
    client,
    principal,
    how,
    role,
  });
  return [
    { ...row('10.0.0.1', 'payments-api', 'inventory', 'principal'), untilMs: dayMs },
    { ...row('10.0.0.1', 'ci-runner', 'dhcp', 'principal'), fromMs: dayMs },
    row('10.0.0.2', 'payments-api', 'policy-source', 'principal'),
    row('10.0.1.1', 'egress-proxy', 'inventory', 'proxy'),
    row('203.0.113.200', '203.0.113.200', 'address', 'outside'),
  ];
}

function sorted<T extends JudgeableEdge>(edges: readonly T[]): readonly T[] {
  const key = (edge: JudgeableEdge): string => `${edgeKey(edge)}\n${edge.isName}`;
  return [...edges].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What judging may look at: of clients the first. */
function comparable(edge: JudgeableEdge | Edge): JudgeableEdge {
  const { principal, how, destination, isName, port, protocol, application, rank, candidates, clients } = edge;
  const { addresses, connections, bytesUp, bytesDown, denied, firstMs, lastMs, initiator, isSampled } = edge;
  return {
    ...{ principal, how, destination, isName, port, protocol, application, rank, candidates },
    clients: clients.slice(0, 1),
    ...{ addresses, connections, bytesUp, bytesDown, denied, firstMs, lastMs, initiator, isSampled },
  };
}
