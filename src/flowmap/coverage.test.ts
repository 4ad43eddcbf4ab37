import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entryOf } from '../../test/support/flow-batch.ts';
import { edgeOf } from '../../test/support/propose-fixture.ts';
import { createCoverage } from './coverage.ts';
import type { EdgeSet, SourceEntry } from './lake.ts';
import { coverageLines } from './render/coverage-lines.ts';

const nothing: EdgeSet = { edges: [], shares: [], leftOut: [] };

function sourceOf(extra: Partial<SourceEntry>): SourceEntry {
  return { ...entryOf({}), id: 'a', formats: ['squid'], ...extra };
}

describe('what a map rests on', () => {
  test('an empty lake has shares of nothing', () => {
    const coverage = createCoverage([], nothing);
    assert.deepEqual(
      [coverage.sources, coverage.understoodShare, coverage.firstMs, coverage.formats],
      [0, null, null, []],
    );
    assert.deepEqual(coverage.byRank.record, { connections: 0, bytes: 0, connectionShare: null, byteShare: null });
    assert.deepEqual(coverageLines(coverage), ['0 sources, 0 lines, - understood, no time']);
  });

  test('rejects are added up by reason, the same for any order of sources', () => {
    const sources = [
      sourceOf({
        firstMs: 5,
        lastMs: 9,
        tally: { lines: 10, taken: 7, skips: { header: 1 }, rejects: { bad_time: { count: 2, examples: [] } } },
      }),
      sourceOf({
        firstMs: null,
        lastMs: null,
        tally: { lines: 10, taken: 9, skips: {}, rejects: { bad_json: { count: 1, examples: [] } } },
      }),
      sourceOf({ firstMs: 2, lastMs: 7, tally: { lines: 0, taken: 0, skips: {}, rejects: {} }, notes: ['b', 'a'] }),
    ];
    const coverage = createCoverage(sources, nothing);
    assert.deepEqual(
      [coverage.lines, coverage.understoodShare, coverage.rejects],
      [20, 17 / 20, { bad_json: 1, bad_time: 2 }],
    );
    assert.deepEqual([coverage.firstMs, coverage.lastMs], [2, 9]);
    assert.equal(JSON.stringify(createCoverage(sources.toReversed(), nothing)), JSON.stringify(coverage));
  });

  test('shares are of connections and of bytes, over all formats', () => {
    const set: EdgeSet = {
      ...nothing,
      shares: [
        { format: 'squid', rank: 'record', connections: 3, bytes: 10 },
        { format: 'aws-vpc', rank: 'address', connections: 1, bytes: 30 },
      ],
    };
    const { byRank } = createCoverage([], set);
    assert.deepEqual(byRank.record, { connections: 3, bytes: 10, connectionShare: 0.75, byteShare: 0.25 });
    assert.deepEqual(byRank.address, { connections: 1, bytes: 30, connectionShare: 0.25, byteShare: 0.75 });
  });

  test('formats tell what they can name and what they never show, once each', () => {
    const { formats } = createCoverage(
      [
        sourceOf({}),
        sourceOf({ formats: ['squid', 'aws-vpc'] }),
        sourceOf({ kind: 'configuration', formats: ['compose'] }),
      ],
      nothing,
    );
    assert.deepEqual(
      formats.map(({ format, names }) => [format, names]),
      [
        ['aws-vpc', 'none'],
        ['squid', 'record'],
      ],
    );
  });

  test('the lines of tables of address ranges do not make a log look understood', () => {
    const tally = { lines: 15_000, taken: 15_000, skips: {}, rejects: {} };
    const half = { lines: 2, taken: 1, skips: {}, rejects: { bad_time: { count: 1, examples: [] } } };
    const table = sourceOf({ kind: 'ranges', formats: ['aws-ranges'], tally, notes: ['published'] });
    const { sources, lines, understoodShare, formats, notes } = createCoverage(
      [sourceOf({ tally: half }), table],
      nothing,
    );
    assert.deepEqual([sources, lines, understoodShare, formats.length, notes.length], [2, 2, 0.5, 1, 1]);
  });

  test('an edge that was attributed in two ways counts for the weaker one, and guesses are noted', () => {
    const edges = [
      edgeOf({ how: ['inventory', 'address'], connections: 2 }),
      edgeOf({ how: ['inventory'], connections: 6, initiator: 'ports', isSampled: true }),
    ];
    const coverage = createCoverage([], { ...nothing, edges });
    assert.deepEqual(coverage.byAttribution, { address: 2, inventory: 6 });
    assert.deepEqual(coverage.notes, [
      'some flows are sampled: rare ones may be missing wholly',
      'who opened the connection is a guess by ports for 1 of 2 edges',
    ]);
    const lines = coverageLines({ ...coverage, leftOut: [{ role: 'outside', connections: 4, bytes: 0 }] });
    assert.ok(lines.includes('25.0 % of flows come from an address that nobody claims (an inventory would)'));
    assert.ok(lines.some((line) => line.startsWith('left out: 4 flows ')));
  });
});
