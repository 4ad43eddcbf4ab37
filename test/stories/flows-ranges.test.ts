import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import type { FlowAnswers, Proposal } from '../../src/flowmap/index.ts';
import { readFixture } from '../support/collect-observations.ts';
import { zeekLog } from '../support/flow-folder.ts';
import { createFlowsProduct, type FlowsProduct, ingestInto, squidLog, storyStartMs } from '../support/flows-product.ts';

// Flows that have addresses only, and what published tables of prefixes say of them.

let product: FlowsProduct;
beforeEach(() => {
  product?.remove();
  product = createFlowsProduct();
});
after(() => product.remove());

const columns = ['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto', 'orig_bytes', 'resp_bytes'];

/** Connections of one client to addresses, a minute apart. */
function connLog(addresses: readonly string[]): string {
  const rows = addresses.map((address, at) => {
    const second = storyStartMs / 1000 + at * 60;
    return [`${second}.000000`, `C${at}`, '10.0.0.5', 40_000 + at, address, 443, 'tcp', 1000, 2000];
  });
  return zeekLog('conn', columns, rows);
}

/** Destination, rank and provider of the edges on the map. */
async function edges(): Promise<readonly (readonly [string, string, string | null])[]> {
  return (await product.map()).edges.map(({ edge }) => [edge.destination, edge.rank, edge.provider]);
}

/** The id of a source, as `exeat flows sources` tells it. */
async function idOf(path: string): Promise<string> {
  const rows = JSON.parse((await product.flows(['sources', '-o', 'json'])).stdout) as readonly Record<string, string>[];
  return rows.find(({ file }) => file === path)?.['id'] ?? '';
}

test('a published table says whose the addresses of a log are, tells what it could not read, and can be forgotten', async () => {
  const table = product.write('ip-ranges.json', readFixture('ranges/ip-ranges.json'));
  const log = product.write('conn.log', connLog(['203.0.113.10', '203.0.113.200', '2001:db8:1::7', '192.0.2.50']));
  const { code, files, stderr } = await ingestInto(product, [table, log]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    files.map(({ entry }) => [entry?.kind, entry?.formats, entry?.tally.taken]),
    [
      ['ranges', ['aws-ranges'], 6],
      ['log', ['zeek'], 4],
    ],
  );
  assert.match(stderr, /address ranges as published on 2026-11-22\n/);
  assert.match(stderr, /3 × bad_prefix: .* \(line 37, 47, 64\)\nexeat: +203\.0\.113\.5\/24\n/);
  assert.deepEqual(await edges(), [
    ['192.0.2.50', 'address', null],
    ['2001:db8:1::7', 'provider', 'aws S3 us-east-1'],
    ['203.0.113.10', 'provider', 'aws EC2 eu-central-1'],
    ['203.0.113.200', 'provider', 'aws AMAZON eu-central-1'],
  ]);
  const map = await product.flows(['map']);
  assert.match(map.stdout, /203\.0\.113\.10:443 +provider: aws EC2 eu-central-1 /);
  assert.match(map.stderr, /75\.0 % of flows and 75\.0 % of bytes: no name, an address in a provider's range\n/);
  assert.match(map.stderr, /ip-ranges\.json: address ranges as published on 2026-11-22\n/);
  assert.equal((await product.flows(['forget', await idOf(table)])).code, 0);
  assert.deepEqual(new Set((await edges()).map(([, rank]) => rank)), new Set(['address']));
  assert.equal((await ingestInto(product, [table])).files[0]?.outcome, 'added');
  assert.equal((await ingestInto(product, [table])).files[0]?.outcome, 'known');
  assert.equal((await edges())[2]?.[2], 'aws EC2 eu-central-1');
});

test('a range is told by answers and is never proposed', async () => {
  product.write('logs.csv', 'prefix,provider,service\n203.0.113.0/24,acme,vpn\n');
  product.write('conn.log', connLog(['203.0.113.10']));
  await ingestInto(product, ['logs.csv', 'conn.log']);
  const answers = JSON.parse((await product.flows(['answers', '-o', 'json'])).stdout) as FlowAnswers;
  assert.deepEqual(
    answers.internet.flatMap(({ evidence }) => evidence.map(({ destination, provider }) => [destination, provider])),
    [['203.0.113.10', 'acme vpn']],
  );
  const { services } = JSON.parse((await product.flows(['propose', '-o', 'json'])).stdout) as Proposal;
  assert.deepEqual(
    services.map(({ entries, apart }) => [entries.length, apart[0]?.destination, apart[0]?.reasons]),
    [[0, '203.0.113.10', [{ reason: 'provider_address', detail: 'acme vpn' }]]],
  );
});

test('a table that nothing in it gives away is read where its format is named, and refused as a whole where it is another', async () => {
  const table = product.write('ips-v4', readFixture('ranges/ips-v4'));
  const log = product.write('conn.log', connLog(['203.0.113.10']));
  const unnamed = await ingestInto(product, [table]);
  assert.deepEqual([unnamed.code, unnamed.files[0]?.fault?.code], [1, 'format_unknown']);
  const named = await ingestInto(product, [table, '--format', 'cloudflare-ranges']);
  assert.deepEqual([named.code, named.files[0]?.outcome], [0, 'added']);
  const other = product.write('access.log', squidLog(3));
  const wrong = await ingestInto(product, [other, '--format', 'cloudflare-ranges']);
  assert.deepEqual([wrong.code, wrong.files[0]?.fault?.code], [1, 'source_unusable']);
  await ingestInto(product, [log]);
  assert.deepEqual(await edges(), [['203.0.113.10', 'provider', 'cloudflare']]);
  const formats = await product.flows(['formats', '-o', 'json']);
  assert.match(formats.stdout, /"format": "csv-ranges"/);
});
