import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { askLocal, serveLocal } from './local-socket.ts';

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-socket-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a question is answered, and the socket is for its owner only', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'a.sock');
    const server = await serveLocal(path, { double: (body) => Number(body) * 2 });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(await askLocal<number>(path, 'double', 21), { ok: true, value: 42 });
    await server.close();
  });
});

test('what an answerer throws is a fault with its message and no stack', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'a.sock');
    const server = await serveLocal(path, {
      fail: () => {
        throw new Error('no policy is loaded');
      },
    });
    const answer = await askLocal(path, 'fail');
    assert.deepEqual(answer, { ok: false, fault: { code: 'ask_failed', message: 'no policy is loaded' } });
    await server.close();
  });
});

test('a question that nobody knows, or that is no JSON, is refused and the socket serves on', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'a.sock');
    const server = await serveLocal(path, { hello: () => 'world' });
    for (const name of ['constructor', '__proto__', 'other']) assert.equal((await askLocal(path, name)).ok, false);
    const raw = connect(path);
    raw.write('{"ask":\n\u0000\u0001\n');
    await new Promise((resolve) => raw.once('data', resolve));
    raw.destroy();
    assert.deepEqual(await askLocal(path, 'hello'), { ok: true, value: 'world' });
    await server.close();
  });
});

test('a question without an end is cut off', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'a.sock');
    const server = await serveLocal(path, { hello: () => 'world' });
    const raw = connect(path);
    raw.on('error', () => undefined);
    // A question may have a MiB.
    raw.write('x'.repeat(1200 * 1024));
    await new Promise((resolve) => raw.once('close', resolve));
    await server.close();
  });
});

test('nobody listening is told as such', async () => {
  const answer = await askLocal('/nonexistent-exeat/a.sock', 'hello');
  assert.equal(answer.ok ? '' : answer.fault.code, 'not_running');
});

test('a state folder deeper than the kernel allows for a socket works', async () => {
  await withFolder(async (folder) => {
    const deep = join(folder, 'd'.repeat(120));
    mkdirSync(deep);
    const path = join(deep, 'a.sock');
    const server = await serveLocal(path, { hello: () => 'world' });
    assert.deepEqual(await askLocal(path, 'hello'), { ok: true, value: 'world' });
    await server.close();
  });
});
