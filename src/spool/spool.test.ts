import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkRecordSink, sampleClose } from '../../test/support/record-sink-suite.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { DecisionRecord } from '../policy/index.ts';
import {
  createSpool,
  findFlowRecords,
  findRecord,
  readSpool,
  type SpoolCursor,
  type SpoolGap,
  type SpoolLogLine,
  type SpoolOptions,
} from './index.ts';

const started = Date.parse('2026-11-23T10:00:00Z');

function ulid(ms: number, tail: number): string {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  let [time, text] = [ms, ''];
  for (let i = 0; i < 10; i += 1) [text, time] = [(alphabet[time % 32] ?? '0') + text, Math.floor(time / 32)];
  return text + String(tail).padStart(16, '0');
}

function setup(extra: Partial<SpoolOptions> = {}) {
  const dir = extra.dir ?? join(temporaryFolder('spool'), 'spool');
  const clock = { ms: started, now: () => clock.ms };
  const log: SpoolLogLine[] = [];
  const options: SpoolOptions = {
    dir,
    rotateSizeBytes: 4096,
    rotateAgeMs: 3_600_000,
    budgetBytes: 1_000_000,
    clock,
    log: (line) => log.push(line),
    upkeepMs: 20,
    ...extra,
  };
  return { dir, clock, log, options, spool: createSpool(options) };
}

async function readAll(dir: string, cursor: SpoolCursor | null = null) {
  const gaps: SpoolGap[] = [];
  const records: DecisionRecord[] = [];
  let last = cursor;
  for await (const entry of readSpool(dir, cursor, { onGap: (gap) => gaps.push(gap) })) {
    records.push(entry.record);
    last = entry.cursor;
  }
  return { records, gaps, last };
}

checkRecordSink('spool', () => {
  const { spool, dir } = setup();
  return {
    sink: spool,
    settle: () => spool.flush(),
    kept: async () => (await readAll(dir)).records,
    close: () => spool.close(),
  };
});

test('files and folder are closed to others, and every record comes back in order over many rotations', async () => {
  const { spool, dir, options } = setup();
  for (let i = 0; i < 200; i += 1) {
    assert.equal(spool.write(sampleClose(ulid(started, i))), true);
    if (i % 10 === 0) await spool.flush();
  }
  await spool.close();
  const files = readdirSync(dir);
  assert.ok(files.length > 5);
  for (const name of files) {
    assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600);
    assert.ok(statSync(join(dir, name)).size <= options.rotateSizeBytes);
  }
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  const { records, gaps } = await readAll(dir);
  assert.deepEqual(
    records.map((one) => one.id),
    Array.from({ length: 200 }, (_, i) => ulid(started, i)),
  );
  assert.deepEqual(gaps, []);
  assert.equal(spool.counts().written, 200);
  assert.equal(spool.write(sampleClose('X')), false, 'a closed spool keeps nothing');
  assert.equal(spool.counts().lost, 1);
});

test('a file is rotated at its age, and a clock that was set back still gives names that sort after', async () => {
  const { spool, dir, clock } = setup();
  spool.write(sampleClose('A'));
  await spool.flush();
  clock.ms += 3_600_000;
  spool.write(sampleClose('B'));
  await spool.flush();
  clock.ms -= 90 * 86_400_000;
  for (let i = 0; i < 100; i += 1) {
    spool.write(sampleClose(`C${i}`));
    await spool.flush();
  }
  await spool.close();
  assert.ok(readdirSync(dir).length > 2);
  const { records } = await readAll(dir);
  assert.deepEqual(
    records.map((one) => one.id),
    ['A', 'B', ...Array.from({ length: 100 }, (_, i) => `C${i}`)],
  );
});

test('the budget removes the oldest files, never the one being written, and says so', async () => {
  const { spool, dir, log } = setup({ budgetBytes: 16_384 });
  for (let i = 0; i < 400; i += 1) {
    spool.write(sampleClose(ulid(started, i)));
    await spool.flush();
    const total = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    assert.ok(total <= 16_384, `${total} bytes on disk`);
  }
  await spool.close();
  const { records } = await readAll(dir);
  assert.equal(records.at(-1)?.id, ulid(started, 399));
  assert.ok(spool.counts().removedFiles > 0);
  assert.equal(spool.counts().lost, 0);
  assert.ok(log.some((line) => line.message.includes('disk budget is reached')));
});

