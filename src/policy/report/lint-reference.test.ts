import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { renderLintReference } from './lint-reference.ts';

it('docs/reference/lint-rules.md is what the tables of rules and faults say', () => {
  const page = readFileSync(new URL('../../../docs/reference/lint-rules.md', import.meta.url), 'utf8');
  assert.equal(page, renderLintReference());
});
