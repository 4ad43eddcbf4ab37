import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

// In a process of its own: a priority once lowered cannot be raised again without rights.
const script = `
import { readdirSync, readFileSync } from 'node:fs';
import { lowerPriority } from ${JSON.stringify(new URL('./lower-priority.ts', import.meta.url).href)};
lowerPriority();
// Field 19 of proc(5) stat is the nice value; the name before it may hold spaces.
const nice = (id) => readFileSync('/proc/self/task/' + id + '/stat', 'utf8').replace(/^.*\\) /s, '').split(' ')[16];
console.log(JSON.stringify(readdirSync('/proc/self/task').map(nice)));
`;

test('every thread of the process goes behind the others', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const values = new Set(JSON.parse(stdout));
  assert.deepEqual([...values], ['10']);
});