test('a line cut short by a kill is removed at the next start and the file goes on', async () => {
  const { spool, dir, options, log } = setup();
  spool.write(sampleClose('A'));
  await spool.close();
  const [name] = readdirSync(dir);
  appendFileSync(join(dir, name ?? ''), '{"kind":"verdict","id":"half');
  const again = createSpool(options);
  again.write(sampleClose('B'));
  await again.close();
  const { records, gaps } = await readAll(dir);
  assert.deepEqual(
    records.map((one) => one.id),
    ['A', 'B'],
  );
  assert.deepEqual(gaps, []);
  assert.equal(readdirSync(dir).length, 1, 'a small young file is used again');
  assert.ok(log.some((line) => line.message.includes('cut short')));
});

test('a reader passes over lines that are no record and over the cut end of a closed file, and reports both', async () => {
  const dir = temporaryFolder('spool');
  const good = (id: string) => `${JSON.stringify(sampleClose(id))}\n`;
  writeFileSync(
    join(dir, 'decisions-00000000000001-000000.ndjson'),
    `${good('A')}not json\n{"kind":"other"}\n${'x'.repeat(300_000)}\n${good('B')}{"cut`,
  );
  writeFileSync(join(dir, 'decisions-00000000000002-000000.ndjson'), good('C'));
  writeFileSync(join(dir, 'notes.txt'), 'not ours');
  const { records, gaps } = await readAll(dir);
  assert.deepEqual(
    records.map((one) => one.id),
    ['A', 'B', 'C'],
  );
  assert.deepEqual(
    gaps.map((gap) => gap.kind),
    ['line_unreadable', 'line_unreadable', 'line_unreadable', 'tail_cut'],
  );
});

test('a cursor goes on where it stood, and tells of a file that was removed before it was read', async () => {
  const { spool, dir } = setup();
  for (let i = 0; i < 60; i += 1) {
    spool.write(sampleClose(`R${i}`));
    await spool.flush();
  }
  let cursor: SpoolCursor | null = null;
  for await (const entry of readSpool(dir, null)) {
    cursor = entry.cursor;
    if (entry.record.id === 'R2') break;
  }
  const rest = await readAll(dir, cursor);
  assert.deepEqual(
    rest.records.map((one) => one.id),
    Array.from({ length: 57 }, (_, i) => `R${i + 3}`),
  );
  assert.deepEqual((await readAll(dir, rest.last)).records, []);
  unlinkSync(join(dir, cursor?.file ?? ''));
  const after = await readAll(dir, cursor);
  assert.equal(after.gaps[0]?.kind, 'file_removed');
  assert.equal(after.records.at(-1)?.id, 'R59');
  await spool.close();
});

test('a follower sees what is written after it started, over a rotation, and ends at its signal', async () => {
  const { spool, dir, clock } = setup();
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const { record } of readSpool(dir, null, { follow: true, signal: stop.signal, pollMs: 5 })) {
      seen.push(record.id);
      if (seen.length === 3) stop.abort();
    }
  })();
  for (const id of ['A', 'B', 'C']) {
    spool.write(sampleClose(id));
    await spool.flush();
    clock.ms += 4_000_000;
    await sleep(15);
  }
  await following;
  assert.deepEqual(seen, ['A', 'B', 'C']);
  await spool.close();
});

test('a record is one line whatever an attacker put in it, and a terminal is not moved by it', async () => {
  const { spool, dir } = setup();
  const nasty = 'a"\n{"kind":"verdict"}\r\u2028\u2029\u0085\u009b31m\u007f\u0000\ud800';
  spool.write({ ...sampleClose('A'), flow: nasty });
  await spool.close();
  const text = readFileSync(join(dir, readdirSync(dir)[0] ?? ''), 'utf8');
  assert.equal(text.split('\n').length, 2);
  assert.match(text, /^[\x20-\x7e]+\n$/);
  assert.equal((await readAll(dir)).records[0]?.flow, nasty);
});

test('what cannot be a record is refused and counted', async () => {
  const { spool } = setup();
  const cyclic: Record<string, unknown> = { kind: 'close' };
  cyclic['self'] = cyclic;
  assert.equal(spool.write(cyclic as unknown as DecisionRecord), false);
  assert.equal(spool.write({ ...sampleClose('A'), flow: 'x'.repeat(70_000) }), false);
  assert.equal(spool.counts().lost, 2);
  await spool.close();
});

test('a queue past its bound refuses and counts, and what was accepted is still written', async () => {
  const { spool, dir, log } = setup({ maxQueuedChars: 2000 });
  const outcomes = Array.from({ length: 50 }, (_, i) => spool.write(sampleClose(`Q${i}`)));
  const accepted = outcomes.filter(Boolean).length;
  assert.ok(accepted > 0 && accepted < 50);
  assert.equal(spool.isKeeping, false);
  assert.equal(spool.counts().lost, 50 - accepted);
  await spool.close();
  assert.equal((await readAll(dir)).records.length, accepted);
  assert.equal(log.filter((line) => line.level === 'error' && line.message.includes('cannot be kept')).length, 1);
});

