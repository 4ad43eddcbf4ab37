import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isValidALabel } from './a-label.ts';

test('A-labels that the platform makes from U-labels are valid', () => {
  for (const name of ['bücher', 'straße', '例え', 'россия', 'ελλάδα', '💩', 'a-ü-b', 'üüüüü', 'مثال']) {
    const label = new URL(`http://${name}.test/`).hostname.slice(0, -'.test'.length);
    assert.ok(label.startsWith('xn--') && isValidALabel(label), `${name} ${label}`);
  }
});

test('labels that decode to ASCII, to capitals, to mapped letters or to nothing are not', () => {
  // A capital u-umlaut, full-width a, a soft hyphen, a right-to-left override.
  for (const label of [
    'xn--',
    'xn--a',
    'xn--a-',
    'xn--example-',
    'xn--bcher-2pa',
    'xn--tda9921k',
    'xn--ab-5da',
    'xn--abc-4q0a',
    'xn--99999999',
    'xn---',
  ]) {
    assert.equal(isValidALabel(label), false, label);
  }
});

test('any tail is judged without throwing, and a valid label survives the platform', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abckvz0189-'), maxLength: 59 }), (tail) => {
      if (isValidALabel(`xn--${tail}`)) assert.equal(new URL(`http://xn--${tail}.test/`).hostname, `xn--${tail}.test`);
    }),
  );
});

test('every label that the platform encodes is one that we decode', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aü漢яö-é字'), minLength: 1, maxLength: 12 }), (name) => {
      const url = `http://${name}.test/`;
      if (!URL.canParse(url)) return;
      const label = new URL(url).hostname.slice(0, -'.test'.length);
      if (label.startsWith('xn--')) assert.ok(isValidALabel(label), `${name} ${label}`);
    }),
  );
});
