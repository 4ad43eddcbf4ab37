import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { layOutRiver } from './layout.ts';
import { toSvg } from './river-svg.ts';

function pictureOf(label: string): string {
  const sum = { connections: 1, bytesUp: 0, bytesDown: 0 };
  const node = { id: '3:x', layer: 3, label, hidden: null, isUnused: false, ...sum };
  const layout = layOutRiver({ nodes: [node], links: [], unused: [] }, 'connections', 900);
  return toSvg(layout, { title: label, columns: ['Identity', 'Service', 'Enforcement point', 'Destination'] });
}

test('a hostile name stays text in the picture', () => {
  const svg = pictureOf('</text><script>alert(1)</script><image href="https://evil.example/x"/>');
  assert.doesNotMatch(svg, /<script|<image/);
  assert.match(svg, /&lt;script&gt;/);
});

test('whatever a name holds, the picture is well-formed and says the name', () => {
  const parser = new XMLParser({ ignoreAttributes: false, trimValues: false, parseTagValue: false });
  const unit = fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    "'",
    ']',
    '-',
    '!',
    '\0',
    '\u001b',
    '\ufffe',
    '\ud800',
    'é',
    'a',
    ' ',
    '/',
    '=',
  );
  fc.assert(
    fc.property(fc.string({ unit, minLength: 1, maxLength: 30 }), (label) => {
      const svg = pictureOf(label);
      assert.equal(XMLValidator.validate(svg), true);
      assert.deepEqual(Object.keys((parser.parse(svg) as { svg: object }).svg).sort(), [
        ...['#text', '@_height', '@_viewBox', '@_width', '@_xmlns', 'g', 'rect', 'text', 'title'],
      ]);
    }),
    { numRuns: 60 },
  );
});
