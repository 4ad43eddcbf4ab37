import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { createFlowsProduct, type FlowsProduct, ingestInto, storyStartMs } from '../support/flows-product.ts';

// Days of a large ingest are joined at its end; what is read later is the same as if they had not been.

let product: FlowsProduct;
beforeEach(() => {
  product?.remove();
  product = createFlowsProduct();
});
after(() => product.remove());

/** Flows of version 2 without any name, from few clients to few addresses, some thousand a second. */
function vpcLog(lines: number): string {
  const startSeconds = storyStartMs / 1000;
  const rows = Array.from({ length: lines }, (_, at) => {
    const second = startSeconds + Math.floor(at / 5000);
    const to = `203.0.113.${at % 50}`;
    return `2 123456789010 eni-0a1b2c3d 10.0.0.${at % 5} ${to} ${40_000 + (at % 20_000)} 443 6 10 1000 ${second} ${second + 1} ACCEPT OK`;
  });
  return `${rows.join('\n')}\n`;
}

/** Files of joined days with their inodes: one that was made again has another. */
function joinedFiles(): readonly (readonly [string, number])[] {
  const folder = join(product.lake, 'edges');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
  return names.sort().map((name) => [name, statSync(join(folder, name)).ino]);
}

test('the end of a large ingest joins its days, and the first map takes them as they are', async () => {
  const { code, stderr } = await ingestInto(product, [product.write('vpc.log', vpcLog(500_000))]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  const joined = joinedFiles();
  assert.equal(joined.length, 1);
  const { edges } = await product.map();
  assert.equal(
    edges.reduce((sum, { edge }) => sum + edge.connections, 0),
    500_000,
  );
  assert.deepEqual(joinedFiles(), joined);
});

test('a small ingest leaves joining to who reads', async () => {
  await ingestInto(product, [product.write('vpc.log', vpcLog(500))]);
  assert.deepEqual(joinedFiles(), []);
  await product.map();
  assert.equal(joinedFiles().length, 1);
});
