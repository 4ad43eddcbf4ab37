import assert from 'node:assert/strict';
import fc from 'fast-check';
import { rejects, skips } from '../../src/flowmap/index.ts';
import { collectObservations } from './collect-observations.ts';

const outcomes: ReadonlySet<string> = new Set(['taken', ...Object.keys(skips), ...Object.keys(rejects)]);

/** Gives a parser arbitrary text and broken lines of its own fixture: it must not throw, and say of each line what became of it. */
export function assertParserNeverThrows(formatId: string, fixtureText: string): void {
  const lines = fixtureText.split(/\r?\n/).filter((line) => line.trim() !== '');
  assert.ok(lines.length > 0, 'the fixture has no lines');
  const parse = (text: string): void => {
    for (const outcome of collectObservations(formatId, text).outcomes) assert.ok(outcomes.has(outcome), outcome);
  };
  fc.assert(fc.property(fc.string({ unit: 'binary' }), parse), { numRuns: 100 });
  fc.assert(fc.property(brokenLine(lines), parse), { numRuns: 400 });
}

/** A line with a piece cut out and something else put in, or two lines run together. */
function brokenLine(lines: readonly string[]): fc.Arbitrary<string> {
  const line = fc.constantFrom(...lines);
  const filling = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('', '-', '-1', '0', '"', '{', '}', ']', ':', 'null', '[]', '{}', '99999999999999999999', '1e400'),
  );
  return fc.tuple(line, fc.nat(), fc.nat({ max: 40 }), filling, line).map(([text, at, length, put, other]) => {
    const from = at % (text.length + 1);
    const broken = text.slice(0, from) + put + text.slice(from + length);
    return at % 7 === 0 ? broken + other : broken;
  });
}
