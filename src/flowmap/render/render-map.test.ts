import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { mapOf } from '../../../test/support/map-fixture.ts';
import { createPictureModel } from './picture-model.ts';
import { renderHtml } from './render-html.ts';
import { renderMermaid } from './render-mermaid.ts';
import { escapeXml, renderSvg } from './render-svg.ts';

const two = mapOf([
  [{ principal: 'a', destination: 'x.example.com', bytesUp: 1, bytesDown: 2, connections: 3 }, 'allow'],
  [{ principal: 'a', destination: 'y.example.com', bytesUp: null, bytesDown: null, connections: 1 }, 'deny'],
  [
    { principal: 'b', destination: '203.0.113.5', isName: false, bytesUp: 9, bytesDown: 0, connections: 1 },
    'uncertain',
  ],
  [{ principal: 'b', destination: 'never.example', connections: 0, denied: 4 }, 'deny'],
]);

describe('the model of a picture', () => {
  test('ribbons go from principals to registrable domains, the worst verdict colours them, and refusals alone are none', () => {
    assert.deepEqual(createPictureModel(two).links, [
      { principal: 'a', domain: 'example.com', bytes: 3, connections: 4, edges: 2, verdict: 'deny' },
      { principal: 'b', domain: '203.0.113.5', bytes: 9, connections: 1, edges: 1, verdict: 'uncertain' },
    ]);
  });

  test('what is too much is folded into others, the largest kept by name, and said', () => {
    const many = Array.from(
      { length: 70 },
      (_, i) => [{ principal: `p${i}`, destination: `d${i}.example`, bytesUp: i }, 'allow'] as const,
    );
    const model = createPictureModel(mapOf(many));
    assert.deepEqual([model.foldedPrincipals, model.foldedDomains], [30, 10]);
    assert.ok(model.links.some(({ principal }) => principal === 'p69'));
    assert.ok(!model.links.some(({ principal }) => principal === 'p0'));
    assert.equal(
      model.links.reduce((sum, { edges }) => sum + edges, 0),
      70,
    );
  });

  test('the order of edges makes no difference', () => {
    const turned = { ...two, edges: two.edges.toReversed() };
    assert.equal(renderSvg(turned), renderSvg(two));
    assert.equal(renderMermaid(turned), renderMermaid(two));
  });

  test('without bytes anywhere width is by connections', () => {
    const map = mapOf([[{ bytesUp: null, bytesDown: null }, 'allow']]);
    assert.equal(createPictureModel(map).hasBytes, false);
    assert.match(renderSvg(map), /width: connections/);
  });
});

const hostile = `</title><script>alert("1")</script>&amp;'\u0000\u001b[2J\u202e"] --> b[`;

describe('pictures', () => {
  test('an SVG is XML, with every ribbon, its numbers and what its colour means', () => {
    const svg = renderSvg(two);
    assert.equal(XMLValidator.validate(svg), true);
    assert.match(svg, /<title>a → example\.com: 4 connections, 3 bytes, 2 edges, not allowed by the policy<\/title>/);
    assert.equal(svg.match(/<path /g)?.length, 2);
  });

  test('text of logs is text in SVG and HTML, attributes included', () => {
    const map = mapOf([[{ principal: hostile, destination: hostile }, 'deny']], { noPolicy: hostile });
    assert.equal(XMLValidator.validate(renderSvg(map)), true);
    const shapes = JSON.stringify(new XMLParser().parse(renderSvg(map)));
    assert.doesNotMatch(shapes, /"script"/);
    const html = renderHtml(map);
    assert.deepEqual(
      ['<script', '\u0000', '\u001b', '\u202e'].filter((text) => html.includes(text)),
      [],
    );
    assert.match(html, /default-src 'none'/);
    assert.equal(escapeXml(`<a b="c">'&`), '&lt;a b=&quot;c&quot;&gt;&#39;&amp;');
  });

  test('labels of Mermaid hold nothing of its syntax', () => {
    const mermaid = renderMermaid(mapOf([[{ principal: hostile, destination: 'x.example' }, 'deny']]));
    const [head, ribbon = '', style] = mermaid.trimEnd().split('\n');
    assert.equal(head, 'flowchart LR');
    assert.match(ribbon, /^ {2}p0\["[\p{L}\p{N} ._:/*@#;-]{1,200}"\] -->\|400\| d1\["x\.example"\]$/u);
    assert.equal(style, '  linkStyle 0 stroke:#e03131');
  });

  test('a long label is cut before it is escaped, so that no sign is cut in half', () => {
    const mermaid = renderMermaid(mapOf([[{ principal: '"'.repeat(300) }, 'allow']]));
    assert.match(mermaid, /p0\["(?:#34;){80}"\]/);
  });

  test('a map of nothing says so', () => {
    const nothing = mapOf([]);
    assert.match(renderSvg(nothing), /no flows in this window/);
    assert.equal(renderMermaid(nothing), 'flowchart LR\n');
    assert.match(renderHtml(nothing), /no flows in this window/);
  });

  test('a page of thousands of edges shows the first and says how many more there are', () => {
    const many = Array.from({ length: 2001 }, (_, i) => [{ destination: `d${i}.example` }, 'allow'] as const);
    const html = renderHtml(mapOf(many));
    assert.equal(html.match(/<tr><td>/g)?.length, 2000);
    assert.match(html, /And 1 more, see the CSV output\./);
  });
});
