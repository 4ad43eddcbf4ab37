import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  configFormats,
  createLocalZone,
  findLogFormat,
  LogLine,
  rangeFormats,
  rejects,
  skips,
} from '../../src/flowmap/index.ts';
import { createCollectingSink, fixtureNowMs } from './collect-observations.ts';

const outcomes: ReadonlySet<string> = new Set(['taken', ...Object.keys(skips), ...Object.keys(rejects)]);

/** Lines of a fixture, as they are. */
function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

/** A line of the fixture with a piece cut out and another put in: nearly right, which breaks more parsers than noise does. */
function mutated(lines: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '',
      ' ',
      '"',
      '\\',
      '-',
      ':',
      '=',
      ',',
      '[',
      ']',
      '{',
      '}',
      '|',
      '\t',
      '\0',
      '-1',
      '99999999999999999999',
      'é',
    ),
  );
  return fc
    .record({ line: fc.constantFrom(...lines), at: fc.nat(400), cut: fc.nat(20), piece })
    .map(({ line, at, cut, piece }) => {
      const from = Math.min(at, line.length);
      return line.slice(0, from) + piece + line.slice(from + cut);
    });
}

/**
 * Property of every log format: detection, learning and parsing of arbitrary text, of arbitrary bytes and of mutated lines of its fixture
 * never throw, a score lies between 0 and 1, and every line has a known outcome. With a grammar it is the parser of that grammar.
 */
export function assertParserNeverThrows(formatId: string, fixtureText: string, grammar?: string): void {
  const format = findLogFormat(formatId);
  assert.ok(format !== null, `no format \`${formatId}\` is registered`);
  const zone = createLocalZone('Europe/Berlin');
  assert.ok(zone.ok);
  const lines = linesOf(fixtureText);
  const text = fc.oneof(fc.string({ maxLength: 200, unit: 'binary' }), fc.constantFrom(...lines), mutated(lines));
  const line = fc.oneof(
    text.map((written) => LogLine.of(written)),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => new LogLine(bytes)),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (sample) => {
      const score = format.detect(sample);
      assert.ok(score >= 0 && score <= 1, `a score of ${score}`);
      const parser = format.createParser({
        grammar: grammar ?? format.learn(sample),
        zone: zone.value,
        nowMs: fixtureNowMs,
      });
      if (!parser.ok) return;
      const sink = createCollectingSink();
      for (const one of sample) assert.ok(outcomes.has(parser.value.parse(one, sink)));
    }),
    { numRuns: 300 },
  );
}

/** Property of every configuration format: detecting and reading arbitrary and mutated text never throw. */
export function assertReaderNeverThrows(formatId: string, path: string, fixtureText: string): void {
  const format = configFormats.find(({ id }) => id === formatId);
  assert.ok(format !== undefined, `no format \`${formatId}\` is registered`);
  const text = fc.oneof(fc.string({ maxLength: 200, unit: 'binary' }), mutated([fixtureText]));
  fc.assert(
    fc.property(text, (written) => {
      const score = format.detect({ path, text: written });
      assert.ok(score >= 0 && score <= 1, `a score of ${score}`);
      format.read({ path, text: written }, createCollectingSink());
    }),
    { numRuns: 200 },
  );
}

/** Property of every table of address ranges: detecting and reading arbitrary and mutated text never throw, and every entry is counted. */
export function assertTableNeverThrows(formatId: string, path: string, fixtureText: string): void {
  const format = rangeFormats.find(({ id }) => id === formatId);
  assert.ok(format !== undefined, `no format \`${formatId}\` is registered`);
  const text = fc.oneof(fc.string({ maxLength: 200, unit: 'binary' }), mutated([fixtureText]));
  fc.assert(
    fc.property(text, (written) => {
      const score = format.detect({ path, text: written });
      assert.ok(score >= 0 && score <= 1, `a score of ${score}`);
      const { ranges, tally } = format.read({ path, text: written });
      const counts = [...Object.values(tally.skips), ...Object.values(tally.rejects).map(({ count }) => count)];
      assert.equal(
        tally.lines,
        counts.reduce((sum, count) => sum + count, tally.taken),
      );
      assert.ok(ranges.length <= tally.taken);
    }),
    { numRuns: 200 },
  );
}
