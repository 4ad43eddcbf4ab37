import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { findLogFormat, logFormats } from '../../src/flowmap/index.ts';
import { type Collected, collectObservations, readFixture } from '../support/collect-observations.ts';
import { collectCase, linesThatHangOnOthers, type SplitCase, splitCases } from '../support/split-cases.ts';

// What is found in a log does not hang on where it was cut into files, and in a format that is not read in order not on which thread had
// which line. What cannot be so is listed by name, here and in the guide.

/** What was found, in an order of its own. */
function foundIn(parts: readonly Collected[]): readonly string[] {
  return parts.flatMap(({ flows, answers, leases }) => [...flows, ...answers, ...leases].map(textOf)).sort();
}

function textOf(found: object): string {
  return JSON.stringify(found);
}

/** Ends of lines at which a log is cut: none, some, or all of them. */
function cutsOf({ lines }: SplitCase): fc.Arbitrary<readonly number[]> {
  const ends = [...lines.keys()].slice(1);
  return fc.oneof({ weight: 1, arbitrary: fc.constant(ends) }, { weight: 8, arbitrary: fc.subarray(ends) });
}

function cutAt(lines: readonly string[], cuts: readonly number[]): readonly (readonly string[])[] {
  const ends = [...cuts, lines.length];
  return ends.map((end, index) => lines.slice(ends[index - 1] ?? 0, end));
}

test('every log format has a case', () => {
  const cased = new Set(splitCases.map(({ format }) => format));
  assert.deepEqual(
    logFormats.map(({ id }) => id).filter((id) => !cased.has(id)),
    [],
  );
});

for (const one of splitCases) {
  test(`${one.format}: any split of ${one.fixture} tells the same`, () => {
    const whole = foundIn([collectCase(one, one.lines)]);
    assert.ok(whole.length > 0);
    fc.assert(
      fc.property(cutsOf(one), (cuts) => {
        const parts = cutAt(one.lines, cuts).map((lines) => collectCase(one, lines));
        assert.deepEqual(foundIn(parts), whole);
      }),
      { numRuns: 25 },
    );
  });
}

for (const one of splitCases.filter(({ format }) => findLogFormat(format)?.isOrdered === false)) {
  test(`${one.format}: lines of ${one.fixture} may fall to any thread`, () => {
    const whole = foundIn([collectCase(one, one.lines)]);
    const thread = fc.array(fc.nat(2), { minLength: one.lines.length, maxLength: one.lines.length });
    fc.assert(
      fc.property(thread, (threads) => {
        const dealt = [0, 1, 2].map((mine) => one.lines.filter((_, index) => threads[index] === mine));
        assert.deepEqual(foundIn(dealt.map((lines) => collectCase(one, lines))), whole);
      }),
      { numRuns: 10 },
    );
  });
}

test('what hangs on other lines is listed in the guide', () => {
  const guide = readFileSync('docs/guide/flow-map.md', 'utf8');
  const listed = guide.slice(guide.indexOf('**Where logs may be cut.**'), guide.indexOf('**Time zones.**'));
  for (const format of Object.keys(linesThatHangOnOthers)) assert.ok(listed.includes(`\`${format}\``), format);
});

test('an answer of dnsmasq that is cut off its question loses its client or goes untold, and never gets another client', () => {
  for (const fixture of ['dnsmasq.log', 'dnsmasq-extra.log']) {
    const lines = readFixture(fixture).split('\n');
    const clientsOf = ({ answers }: Collected): ReadonlySet<string> =>
      new Set(answers.flatMap(({ client, addresses }) => (addresses ?? []).map((one) => `${client} ${one.address}`)));
    const told = clientsOf(collectObservations('dnsmasq', lines.join('\n')));
    const cuts = fc.subarray([...lines.keys()].slice(1));
    fc.assert(
      fc.property(cuts, (ends) => {
        for (const part of cutAt(lines, ends)) {
          for (const one of clientsOf(collectObservations('dnsmasq', part.join('\n')))) {
            assert.ok(told.has(one) || one.startsWith('null '), one);
          }
        }
      }),
      { numRuns: 50 },
    );
  }
});
