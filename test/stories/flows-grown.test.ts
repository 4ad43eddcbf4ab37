import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  countConnections,
  createFlowsProduct,
  type FlowsProduct,
  ingestInto,
  squidLog,
} from '../support/flows-product.ts';

// A log that is still written is ingested again and again, rotated and compressed in between: each of its lines counts once.

let product: FlowsProduct;

before(() => {
  product = createFlowsProduct();
});

after(() => product.remove());

async function outcomeOf(path: string): Promise<string | undefined> {
  return (await ingestInto(product, [path])).files[0]?.outcome;
}

test('a log that grew takes the place of what it was, whatever it is called now', async () => {
  const path = product.write('access.log', squidLog(20));
  assert.equal(await outcomeOf(path), 'added');
  product.write('access.log', squidLog(50));
  assert.equal(await outcomeOf(path), 'grown');
  assert.equal(await countConnections(product), 50);
  renameSync(path, join(product.folder, 'access.log.1'));
  assert.equal(await outcomeOf(product.write('access.log.1.gz', gzipSync(squidLog(70)))), 'grown');
  assert.equal(await outcomeOf(product.write('access.log.1', squidLog(70))), 'known');
  assert.equal(await countConnections(product), 70);
  const { stdout } = await product.flows(['sources', '-o', 'json']);
  assert.equal(stdout.match(/"id"/g)?.length, 1);
});
