import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  attributeClients,
  createCoverage,
  createLocalZone,
  createSourceReader,
  createTally,
  drawFlowMap,
  type FlowLake,
  findLogFormat,
  ObservationFold,
  parseInventory,
  type SourceReader,
} from '../../src/flowmap/index.ts';
import { openDuckdbLake } from '../../src/store/duckdb/index.ts';
import { at, directoryOf, entryOf, testNowMs, wholeWindow } from '../support/flow-batch.ts';
import { grammarOf, splitCases } from '../support/split-cases.ts';

// The map must not hang on how logs were cut into files, in which order these came, whether one came twice, and how their lines fell to
// threads and batches.

/** Lines of one format; its fields where a definition or a header line names them. */
interface Log {
  readonly format: string;
  readonly lines: readonly string[];
  readonly grammar: string | null;
}

/** One file: lines of a format, and how reading it is spread over threads and batches. */
interface Part extends Log {
  /** What tells this file from others that hold the same lines by chance. */
  readonly id: string;
  readonly threads: number;
  readonly maxRows: number;
}

const clients = ['10.0.0.5', '10.0.0.6', '192.0.2.77', '10.9.9.9'] as const;
const names = ['api.example', 'bank.example', 'cdn.example'] as const;
const addresses = ['203.0.113.10', '203.0.113.11', '203.0.113.12'] as const;

const line = fc.record({
  seconds: fc.nat(3 * 86_400),
  client: fc.constantFrom(...clients),
  name: fc.constantFrom(...names),
  address: fc.constantFrom(...addresses),
  bytes: fc.nat(5000),
  flavour: fc.nat(5),
});

type Line = typeof line extends fc.Arbitrary<infer T> ? T : never;

const writers: Readonly<Record<string, (line: Line) => string>> = {
  squid: ({ seconds, client, name, address, bytes, flavour }) => {
    const [code = '', url = ''] = [
      ['TCP_TUNNEL/200', `CONNECT ${name}:443`],
      ['TCP_DENIED/403', `CONNECT ${name}:443`],
      ['TCP_MISS/200', `GET http://${name}/a`],
      ['TCP_TUNNEL/200', `CONNECT ${address}:443`],
      ['TCP_TUNNEL/200', `CONNECT ${name}:8443`],
      ['NONE/400', 'NONE error:invalid-request'],
    ][flavour] as string[];
    return `${at('00:00') / 1000 + seconds}.250 12 ${client} ${code} ${bytes} ${url} - HIER_DIRECT/${address} -`;
  },
  'aws-vpc': ({ seconds, client, address, bytes, flavour }) => {
    const start = at('00:00') / 1000 + seconds;
    const [from, to] = [`${client} ${address}`, `${address} ${client}`];
    const [ends = '', ports = '', action = 'ACCEPT'] = [
      [from, '40000 443'],
      [to, '443 40000'],
      [from, '40001 443', 'REJECT'],
      [from, '40002 8443'],
      [from, '40003 80'],
      [to, '80 40003'],
    ][flavour] as string[];
    return `2 123456789010 eni-0abc ${ends} ${ports} 6 10 ${bytes} ${start} ${start + 60} ${action} OK`;
  },
  'route53-resolver': ({ seconds, client, name, address, flavour }) =>
    JSON.stringify({
      version: '1.100000',
      query_timestamp: new Date(at('00:00') + seconds * 1000).toISOString(),
      query_name: `${name}.`,
      query_type: 'A',
      query_class: 'IN',
      rcode: flavour === 5 ? 'NXDOMAIN' : 'NOERROR',
      answers: flavour > 3 ? [] : [{ Rdata: address, Type: 'A', Class: 'IN' }],
      srcaddr: client,
      srcport: '41532',
      transport: 'UDP',
      srcids: {},
    }),
};

const logs: fc.Arbitrary<readonly Log[]> = fc
  .record(Object.fromEntries(Object.keys(writers).map((format) => [format, fc.array(line, { maxLength: 25 })])))
  .map((all) =>
    Object.entries(all).map(([format, lines]) => ({
      format,
      lines: lines.map((one) => writers[format]?.(one) ?? ''),
      grammar: null,
    })),
  );

/** The fixtures of every log format, without lines that hang on others. */
const everyLog: readonly Log[] = splitCases.map(({ format, lines, grammar }) => ({ format, lines, grammar }));

interface TwoWays {
  readonly whole: readonly Part[];
  readonly parts: readonly Part[];
}

/** The same logs as whole files and as parts in another order, some of them twice. */
function twoWaysOf(all: readonly Log[]): fc.Arbitrary<TwoWays> {
  const cuts = fc.tuple(...all.map(({ lines }) => fc.subarray([...lines.keys()].slice(1))));
  return fc.record({
    whole: fc.constant(
      all.map((log, at): Part => ({ ...log, id: `${log.format} ${at}`, threads: 1, maxRows: 100_000 })),
    ),
    parts: cuts.chain((allCuts) => {
      const parts = all.flatMap((log, index) => cutAt(log, allCuts[index] ?? []));
      const read = fc.tuple(...parts.map(spreadOf));
      const order = fc.shuffledSubarray([...parts.keys()], { minLength: parts.length });
      const again = fc.subarray([...parts.keys()], { maxLength: 3 });
      return fc.record({ read, order, again }).map((how) =>
        [...how.order, ...how.again].map((at) => ({
          ...(parts[at] as Log),
          ...(how.read[at] as Part),
          id: String(at),
        })),
      );
    }),
  });
}

