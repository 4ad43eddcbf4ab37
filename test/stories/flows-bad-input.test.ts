import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  countConnections,
  createFlowsProduct,
  type FlowsProduct,
  type FlowsRun,
  ingestInto,
  squidLine,
  squidLog,
  storyStartMs,
} from '../support/flows-product.ts';

// Bad input is counted, explained, bounded in memory, and the rest of it is used.

let product: FlowsProduct;
beforeEach(() => {
  product?.remove();
  product = createFlowsProduct();
});
after(() => product.remove());

type Ingested = ReturnType<typeof ingestInto>;
const ingest = (args: readonly string[], run?: FlowsRun): Ingested => ingestInto(product, args, run);
const connections = (): Promise<number> => countConnections(product);

describe('input that is cut or broken', () => {
  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    test(`of a truncated ${name} file everything before the cut is used, and again it is known`, async () => {
      const log = squidLog(
        20_000,
        Array.from({ length: 997 }, (_, index) => `n${index}.example`),
      );
      const whole = compress(Buffer.from(log));
      const path = product.write('access.log.z', whole.subarray(0, Math.floor(whole.length * 0.6)));
      const { code, files, stderr } = await ingest([path]);
      assert.equal(code, 0, stderr);
      const tally = files[0]?.entry?.tally;
      assert.ok((tally?.taken ?? 0) > 7000, `${tally?.taken} lines taken`);
      assert.equal(tally?.rejects.truncated?.count, 1);
      assert.match(stderr, /the input ended early \(Z_BUF_ERROR\): what came before is used/);
      const again = await ingest([path]);
      assert.equal(again.files[0]?.outcome, 'known');
      assert.equal(await connections(), tally?.taken);
    });
  }

  test('zstd of several frames and gzip of several members are read whole', async () => {
    const halves = [squidLog(10), squidLog(10, ['other.example'])].map((text) => Buffer.from(text));
    const zstd = product.write('a.zst', Buffer.concat(halves.map((half) => zstdCompressSync(half))));
    const gzip = product.write('a.gz', Buffer.concat(halves.map((half) => gzipSync(half))));
    const { code, files } = await ingest([zstd, gzip]);
    assert.equal(code, 0);
    assert.deepEqual(
      files.map(({ outcome, entry }) => [outcome, entry?.tally.taken]),
      [
        ['added', 20],
        ['known', 20],
      ],
    );
  });

  test('gzip that is broken from its first byte on is a failure that says so', async () => {
    const broken = gzipSync(squidLog(10));
    broken.fill(0xff, 10);
    const { code, files } = await ingest([product.write('a.gz', broken)]);
    assert.equal(code, 1);
    assert.equal(files[0]?.fault?.code, 'source_unreadable');
  });

  test('lines of several formats in one file are each read by their own', async () => {
    const dns = (second: number): string =>
      `${new Date(storyStartMs + second * 1000).toISOString().slice(0, 19).replace('T', ' ')} nothing that is known`;
    const vpc = `2 123456789010 eni-0abc 10.0.0.7 203.0.113.7 40000 443 6 10 840 ${storyStartMs / 1000} ${storyStartMs / 1000 + 60} ACCEPT OK`;
    const text = Array.from({ length: 30 }, (_, i) =>
      i % 10 === 9 ? dns(i) : i % 2 === 0 ? squidLine(i, 'api.example') : vpc,
    ).join('\n');
    const { code, files, stderr } = await ingest([product.write('mixed.log', text)]);
    assert.equal(code, 0, stderr);
    assert.deepEqual([...(files[0]?.entry?.formats ?? [])].sort(), ['aws-vpc', 'squid']);
    assert.equal(files[0]?.entry?.tally.rejects.other_format?.count, 3);
    assert.deepEqual(
      files[0]?.entry?.tally.rejects.other_format?.examples.map(({ line }) => line),
      [10, 20, 30],
    );
    assert.equal((await product.map()).edges.length, 2);
  });

  test('binary lines are counted as such with the line, and the rest is used', async () => {
    const good = squidLog(20).trimEnd().split('\n');
    const text = [...good.slice(0, 9), '', `\u0001\u0000\u0002 junk`, ...good.slice(9)].join('\n');
    // The head is text: what is binary from the start is not read at all.
    const { code, files, stderr } = await ingest([
      product.write('a.log', `${squidLog(200, ['first.example'])}${text}`),
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(files[0]?.entry?.tally.rejects.binary, {
      count: 1,
      examples: [{ line: 211, text: '\u0001\u0000\u0002 junk' }],
    });
    assert.match(stderr, /1 × binary: bytes that are no text \(line 211\)/);
    assert.match(stderr, /\\u\{1\}\\u\{0\}\\u\{2\} junk/);
    assert.equal(files[0]?.entry?.tally.taken, 220);
  });

  test('a binary file is named as one when it was named, and passed over when it lay about', async () => {
    mkdirSync(join(product.folder, 'logs'));
    const path = product.write('logs/core', Buffer.alloc(5000));
    product.write('logs/access.log', squidLog(5));
    const named = await ingest([path]);
    assert.equal(named.code, 1);
    assert.match(named.stderr, /is no text: it has NUL bytes at its head/);
    const below = await ingest([join(product.folder, 'logs')]);
    assert.equal(below.code, 0);
    assert.match(below.stderr, /1 files below the folders are in no known format and were passed over/);
    assert.equal(below.files.find(({ outcome }) => outcome === 'added')?.entry?.tally.taken, 5);
  });

  test('a line of 64 MB is counted, and memory stays bounded', async () => {
    function* pieces(): Generator<Buffer> {
      yield Buffer.from(squidLog(300));
      for (let i = 0; i < 64; i += 1) yield Buffer.alloc(1024 * 1024, 0x61);
      yield Buffer.from(`\n${squidLog(10, ['after.example'])}`);
    }
    const { code, files, stderr, peakRssBytes } = await ingest(['-'], { stdin: pieces() });
    assert.equal(code, 0, stderr);
    assert.equal(files[0]?.entry?.tally.taken, 310);
    assert.deepEqual(files[0]?.entry?.tally.rejects.too_long, { count: 1, examples: [{ line: 301, text: '' }] });
    assert.ok(peakRssBytes < 600e6, `${peakRssBytes} bytes held`);
  });

  test('JSON that is one record of 64 MB is counted, and memory stays bounded', async () => {
    function* pieces(): Generator<Buffer> {
      yield Buffer.from(`{"Records":[${JSON.stringify(flowOfZeek('10.0.0.8'))},{"a":"`);
      for (let i = 0; i < 64; i += 1) yield Buffer.alloc(1024 * 1024, 0x61);
      yield Buffer.from(`"},${JSON.stringify(flowOfZeek('10.0.0.9'))}]}`);
    }
    const { code, files, stderr, peakRssBytes } = await ingest(['-', '--format', 'zeek'], { stdin: pieces() });
    assert.equal(code, 0, stderr);
    assert.equal(files[0]?.entry?.tally.taken, 2);
    assert.equal(files[0]?.entry?.tally.rejects.too_long?.count, 1);
    assert.ok(peakRssBytes < 600e6, `${peakRssBytes} bytes held`);
  });

  test('invalid UTF-8 spoils its own line at most', async () => {
    const bad = Buffer.concat([Buffer.from(squidLine(1, 'api')), Buffer.from([0xff, 0xfe, 0x2e]), Buffer.from('\n')]);
    const host = Buffer.from(squidLine(2, 'XX.example').replace('XX', '\u00ff\u00fe'), 'latin1');
    const { code, files } = await ingest([
      product.write('a.log', Buffer.concat([Buffer.from(squidLog(20)), bad, host, Buffer.from('\n')])),
    ]);
    assert.equal(code, 0);
    const tally = files[0]?.entry?.tally;
    assert.equal(tally?.lines, 22);
    assert.ok((tally?.taken ?? 0) >= 20);
  });

  test('times from the future are counted, and where nearly all are the file is refused with the reason', async () => {
    const future = Array.from({ length: 8 }, (_, i) => squidLine(30 * 86_400 + i, 'late.example')).join('\n');
    const some = await ingest([product.write('some.log', `${squidLog(20)}${future}\n`)]);
    assert.equal(some.code, 0);
    assert.equal(some.files[0]?.entry?.tally.rejects.future_time?.count, 8);
    const all = await ingest([product.write('all.log', `${squidLog(2)}${future}\n`)]);
    assert.equal(all.code, 1);
    assert.match(
      all.stderr,
      /looks like Squid access log, but 8 of 10 lines cannot be used \(most: future_time, first in line 3\); nothing of it is kept/,
    );
    assert.equal(await connections(), 20);
  });

  test('a part that lost its header line is refused with how to give it, and read with it', async () => {
    const row = `${storyStartMs / 1000}.000000\tCx1Yz2\t10.0.0.5\t50000\t203.0.113.9\t443\ttcp\n`;
    const part = product.write('conn.part.log', row);
    const lost = await ingest([part]);
    assert.equal(lost.code, 1);
    assert.match(
      lost.stderr,
      /Zeek.*1 of 1 lines cannot be used \(most: no_header.*`--format 'zeek=#path conn #fields/,
    );
    const grammar = 'zeek=#path conn #fields ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto';
    assert.equal((await ingest([part, '--format', grammar])).code, 0);
    assert.equal(await connections(), 1);
  });

  test('negative bytes are refused with their line', async () => {
    const { code, files, stderr } = await ingest([
      product.write('a.log', `${squidLog(5)}${squidLine(9, 'api.example', '10.0.0.5', -5)}\n`),
    ]);
    assert.equal(code, 0);
    assert.deepEqual(
      files[0]?.entry?.tally.rejects.bad_number?.examples.map(({ line }) => line),
      [6],
    );
    assert.match(stderr, /1 × bad_number: a number that cannot be read, is negative or too large \(line 6\)/);
  });

  test('sampled records say so with the map', async () => {
    const record = {
      type: 'IPFIX',
      time_received_ns: storyStartMs * 1e6,
      sampling_rate: 100,
      src_addr: '10.0.0.5',
      dst_addr: '203.0.113.5',
      bytes: 100,
      packets: 1,
      src_port: 40_000,
      dst_port: 443,
      proto: 'TCP',
      etype: 'IPv4',
      time_flow_start_ns: storyStartMs * 1e6,
      time_flow_end_ns: storyStartMs * 1e6,
    };
    const { code, stderr } = await ingest(['-', '--format', 'goflow2'], { stdin: `${JSON.stringify(record)}\n` });
    assert.equal(code, 0, stderr);
    const { edges, coverage } = await product.map();
    assert.deepEqual(
      edges.map(({ edge }) => edge.isSampled),
      [true],
    );
    assert.ok(coverage.notes.includes('some flows are sampled: rare ones may be missing wholly'));
  });
});

function flowOfZeek(client: string): Readonly<Record<string, unknown>> {
  return {
    _path: 'conn',
    ts: storyStartMs / 1000,
    uid: `C${client}`,
    'id.orig_h': client,
    'id.orig_p': 40_000,
    'id.resp_h': '203.0.113.16',
    'id.resp_p': 443,
    proto: 'tcp',
    conn_state: 'SF',
    orig_bytes: 5,
    resp_bytes: 6,
    local_orig: true,
    local_resp: false,
  };
}

describe('orders that cannot be followed', () => {
  for (const [title, args, message] of [
    [
      'an unknown format',
      ['--format', 'squidd'],
      /format `squidd` is not known, did you mean `squid`; see `exeat flows formats`/,
    ],
    ['a grammar that means nothing', ['--format', 'squid=%Q'], /`%Q`/],
    [
      'a grammar for a format without one',
      ['--format', 'gcp=x'],
      /format `gcp` has no grammar of its own, write `--format gcp`/,
    ],
    ['an unknown time zone', ['--timezone', 'Mars/Olympus'], /time zone `Mars\/Olympus` is not known/],
  ] as const) {
    test(`${title} ends in 1 and says what to write`, async () => {
      const { code, stderr } = await ingest([product.write('a.log', squidLog(3)), ...args]);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }

  test('a wrong format is refused, says what share cannot be used, and keeps nothing', async () => {
    const { code, stderr } = await ingest([product.write('a.log', squidLog(20)), '--format', 'aws-vpc']);
    assert.equal(code, 1);
    assert.match(stderr, /but 20 of 20 lines cannot be used/);
    assert.deepEqual(readdirSync(join(product.lake, 'sources')), []);
    assert.deepEqual(readdirSync(join(product.lake, 'incoming')), []);
  });

  test('a machine whose time zone is nonsense reckons in UTC', async () => {
    const { code, stderr } = await ingest([product.write('a.log', squidLog(3))], { env: { TZ: 'Nowhere/Land' } });
    assert.equal(code, 0, stderr);
  });
});
