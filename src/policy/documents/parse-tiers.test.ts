import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultTiers, type PolicyFaultCode, parsePolicyFiles, tiersOf } from '../index.ts';

const head = 'apiVersion: exeat/v1\nowner: team-security\n';
const hourMs = 3_600_000;

function read(...texts: readonly string[]): ReturnType<typeof parsePolicyFiles> {
  return parsePolicyFiles(texts.map((text, index) => ({ path: `tiers-${index}.yaml`, text: head + text })));
}

describe('tiers', () => {
  it('are the defaults where no document says otherwise', () => {
    const { tree } = parsePolicyFiles([]);
    assert.deepEqual(tiersOf(tree), defaultTiers);
  });

  it('take from a document what it says and leave the rest', () => {
    const { tree, faults } = read(
      'tiers:\n  low: { quorum: 2, longest: 2h, approvers: [ security ], strength: token }\n  break-glass: { bytesUp: 1MiB, longest: 30m }\n',
    );
    assert.deepEqual(faults, []);
    const { low, medium, breakGlass } = tiersOf(tree);
    assert.deepEqual(
      [low.quorum, low.longestMs, low.approvers, low.strength, low.pendingMs],
      [2, 2 * hourMs, ['security'], 'token', 24 * hourMs],
    );
    assert.deepEqual(medium, defaultTiers.medium);
    assert.deepEqual([breakGlass.maxBytesUp, breakGlass.longestMs], [1_048_576, hourMs / 2]);
  });

  it('move a cap that is not written up with the longest', () => {
    const { tree, faults } = read('tiers: { low: { longest: 80d } }\n');
    assert.deepEqual(faults, []);
    assert.equal(tiersOf(tree).low.cumulativeMs, 80 * 24 * hourMs);
  });

  it('fail with a code where they are not of the grammar', () => {
    const rows: readonly (readonly [text: string, code: PolicyFaultCode])[] = [
      ['tiers: 1\n', 'value_malformed'],
      ['tiers: { middle: {} }\n', 'key_unknown'],
      ['tiers: { low: { quorum: 0 } }\n', 'quantity_malformed'],
      ['tiers: { low: { quorum: "2" } }\n', 'quantity_malformed'],
      ['tiers: { low: { longest: 91d } }\n', 'quantity_malformed'],
      ['tiers: { low: { longest: soon } }\n', 'quantity_malformed'],
      ['tiers: { low: { longest: 2h, cumulative: 1h } }\n', 'quantity_malformed'],
      ['tiers: { low: { approvers: [] } }\n', 'value_malformed'],
      ['tiers: { low: { approvers: [ requester ] } }\n', 'value_malformed'],
      ['tiers: { break-glass: { longest: 2h } }\n', 'quantity_malformed'],
      ['tiers: { break-glass: { bytesUp: 2GiB } }\n', 'quantity_malformed'],
      ['tiers: { break-glass: { acknowledgeWithin: 1h } }\n', 'quantity_malformed'],
      ['tiers: { break-glass: { quorum: 1 } }\n', 'key_unknown'],
    ];
    for (const [text, code] of rows)
      assert.deepEqual(
        read(text).faults.map((each) => each.code),
        [code],
        text,
      );
  });

  it('stand once in a policy', () => {
    assert.deepEqual(
      read('tiers: {}\n', 'tiers: {}\n').faults.map(({ code, at }) => [code, at.file]),
      [['tiers_duplicate', 'tiers-1.yaml']],
    );
  });
});
