import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipUnless } from '../test/support/requires.ts';
import { measureNative } from './native.ts';

test('the bench of the native transport runs small, with a token and counted bytes', {
  skip: skipUnless('compiler'),
}, async () => {
  const sizes = {
    others: { services: 2, rulesPerService: 2 },
    rounds: 1,
    warmUpSeconds: 0.2,
    seconds: 0.3,
    inFlight: 8,
    bulkBytes: 2_000_000,
    tunnels: 20,
    settleMs: 50,
  };
  const results = await measureNative({ note: () => undefined }, sizes);
  const figures = new Set(results.map(({ figure }) => figure));
  assert.equal(figures.size, 5);
  // Bars for a busy machine: they catch an exchange that was refused, and a cost that is another process's.
  for (const { figure, value, unit } of results) {
    if (unit === 'µs') assert.ok(value > 0 && value < 20_000, `${figure}: ${value} µs`);
    assert.ok(Number.isFinite(value), `${figure}: ${value} ${unit}`);
  }
});
