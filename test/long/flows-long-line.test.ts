import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowsProduct, ingestInto, squidLog } from '../support/flows-product.ts';
import { testScale } from '../support/requires.ts';

const megabyte = 1024 * 1024;

test('a line of a gigabyte is counted and passed over, what is around it is used, and memory stays bounded', async () => {
  const product = createFlowsProduct();
  try {
    const pieces = Math.ceil(1024 * testScale());
    function* source(): Generator<Buffer> {
      yield Buffer.from(squidLog(300));
      for (let index = 0; index < pieces; index += 1) yield Buffer.alloc(megabyte, 0x61);
      yield Buffer.from(`\n${squidLog(10, ['after.example'])}`);
    }
    const { code, files, stderr, peakRssBytes } = await ingestInto(product, ['-'], { stdin: source() });
    assert.equal(code, 0, stderr);
    const tally = files[0]?.entry?.tally;
    assert.deepEqual([tally?.taken, tally?.rejects.too_long?.count], [310, 1]);
    assert.ok(peakRssBytes < 600e6, `${peakRssBytes} bytes held`);
  } finally {
    product.remove();
  }
});
