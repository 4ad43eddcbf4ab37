import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FlowLink, FlowNode } from '../../api/contract/index.ts';
import { barWidth, layOutRiver, type RiverParts } from './layout.ts';

function node(id: string, connections: number, change: Partial<FlowNode> = {}): FlowNode {
  const layer = Number(id[0]);
  return {
    id,
    layer,
    label: id,
    connections,
    bytesUp: 0,
    bytesDown: connections * 3,
    hidden: null,
    isUnused: false,
    ...change,
  };
}

function link(source: string, target: string, connections: number, verdict: FlowLink['verdict'] = 'allow'): FlowLink {
  return { source, target, verdict, connections, bytesUp: 0, bytesDown: connections * 3 };
}

/** Services to hosts by the proxy: every host has its own weight. */
function partsOf(weights: readonly number[]): RiverParts {
  const total = weights.reduce((sum, one) => sum + one, 0);
  const hosts = weights.map((weight, at) => node(`3:host-${at}`, weight));
  return {
    nodes: [node('0:ci', total), node('1:ci-runner', total), node('2:proxy', total), ...hosts],
    links: [
      link('0:ci', '1:ci-runner', total),
      link('1:ci-runner', '2:proxy', total),
      ...weights.map((weight, at) => link('2:proxy', `3:host-${at}`, weight)),
    ],
    unused: [{ source: '1:ci-runner', target: '3:host-0' }],
  };
}

const weights = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 190 });

test('no two nodes of a column overlap, and every name has a line to itself', () => {
  fc.assert(
    fc.property(weights, (each) => {
      const { nodes, height } = layOutRiver(partsOf(each), 'connections', 1_000);
      const hosts = nodes.filter((placed) => placed.node.layer === 3);
      for (const [at, placed] of hosts.entries()) {
        const before = hosts[at - 1];
        if (before === undefined) continue;
        assert.ok(placed.y >= before.y + before.height, 'bars');
        assert.ok(placed.middle - before.middle >= 19, 'names');
      }
      assert.ok(nodes.every((placed) => placed.y + placed.height <= height));
    }),
    { numRuns: 40 },
  );
});

test('widths are proportional to the measure, and links fill their nodes', () => {
  const { nodes, links } = layOutRiver(partsOf([600, 300, 100]), 'connections', 1_000);
  const thick = links.filter(({ link: { target } }) => target.startsWith('3:')).map(({ thickness }) => thickness);
  assert.deepEqual(thick, [216, 108, 36]);
  assert.deepEqual(
    nodes.filter((placed) => placed.node.layer === 3).map(({ height }) => height),
    [216, 108, 36],
  );
  const bytes = layOutRiver(partsOf([600, 300, 100]), 'bytes', 1_000);
  assert.deepEqual(
    bytes.links.map(({ thickness }) => thickness),
    links.map(({ thickness }) => thickness),
  );
});

test('what has no width is still drawn, thin', () => {
  const parts = partsOf([5, 0]);
  const { links, nodes } = layOutRiver(parts, 'connections', 1_000);
  assert.equal(links.at(-1)?.thickness, 1);
  assert.equal(nodes.at(-1)?.height, 3);
  const nothing = layOutRiver(
    { nodes: [node('1:quiet', 0, { isUnused: true })], links: [], unused: [] },
    'bytes',
    1_000,
  );
  assert.equal(nothing.nodes.length, 1);
});

test('nodes keep their order, and the picture does not hang on that of links', () => {
  fc.assert(
    fc.property(weights, (each) => {
      const parts = partsOf(each);
      const one = layOutRiver(parts, 'connections', 1_000);
      assert.deepEqual(
        one.nodes.map((placed) => placed.node.id),
        parts.nodes.map(({ id }) => id),
      );
      assert.deepEqual(layOutRiver({ ...parts, links: parts.links.toReversed() }, 'connections', 1_000), one);
    }),
    { numRuns: 20 },
  );
});

test('verdicts of one pair lie side by side in their order, and what is not drawn is left out', () => {
  const parts: RiverParts = {
    nodes: [node('2:proxy', 30), node('3:a', 30)],
    links: [link('2:proxy', '3:a', 20, 'deny'), link('2:proxy', '3:a', 10), link('2:proxy', '3:gone', 9)],
    unused: [],
  };
  const { links } = layOutRiver(parts, 'connections', 1_000);
  assert.deepEqual(
    links.map(({ link: { verdict } }) => verdict),
    ['allow', 'deny'],
  );
});

test('columns stand apart however narrow the page is, and ghosts lead past the points', () => {
  const { width, columns, ghosts } = layOutRiver(partsOf([1]), 'connections', 300);
  assert.equal(width, 660);
  assert.ok(columns.every((x, at) => at === 0 || x - (columns[at - 1] ?? 0) > 100 + barWidth));
  assert.deepEqual(
    ghosts.map(({ source, target, count }) => [source, target, count]),
    [['1:ci-runner', '3:host-0', 1]],
  );
});
