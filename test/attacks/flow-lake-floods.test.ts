import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { createGzip, gzipSync } from 'node:zlib';
import { createLocalZone, LogLine, logFormats, ObservationFold, peelEnvelopes } from '../../src/flowmap/index.ts';
import { openDuckdbLake } from '../../src/store/duckdb/index.ts';
import { testNowMs } from '../support/flow-batch.ts';
import {
  createFlowsProduct,
  type FlowsProduct,
  ingestInto,
  smokescreenLine,
  squidLog,
} from '../support/flows-product.ts';
import { testScale } from '../support/requires.ts';

// Whoever can make a workload ask for names writes into its logs. What logs and configuration say is data: it never becomes SQL, a terminal's
// orders, markup or a formula, and it can neither fill memory nor stop an ingest.

let product: FlowsProduct;
beforeEach(() => {
  product?.remove();
  product = createFlowsProduct();
});
after(() => product.remove());

const megabyte = 1024 * 1024;

describe('floods', () => {
  test('a hundred thousand names that occur once are written and mapped in bounded memory', async () => {
    const count = 100_000;
    const path = product.write(
      'a.log',
      squidLog(
        count,
        Array.from({ length: count }, (_, i) => `x${(i * 7919) % 1_000_003}.flood.example`),
      ),
    );
    const ingested = await ingestInto(product, [path]);
    assert.equal(ingested.code, 0, ingested.stderr);
    assert.ok(ingested.peakRssBytes < 700e6, `${ingested.peakRssBytes} bytes held to ingest`);
    const map = await product.flows(['map', '-o', 'csv']);
    assert.equal(map.stdout.split('\r\n').length, count + 2);
    assert.ok(map.peakRssBytes < 1800e6, `${map.peakRssBytes} bytes held to map`);
  });

  test('records whose keys would collide without a secret are folded as fast as any', () => {
    const fold = new ObservationFold({ nowMs: testNowMs, seed: 12_345 });
    // The times and ports that a hash without seed sends to one slot in 4096, as an outsider would look for them.
    const keys = collidingKeys(20_000);
    const startedAt = performance.now();
    for (const [bucket, port] of keys) {
      const draft = fold.beginFlow();
      draft.startMs = bucket * 300_000;
      draft.endMs = draft.startMs;
      draft.client = fold.text('10.0.0.5');
      draft.address = fold.text('203.0.113.5');
      draft.port = port;
      assert.equal(fold.endFlow(), 'taken');
    }
    assert.ok(performance.now() - startedAt < 2000, `${performance.now() - startedAt} ms`);
    assert.equal(fold.drain().flows.count, keys.length);
  });

  test('a few kilobytes that unpack to gigabytes of one line are read in bounded memory', async () => {
    const bytes = 3000 * megabyte * testScale();
    const bomb = await gzipOf(Math.floor(bytes / megabyte), Buffer.alloc(megabyte, 0x61));
    const path = product.write(
      'bomb.gz',
      Buffer.concat([gzipSync(squidLog(200)), bomb, gzipSync(`\n${squidLog(5, ['after.example'])}`)]),
    );
    const { code, files, stderr, peakRssBytes } = await ingestInto(product, [path]);
    assert.equal(code, 0, stderr);
    assert.equal(files[0]?.entry?.tally.taken, 205);
    assert.equal(files[0]?.entry?.tally.rejects.too_long?.count, 1);
    assert.ok(peakRssBytes < 600e6, `${peakRssBytes} bytes held`);
  });

  test('a few kilobytes that unpack to gigabytes of zeros are no text, at once', async () => {
    const path = product.write('bomb.gz', await gzipOf(300, Buffer.alloc(megabyte)));
    const startedAt = performance.now();
    const { code, stderr } = await ingestInto(product, [path]);
    assert.equal(code, 1);
    assert.match(stderr, /is no text: it has NUL bytes at its head/);
    assert.ok(performance.now() - startedAt < 30_000);
  });

  test('blank lines by the million are no records', async () => {
    const path = product.write(
      'blank.gz',
      Buffer.concat([gzipSync(squidLog(5)), await gzipOf(100, Buffer.alloc(megabyte, 0x0a))]),
    );
    const { code, files, peakRssBytes } = await ingestInto(product, [path]);
    assert.equal(code, 0);
    assert.equal(files[0]?.entry?.tally.lines, 5);
    assert.ok(peakRssBytes < 600e6, `${peakRssBytes} bytes held`);
  });
});

/** The hash that rows were found by when it had no seed, inverted by trying: buckets and ports of one slot. */
function collidingKeys(count: number): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  const first = Math.floor(testNowMs / 300_000) - 400_000;
  for (let bucket = first; found.length < count; bucket += 1) {
    for (let port = 1; port < 65_536 && found.length < count; port += 1) {
      const words = [bucket, 1, 0, 0, 2, 0, 0, port, 0];
      let hash = 0x9e3779b9;
      for (const word of words) hash = Math.imul(hash ^ word, 0x85ebca6b) ^ (hash >>> 13);
      hash ^= hash >>> 16;
      if ((hash & 4095) === 7) found.push([bucket, port]);
    }
  }
  return found;
}

/** So many pieces as one gzip member, made without holding them. */
async function gzipOf(pieces: number, piece: Buffer): Promise<Buffer> {
  const gzip = createGzip();
  const out: Buffer[] = [];
  gzip.on('data', (part: Buffer) => out.push(part));
  const ended = new Promise((resolve) => gzip.once('end', resolve));
  for (let index = 0; index < pieces; index += 1) {
    if (!gzip.write(piece)) await new Promise((resolve) => gzip.once('drain', resolve));
  }
  gzip.end();
  await ended;
  return Buffer.concat(out);
}

