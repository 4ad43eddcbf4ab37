import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countText, shortVersion, sizeText } from './wording.ts';

test('one thing is not many', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => countText(count, 'error')),
    ['0 errors', '1 error', '2 errors'],
  );
  assert.equal(countText(2, 'denied flow', 'denied flows'), '2 denied flows');
});

test('bytes are told in the unit that fits', () => {
  assert.deepEqual([0, 812, 1_946, 64 * 1024 ** 2].map(sizeText), ['0 B', '812 B', '1.9 KiB', '64.0 MiB']);
});

test('a policy version is cut to twelve digits, and other texts are left', () => {
  assert.equal(shortVersion(`sha256:${'ab'.repeat(32)}`), 'sha256:abababababab');
  assert.equal(shortVersion('none'), 'none');
});