const canMount = process.getuid?.() === 0 && tryMount();

function tryMount(): boolean {
  const dir = temporaryFolder('spool-mount');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  }
}

test('a full disk begins one episode: counted, logged once, tried again, and written when there is room', {
  skip: canMount ? false : 'mounting a small file system needs root',
}, async () => {
  const mount = temporaryFolder('spool-full');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount]);
  try {
    const { spool, log, dir } = setup({ dir: join(mount, 'spool') });
    writeFileSync(join(mount, 'ballast'), Buffer.alloc(56 * 1024));
    const accepted: string[] = [];
    for (let i = 0; i < 2000 && spool.isKeeping; i += 1) {
      if (spool.write(sampleClose(`F${i}`))) accepted.push(`F${i}`);
      if (i % 5 === 0) await spool.flush();
    }
    assert.equal(spool.isKeeping, false);
    for (let i = 0; i < 10; i += 1) assert.equal(spool.write(sampleClose('lost')), false);
    await sleep(60);
    assert.equal(spool.isKeeping, false, 'still full');
    assert.equal(log.filter((line) => line.level === 'error').length, 1);
    unlinkSync(join(mount, 'ballast'));
    for (let i = 0; i < 100 && !spool.isKeeping; i += 1) await sleep(10);
    assert.equal(spool.isKeeping, true);
    assert.ok(log.some((line) => line.message.includes('10 were lost meanwhile')));
    assert.equal(spool.write(sampleClose('after')), true);
    await spool.close();
    const { records, gaps } = await readAll(dir);
    assert.deepEqual(
      records.map((one) => one.id),
      [...accepted, 'after'],
      'nothing accepted is missing or doubled',
    );
    assert.deepEqual(gaps, []);
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
});

test('a folder that cannot be made starts the spool in failure, and it recovers when the way is free', async () => {
  const base = temporaryFolder('spool');
  writeFileSync(join(base, 'state'), 'a file where a folder should be');
  const { spool, log, dir } = setup({ dir: join(base, 'state', 'spool') });
  assert.equal(spool.isKeeping, false);
  assert.equal(spool.write(sampleClose('A')), false);
  assert.match(log[0]?.message ?? '', /ENOTDIR|EEXIST/);
  rmSync(join(base, 'state'));
  for (let i = 0; i < 100 && !spool.isKeeping; i += 1) await sleep(10);
  assert.equal(spool.write(sampleClose('B')), true);
  await spool.close();
  assert.deepEqual(
    (await readAll(dir)).records.map((one) => one.id),
    ['B'],
  );
});

test('a record file that somebody removes while it is open is noticed and a new one begun', async () => {
  const { spool, dir, log } = setup();
  spool.write(sampleClose('A'));
  await spool.flush();
  rmSync(dir, { recursive: true });
  mkdirSync(dir);
  for (let i = 0; i < 100 && !existsSync(join(dir, readdirSync(dir)[0] ?? 'none')); i += 1) await sleep(10);
  spool.write(sampleClose('B'));
  await spool.close();
  assert.deepEqual(
    (await readAll(dir)).records.map((one) => one.id),
    ['B'],
  );
  assert.ok(log.some((line) => line.message.includes('removed by somebody else')));
});

test('a record is found by its id, and a flow with all its records, across rotated files', async () => {
  const { spool, dir, clock } = setup();
  const ids: string[] = [];
  for (let i = 0; i < 120; i += 1) {
    const flow = ulid(clock.ms, i);
    ids.push(flow);
    spool.write({
      kind: 'progress',
      id: ulid(clock.ms, 1000 + i),
      flow,
      time: '',
      bytesUp: 0,
      bytesDown: 0,
      durationMs: 0,
    });
    await spool.flush();
    clock.ms += 60_000;
    spool.write({ ...sampleClose(ulid(clock.ms, 2000 + i)), flow });
    await spool.flush();
  }
  await spool.close();
  const flow = ids[37] ?? '';
  const records = await findFlowRecords(dir, flow);
  assert.deepEqual(
    records.map((one) => one.kind),
    ['progress', 'close'],
  );
  assert.deepEqual(await findRecord(dir, records[1]?.id ?? ''), records[1]);
  assert.equal(await findRecord(dir, ulid(started, 999_999)), null);
  assert.equal(await findRecord(dir, 'not an id'), null);
  assert.equal(await findRecord(join(dir, 'absent'), flow), null);
});
