import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseInventory } from './inventory.ts';

describe('reading the inventory', () => {
  test('a whole one is read as it is written', () => {
    const text = `services:
  - name: payments-api
    owner: team-payments
    kind: app
    sources:
      - { cidr: 10.20.0.0/16, from: 2026-11-01, until: "2026-11-20T08:00:00+01:00" }
      - cidr: 2001:db8::/32
  - name: proxy
    kind: proxy
`;
    const parsed = parseInventory(text, 'inventory.yaml');
    assert.ok(parsed.ok);
    assert.deepEqual(
      parsed.value.services.map(({ sources, ...service }) => ({
        ...service,
        sources: sources.map(({ prefix, ...time }) => ({ cidr: prefix.text, ...time })),
      })),
      [
        {
          name: 'payments-api',
          owner: 'team-payments',
          kind: 'app',
          sources: [
            { cidr: '10.20.0.0/16', fromMs: Date.UTC(2026, 10, 1), untilMs: Date.UTC(2026, 10, 20, 7) },
            { cidr: '2001:db8::/32', fromMs: null, untilMs: null },
          ],
        },
        { name: 'proxy', owner: null, kind: 'proxy', sources: [] },
      ],
    );
  });

  for (const text of ['', '# nothing yet\n', 'services:\n', 'services: []\n']) {
    test(`${JSON.stringify(text)} names nobody`, () => {
      const parsed = parseInventory(text, 'inventory.yaml');
      assert.ok(parsed.ok);
      assert.deepEqual(parsed.value.services, []);
    });
  }

  const faults: readonly (readonly [text: string, message: RegExp])[] = [
    [
      'services:\n  - { name: a, sorces: [] }',
      /^inventory\.yaml:2:16: key `sorces` is not known: did you mean `sources`$/,
    ],
    ['services:\n  - { name: a, kind: robot }', /^inventory\.yaml:2:22: kind `robot` is not known: write app, build, /],
    ['services:\n  - { owner: a }', /^inventory\.yaml:2:5: a service needs a `name`$/],
    [
      'services:\n  - name: a\n    sources: [{ cidr: 10.0.0.1/33 }]',
      /^inventory\.yaml:3:23: `10\.0\.0\.1\/33` has no length of 0-32 after the slash$/,
    ],
    ['services:\n  - name: a\n    sources: [{ from: 2026-11-01 }]', /^inventory\.yaml:3:15: a source needs a `cidr`$/],
    [
      'services:\n  - name: a\n    sources: [{ cidr: 10.0.0.0/8, from: yesterday }]',
      /`yesterday` is no time: write `2026-11-01` \(UTC\) or/,
    ],
    ['services:\n  - name: a\n    sources: [{ cidr: 10.0.0.0/8, from: 2026-13-45 }]', /`2026-13-45` is no time/],
    ['services: { a: 1 }', /`services` is a list/],
    ['- a', /a mapping of services is expected here/],
    ['services: [', /^inventory\.yaml:/],
    ['services: *gone', /^inventory\.yaml:/],
    ['a: &a [1]\nservices: *a', /^inventory\.yaml:1:1: key `a` is not known/],
    ['services: []\nservices: []', /^inventory\.yaml:/],
  ];
  for (const [text, message] of faults) {
    test(`${JSON.stringify(text)} is refused with its place`, () => {
      const parsed = parseInventory(text, 'inventory.yaml');
      assert.ok(!parsed.ok);
      assert.match(parsed.fault.message, message);
    });
  }

  test('never throws', () => {
    const word = fc.constantFrom(
      'services:',
      '\n',
      '  - ',
      'name',
      ': ',
      '[',
      ']',
      '{',
      '}',
      'cidr',
      '10.0.0.0/8',
      '&a',
      '*a',
      '!!x',
      '"',
      '|',
      '\t',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          parseInventory(text, 'inventory.yaml');
        },
      ),
      { numRuns: 500 },
    );
  });
});
