import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at } from '../../../test/support/flow-batch.ts';
import { detectFormat } from './detect-format.ts';
import { LogLine } from './log-line.ts';

const squid = LogLine.of(
  `${at('10:00') / 1000}.000 12 10.0.0.5 TCP_TUNNEL/200 500 CONNECT api.example:443 - HIER_DIRECT/203.0.113.10 -`,
);
const vpc = LogLine.of(
  `2 123456789010 eni-0abc 10.0.0.7 203.0.113.7 40000 443 6 10 840 ${at('10:00') / 1000} ${at('10:01') / 1000} ACCEPT OK`,
);
const junk = LogLine.of('nothing that anybody knows');

function sample(...parts: readonly (readonly [LogLine, number])[]): readonly LogLine[] {
  return parts.flatMap(([line, count]) => Array.from({ length: count }, () => line));
}

describe('what a source looks like', () => {
  test('a pure one is its format, and no other is tried', () => {
    const found = detectFormat(sample([squid, 20]), sample([squid, 20]));
    assert.deepEqual([found?.formats.map(({ id }) => id), found?.isPeeled], [['squid'], false]);
  });

  test('a mixed one is its formats, the more frequent first', () => {
    const lines = sample([vpc, 15], [squid, 5]);
    assert.deepEqual(
      detectFormat(lines, lines)?.formats.map(({ id }) => id),
      ['aws-vpc', 'squid'],
    );
  });

  test('a few lines of nothing among many are no hindrance, and few of many are no format', () => {
    const mostly = sample([squid, 15], [junk, 5]);
    assert.equal(detectFormat(mostly, mostly)?.formats[0]?.id, 'squid');
    const hardly = sample([squid, 1], [junk, 19]);
    assert.equal(detectFormat(hardly, hardly), null);
  });

  test('what is known only without its envelopes is peeled', () => {
    const found = detectFormat(sample([junk, 5]), sample([squid, 5]));
    assert.deepEqual([found?.formats[0]?.id, found?.isPeeled], ['squid', true]);
  });

  test('nothing at all is nothing', () => {
    assert.equal(detectFormat([], []), null);
    assert.equal(detectFormat(sample([junk, 3]), sample([junk, 3])), null);
  });
});
