import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { skipUnless } from '../test/support/requires.ts';
import { measureGateway } from './gateway.ts';

test('the gateway bench runs small and leaves no namespace', {
  skip: skipUnless('root', 'ip', 'nft', 'perl', 'dig', 'iperf3', 'ethtool', 'compiler'),
}, async () => {
  const sizes = {
    rounds: 1,
    transferBytes: 20_000_000,
    seconds: 0.3,
    warmUpSeconds: 0.1,
    otherServices: 3,
    freshPerSecond: [50],
    freshSeconds: 0.5,
    bulkBytes: 1_000_000,
    shapes: 1,
    smallShapes: 1,
    elements: 2_000,
    restSeconds: 0.2,
  };
  const results = await measureGateway({ note: () => undefined }, sizes);
  // Bars for a busy machine: they catch a lane that leads nowhere, a refused first packet and a report that was misread.
  for (const { figure, value, unit } of results) {
    if (unit === 'Gbit/s') assert.ok(value > 0.05, `${figure}: ${value} Gbit/s`);
    if (unit === '/s') assert.ok(value > 200, `${figure}: ${value} a second`);
    if (unit.startsWith('of ')) assert.equal(value, 0, figure);
    assert.ok(Number.isFinite(value), `${figure}: ${value} ${unit}`);
  }
  assert.deepEqual(namespaces(), []);
});

function namespaces(): readonly string[] {
  const listed = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n');
  return listed.map((line) => line.split(' ')[0] ?? '').filter((name) => name.startsWith(`exb-${process.pid}-`));
}
