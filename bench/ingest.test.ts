import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureIngest } from './ingest.ts';

test('the ingest bench runs small and memory stays within its bound', async () => {
  const sizes = { squidBytes: 1, vpcBytes: 1, rounds: 1 };
  const results = await measureIngest({ note: () => undefined }, sizes);
  const memory = results.find(({ figure }) => figure.startsWith('peak memory'));
  assert.ok(memory !== undefined && memory.value < 600, `${memory?.value} MB`);
  const rates = results.filter(({ unit }) => unit === '/s');
  assert.ok(rates.length >= 2);
  // A bar for a busy machine and little input, most of which is starting: it catches a parser that became a crawl.
  for (const { figure, value } of rates) assert.ok(value > 15_000, `${figure}: ${value}`);
});
