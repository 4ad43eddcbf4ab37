import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureControl } from './control.ts';

test('the control bench runs small, and no figure is out of all proportion', async () => {
  const sizes = {
    services: 4,
    grants: 120,
    tunnels: 60,
    events: 3_000,
    reads: 20,
    decisions: { services: 20, rulesPerService: 20 },
    sessions: { grants: 120, sessions: 600, cut: 200 },
  };
  const results = await measureControl({ note: () => undefined }, sizes);
  assert.equal(results.length, 9);
  // Bars for a busy machine: they catch an end that is not told at once, and a read that goes through the whole log.
  for (const { figure, value, unit } of results) {
    if (unit === 's') assert.ok(value < 10, `${figure}: ${value} s`);
    if (unit === 'ms') assert.ok(value < 2_000, `${figure}: ${value} ms`);
  }
});
