import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compilePolicy, decide, lintPolicy, openPolicy, parsePolicyFiles, runPolicyTests } from '../index.ts';

const root = new URL('../../../', import.meta.url);
const now = Date.UTC(2026, 10, 23);
const version = `sha256:${createHash('sha256').update('examples').digest('hex')}`;

function yamlBlocks(page: string): readonly string[] {
  return [...readFileSync(new URL(page, root), 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
}

describe('examples of policy', () => {
  for (const page of ['docs/reference/policy-grammar.md', 'src/policy/README.md'])
    it(`every one in ${page} parses`, () => {
      const blocks = yamlBlocks(page);
      assert.ok(blocks.length > 0);
      for (const text of blocks) assert.deepEqual(parsePolicyFiles([{ path: 'example.yaml', text }]).faults, []);
    });

  it('the seed statements have no fault and no finding, and all their tests pass', () => {
    const folder = new URL('examples/seed-statements/policy/', root);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.yaml'))
      .map((path) => ({ path, text: readFileSync(new URL(path, folder), 'utf8') }));
    const { tree, faults } = parsePolicyFiles(files);
    assert.deepEqual([faults, lintPolicy(tree, { now })], [[], []]);
    const compiled = compilePolicy(tree, { version, seed: new Uint8Array(16) });
    const policy = compiled.ok ? openPolicy(compiled.value) : compiled;
    assert.ok(policy.ok);
    const results = runPolicyTests(tree, policy.value, { decide, now });
    assert.deepEqual(
      results.flatMap(({ message }) => message ?? []),
      [],
    );
    assert.ok(results.length >= 15);
  });
});