describe('lines that are made to be slow', () => {
  const zone = createLocalZone('UTC');
  const heads = [
    '',
    '{"a":"',
    'CEF:0|',
    '<134>1 2026-11-27T10:00:00Z h a p m ',
    'Nov 27 10:00:00 host kernel: IN=eth0 ',
    '2 1 eni-1 10.0.0.1 ',
  ];
  const repeated = [
    ' ',
    '"',
    '=',
    '[',
    '{',
    'a',
    '1',
    ',',
    ':',
    '\\',
    '|',
    '.',
    '"a" ',
    'a="b" ',
    '["',
    '{"a":',
    'a=1 ',
    '<Event>',
    'é',
    '\u0000',
  ];

  for (const format of logFormats) {
    test(`${format.id} looks at 64 KiB of anything repeated in well under a second`, () => {
      assert.ok(zone.ok);
      const options = { grammar: null, zone: zone.value, nowMs: testNowMs };
      const parser = format.createParser(options);
      assert.ok(parser.ok);
      for (const head of heads) {
        for (const unit of repeated) {
          const line = LogLine.of(head + unit.repeat(Math.ceil(65_536 / unit.length)));
          const fold = new ObservationFold({ nowMs: testNowMs, seed: 1 });
          const startedAt = performance.now();
          format.detect([line]);
          parser.value.parse(line, fold);
          peelEnvelopes(line.text(), options);
          const tookMs = performance.now() - startedAt;
          assert.ok(tookMs < 2000, `${JSON.stringify(head + unit)} took ${tookMs} ms`);
        }
      }
    });
  }

  test('JSON nested a million deep is no record of any format, and the lines around it are read', async () => {
    const deep = `${'{"a":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}`;
    const lines = [deep, `{"sourcetype":"x","event":${deep}}`, `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`];
    const good = Array.from({ length: 10 }, () => smokescreenLine('payments'));
    const { code, files, stderr } = await ingestInto(product, ['-'], {
      stdin: [...good, ...lines, ...good].join('\n'),
    });
    assert.equal(code, 0, stderr);
    assert.equal(files[0]?.entry?.tally.taken, 20);
  });
});

describe('configuration that is made to harm', () => {
  test('aliases that multiply are neither followed nor waited for', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array.from({ length: 9 }, () => `*l${i}`).join(', ')}]`,
    );
    const bomb = `services:\n  app:\n    image: app\n    environment: { URL: "https://api.example" }\nl0: &l0 [https://a.example]\n${levels.join('\n')}\n`;
    const path = product.write('docker-compose.yml', bomb);
    const { peakRssBytes, stderr } = await ingestInto(product, [path]);
    assert.doesNotMatch(stderr, /ended early/);
    assert.ok(peakRssBytes < 600e6, `${peakRssBytes} bytes held`);
    const inventory = product.write('inventory.yaml', `a: &a [x, x]\nservices: *a\n`);
    product.write('exeat.yaml', `policy: ./policy\nstate: ./.exeat\ninventory: ${inventory}\n`);
    await ingestInto(product, [product.write('a.log', squidLog(2))]);
    const map = await product.flows(['map']);
    assert.equal(map.code, 1);
    assert.match(map.stderr, /inventory\.yaml:1:1: key `a` is not known/);
  });

  test('secrets beside endpoints reach neither the lake nor any output', async () => {
    const secrets = ['s3cr3t-pass', 'ghp_t0kenvalue', 'AKIASECRETKEY', 'hunter2hunter2'];
    product.write(
      'app.env',
      `DATABASE_URL=postgres://app:s3cr3t-pass@db.example:5432/main?password=hunter2hunter2\nTOKEN=ghp_t0kenvalue\nS3=https://AKIASECRETKEY:x@s3.example/b?sig=hunter2hunter2\n`,
    );
    const compose =
      'services:\n  app:\n    image: registry.example/app\n    environment:\n      API: https://user:s3cr3t-pass@api.example/?key=hunter2hunter2\n      TOKEN: ghp_t0kenvalue\n';
    product.write('docker-compose.yml', compose);
    const ingested = await ingestInto(product, [
      join(product.folder, 'app.env'),
      join(product.folder, 'docker-compose.yml'),
    ]);
    assert.equal(ingested.code, 0, ingested.stderr);
    await ingestInto(product, [product.write('a.log', squidLog(2))]);
    const { unseen } = await product.map();
    const hosts = unseen.map(({ host }) => host);
    // The flows of the log went to `api.example`.
    assert.deepEqual(
      ['db.example', 's3.example'].filter((host) => !hosts.includes(host)),
      [],
    );
    const outputs = await Promise.all(
      [['map', '-o', 'json'], ['map'], ['sources', '-o', 'json'], ['answers', '-o', 'json']].map((args) =>
        product.flows(args),
      ),
    );
    const told = [ingested, ...outputs].flatMap(({ stdout, stderr }) => [stdout, stderr]);
    const lake = await openDuckdbLake({ dir: product.lake });
    const kept = [JSON.stringify([await lake.declared(), lake.sources()])];
    lake.close();
    for (const secret of secrets) {
      for (const text of [...told, ...kept]) assert.ok(!text.includes(secret), `${secret} is told`);
    }
  });
});
