import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { createSpool, readSpool, type SpoolGap } from './index.ts';

const writer = `
import { createSpool } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
const spool = createSpool({ dir: process.argv[1], rotateSizeBytes: 65536, rotateAgeMs: 3600000, budgetBytes: 1e9, clock: Date, log: () => undefined });
let next = 0;
setInterval(async () => {
  for (let i = 0; i < 50; i += 1) {
    const id = String(next++);
    spool.write({ kind: 'close', id, flow: id, time: '', bytesUp: 0, bytesDown: 0, durationMs: 0, endedBy: 'client', failure: null });
  }
  // Of a flush that takes longer than the interval the next one's records are no part.
  const upTo = next;
  await spool.flush();
  process.stdout.write(upTo + '\\n');
}, 1);
`;

test('kill -9 loses nothing that was flushed, and the next start goes on without a gap', async () => {
  const dir = join(temporaryFolder('crash'), 'spool');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', writer, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let flushed = 0;
  child.stdout.on('data', (bytes: Buffer) => {
    flushed = Number(bytes.toString().trim().split('\n').at(-1));
    if (flushed > 3000) child.kill('SIGKILL');
  });
  await once(child, 'exit');
  const spool = createSpool({
    dir,
    rotateSizeBytes: 65_536,
    rotateAgeMs: 3_600_000,
    budgetBytes: 1e9,
    clock: Date,
    log: () => undefined,
  });
  await spool.close();
  const gaps: SpoolGap[] = [];
  const ids: number[] = [];
  for await (const { record } of readSpool(dir, null, { onGap: (gap) => gaps.push(gap) })) ids.push(Number(record.id));
  assert.ok(ids.length >= flushed, `${ids.length} kept of ${flushed}`);
  assert.deepEqual(
    ids,
    ids.map((_, index) => index),
  );
  assert.deepEqual(gaps, []);
  assert.ok(readdirSync(dir).length > 2);
});
