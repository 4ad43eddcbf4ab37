import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { FlowMap } from '../../src/flowmap/index.ts';
import { createFlowsProduct, type FlowsProduct, ingestInto, squidLine } from '../support/flows-product.ts';

// A map of more edges than anybody reads is bounded, and says so; what it rests on is told of all of them.

let product: FlowsProduct;

before(async () => {
  product = createFlowsProduct();
  const names = ['rare.example', 'often.example', 'often.example', 'often.example', 'twice.example', 'twice.example'];
  const lines = names.map((name, second) => `${squidLine(second, name)}\n`).join('');
  const declared = product.write('app.env', 'A=https://rare.example/\nB=https://never.example/\n');
  const { code } = await ingestInto(product, [product.write('access.log', lines), declared]);
  assert.equal(code, 0);
});

after(() => product.remove());

test('the edges with most connections are shown, the others are counted', async () => {
  const { code, stdout, stderr } = await product.flows(['map', '--limit', '2', '-o', 'json']);
  const map = JSON.parse(stdout) as FlowMap;
  assert.equal(code, 0);
  assert.deepEqual(
    map.edges.map(({ edge }) => [edge.destination, edge.connections]),
    [
      ['often.example', 3],
      ['twice.example', 2],
    ],
  );
  assert.equal(map.omittedEdges, 1);
  assert.match(stderr, /^# 2 edges are shown, 1 with fewer connections are not: narrow it with --service/m);
});

test('coverage and what was never seen are told of all edges', async () => {
  const { stdout } = await product.flows(['map', '--limit', '1', '-o', 'json']);
  const { coverage, unseen } = JSON.parse(stdout) as FlowMap;
  assert.equal(coverage.byRank.record.connections, 6);
  assert.equal(coverage.byAttribution.address, 6);
  assert.deepEqual(
    unseen.map(({ host }) => host),
    ['never.example'],
  );
});

test('a limit that is none is refused', async () => {
  for (const limit of ['0', 'all', '250001']) {
    const { code, stderr } = await product.flows(['map', '--limit', limit]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`--limit \`${limit}\` is no number from 1 to 250000`));
  }
});
