import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { renderFault } from './fault.ts';
import { parsePolicyFiles, policyStats, policyVersion } from './index.ts';
import { matchesGlob, parsePathGlob } from './path-glob.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('policyVersion', () => {
  const files = [
    { path: 'b.yaml', bytes: bytes('two') },
    { path: 'a.yaml', bytes: bytes('one') },
  ];

  it('is SHA-256 over sorted path, length and bytes', () => {
    const hash = createHash('sha256')
      .update('a.yaml\0')
      .update(Buffer.of(0, 0, 0, 0, 0, 0, 0, 3))
      .update('one');
    hash
      .update('b.yaml\0')
      .update(Buffer.of(0, 0, 0, 0, 0, 0, 0, 3))
      .update('two');
    assert.equal(policyVersion(files, sha256), `sha256:${hash.digest('hex')}`);
  });

  it('does not depend on the order of the files, and does on every byte and name', () => {
    const version = policyVersion(files, sha256);
    assert.equal(policyVersion(files.toReversed(), sha256), version);
    assert.notEqual(policyVersion([{ path: 'b.yaml', bytes: bytes('twO') }, ...files.slice(1)], sha256), version);
    assert.notEqual(policyVersion([{ path: 'c.yaml', bytes: bytes('two') }, ...files.slice(1)], sha256), version);
  });
});

describe('renderFault', () => {
  const fault = { message: 'unknown key `x`', at: { file: 'a.yaml', line: 2, column: 3 }, mend: 'remove it' };

  it('shows file, line, column, the source line and a caret', () => {
    assert.equal(
      renderFault(fault, 'a: 1\nb x: 2\r\n'),
      'a.yaml:2:3: unknown key `x`\n  2 | b x: 2\n    |   ^\n  mend: remove it',
    );
  });

  it('lets no control character of a file reach a terminal', () => {
    const rendered = renderFault({ ...fault, message: 'bad \u001b[31m' }, 'a\n\u001b[2J\u0007\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is the point
    assert.doesNotMatch(rendered, /[\u0007\u001b]/);
  });

  it('does without the source when it is not at hand', () => {
    assert.equal(renderFault(fault, null), 'a.yaml:2:3: unknown key `x`\n  mend: remove it');
  });
});

describe('path globs', () => {
  const rows: readonly (readonly [glob: string, path: string, matches: boolean])[] = [
    ['payments/**', 'payments/api.yaml', true],
    ['payments/**', 'payments/eu/api.yaml', true],
    ['payments/**', 'payments-eu/api.yaml', false],
    ['**', 'a/b/c.yaml', true],
    ['*/egress.yaml', 'team/egress.yaml', true],
    ['*/egress.yaml', 'a/b/egress.yaml', false],
    ['**/egress.yaml', 'egress.yaml', true],
    ['a/**/b/*.yaml', 'a/x/y/b/c.yaml', true],
    ['a/*-*.yaml', 'a/x-y.yaml', true],
    ['a/*-*.yaml', 'a/xy.yaml', false],
    ['a/ab*ba.yaml', 'a/aba.yaml', false],
  ];
  for (const [text, path, matches] of rows)
    it(`\`${text}\` ${matches ? 'matches' : 'does not match'} \`${path}\``, () => {
      const glob = parsePathGlob(text);
      assert.equal(glob.ok && matchesGlob(glob.value, path), matches);
    });

  for (const text of ['/a', 'a//b', '../a', 'a/./b', 'a/**b', '', 'a b', '**/**/**/x'])
    it(`\`${text}\` is refused`, () => assert.equal(parsePathGlob(text).ok, false));
});

describe('policyStats', () => {
  it('counts rules by scope and services by mode; observe past its end counts as enforced', () => {
    const service = (name: string, mode: string) =>
      `apiVersion: exeat/v1\nowner: a\nservice: ${name}\nkind: build\n${mode}identities: [ "credential:${name}" ]\nallow: [ { to: "@d", reason: a b } ]\ndeny: [ { to: "x.example:1", reason: a b } ]\n---\n`;
    const text = [
      service('one', ''),
      service('two', 'mode: observe\nobserveUntil: 2026-11-20\n'),
      service('three', 'mode: observe\nobserveUntil: 2026-12-20\n'),
      'apiVersion: exeat/v1\nowner: b\ndestinations: d\nmembers: [ "y.example:443", "z.example:443" ]\n---\n',
      'apiVersion: exeat/v1\nowner: c\nboundary: { deny: [ { to: "paste.example:*", reason: paste sites } ] }\n',
    ].join('');
    const { tree, faults } = parsePolicyFiles([{ path: 'a.yaml', text }]);
    assert.deepEqual(faults, []);
    const stats = policyStats(tree, Date.UTC(2026, 10, 23));
    assert.deepEqual(stats.rules, { boundary: 1, shared: 2, service: 6 });
    assert.deepEqual(stats.services.byMode, { enforce: 1, observe: 1, observeEnded: 1 });
    assert.deepEqual([stats.services.byKind.build, stats.owners, stats.serviceRules.references], [3, 3, 3]);
  });
});
