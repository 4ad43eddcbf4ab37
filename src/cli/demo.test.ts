import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCli } from './run-cli.ts';

async function run(...words: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  let said = '';
  const write = (text: string): void => {
    said += text;
  };
  const code = await runCli(['demo', ...words], { env: {}, now: Date.now, writeOut: write, writeError: write });
  return { code, said };
}

describe('exeat demo before it starts', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a rate that would fill a disk', ['--rate', '500'], /--rate `500` is outside 0\.1 to 50/],
    ['no rate', ['--rate', '0'], /--rate `0` is outside/],
    ['a port that is none', ['--port', '70000'], /--port `70000` is no port/],
    ['a port by name', ['--port', 'http'], /--port `http` is no port/],
    ['a duration without a unit', ['--for', '10'], /--for: `10` is not a duration/],
    ['a duration past the longest', ['--for', '8d'], /more than `7d`/],
  ];
  for (const [name, words, expected] of cases) {
    test(`${name} is refused, and says what is allowed`, async () => {
      const { code, said } = await run(...words);
      assert.equal(code, 64);
      assert.match(said, expected);
    });
  }

  test('a folder that holds something is not taken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'exeat-cli-'));
    try {
      writeFileSync(join(folder, 'mine'), 'kept');
      const { code, said } = await run('--keep', folder);
      assert.equal(code, 1);
      assert.match(said, /holds something, name one that does not/);
      assert.deepEqual(readdirSync(folder), ['mine']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
