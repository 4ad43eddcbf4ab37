import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureDecide } from './decide.ts';

test('the decide bench runs small: answers agree with the peer and no figure is out of all proportion', async () => {
  const results = await measureDecide({ note: () => undefined }, { services: 200, rulesPerService: 20 });
  const value = (figure: string): number => {
    const found = results.find((result) => result.figure.startsWith(figure));
    assert.ok(found, figure);
    return found.value;
  };
  // Bars for a busy machine: they catch a look-up that became a walk, not a slow minute.
  assert.ok(value('mean of a decision') < 15, `${value('mean of a decision')} µs a decision`);
  assert.ok(value('compile') < 2, `${value('compile')} s to compile 4000 rules`);
  assert.ok(value('bytes a rule') < 400, `${value('bytes a rule')} bytes a rule`);
  assert.ok(value('open') < 50, `${value('open')} ms to open`);
});