// Lines of a format that is read in order are one thread's.
function spreadOf({ format }: Log): fc.Arbitrary<Pick<Part, 'threads' | 'maxRows'>> {
  const threads = findLogFormat(format)?.isOrdered === true ? fc.constant(1) : fc.constantFrom(1, 2, 3);
  return fc.record({ threads, maxRows: fc.constantFrom(1, 3, 1000) });
}

function cutAt(log: Log, cuts: readonly number[]): readonly Log[] {
  const ends = [...cuts, log.lines.length];
  return ends.map((end, index) => ({ ...log, lines: log.lines.slice(ends[index - 1] ?? 0, end) }));
}

const zone = createLocalZone('UTC');
const inventory = parseInventory(
  `services:
  - { name: checkout, sources: [{ cidr: 10.0.0.6/32, until: 2026-11-21T06:30:00Z }] }
  - { name: squid, kind: proxy, sources: [{ cidr: 10.9.9.9/32 }] }
`,
  'inventory.yaml',
);

async function addPart(lake: FlowLake, part: Part): Promise<void> {
  assert.ok(zone.ok);
  const text = part.lines.map((one) => `${one}\n`).join('');
  const grammar = part.grammar ?? grammarOf(part.format, part.lines);
  const order = { formats: [{ id: part.format, grammar }], isPeeled: true, nesting: null };
  const ports = {
    zone: zone.value,
    nowMs: testNowMs,
    createFold: () => new ObservationFold({ nowMs: testNowMs, seed: 3, maxRows: part.maxRows }),
  };
  const readers = Array.from({ length: part.threads }, (): SourceReader => {
    const made = createSourceReader(order, ports);
    assert.ok(made.ok);
    return made.value;
  });
  const writer = await lake.begin();
  for (const [index, one] of part.lines.entries()) {
    const reader = readers[index % readers.length] as SourceReader;
    reader.push(Buffer.from(`${one}\n`));
    for (const { format, batch } of reader.drain(false)) await writer.append(format, batch);
  }
  const tally = createTally();
  for (const reader of readers) {
    reader.end();
    for (const { format, batch } of reader.drain(true)) await writer.append(format, batch);
    tally.lines += reader.tally.lines;
    tally.taken += reader.tally.taken;
  }
  const digest = createHash('sha256').update(part.id).update(text).digest('hex');
  // A real file that is empty is not published; here it may be.
  await writer.publish({ ...entryOf({}), formats: [part.format], tally, digest });
}

/** The map as JSON, without what is said of the files themselves. */
async function mapOf(parts: readonly Part[]): Promise<string> {
  assert.ok(inventory.ok);
  const dir = mkdtempSync(join(tmpdir(), 'exeat-order-'));
  const lake = await openDuckdbLake({ dir, isWriter: true });
  try {
    for (const part of parts.filter(({ lines }) => lines.length > 0)) await addPart(lake, part);
    const directory = directoryOf({ inventory: inventory.value });
    const who = attributeClients(await lake.clients(wholeWindow), directory);
    const query = { ...wholeWindow, who };
    const set = await lake.edges(query);
    const { coverage, ...map } = drawFlowMap(
      {
        edges: set.edges.map((edge) => ({ ...edge, sources: [] })),
        coverage: createCoverage(lake.sources(), set),
        declared: [],
        policy: null,
        noPolicy: null,
        localOrigins: [],
        ownerOf: () => null,
        nowMs: testNowMs,
      },
      { service: null, newSinceMs: null, class: null },
    );
    const regularity = await lake.regularity(query);
    const days = await lake.seenDays(query);
    const answers = await lake.nameAnswers(wholeWindow);
    const { sources: _, lines: __, understoodShare: ___, ...rest } = coverage;
    return JSON.stringify({ ...map, coverage: rest, regularity, days, answers }, null, 1);
  } finally {
    lake.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

test('any order of files, any split at line ends and twice the same file give the same map', async () => {
  let edges = 0;
  await fc.assert(
    fc.asyncProperty(logs.chain(twoWaysOf), async ({ whole, parts }) => {
      const expected = await mapOf(whole);
      edges += (JSON.parse(expected) as { edges: readonly unknown[] }).edges.length;
      assert.equal(await mapOf(parts), expected);
    }),
    { numRuns: 12 },
  );
  assert.ok(edges > 0);
});

test('logs of every format, cut anywhere, in any order and some of them twice, give the map of the whole ones', async () => {
  await fc.assert(
    fc.asyncProperty(twoWaysOf(everyLog), async ({ whole, parts }) => {
      const expected = await mapOf(whole);
      const { edges } = JSON.parse(expected) as { edges: readonly { edge: { formats: readonly string[] } }[] };
      // Every kind of log is in it, but for those that only name.
      assert.ok(new Set(edges.flatMap(({ edge }) => edge.formats)).size > 20);
      assert.equal(await mapOf(parts), expected);
    }),
    { numRuns: 2 },
  );
});
