import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// The quickstart as a newcomer meets it: start, copy the two printed lines into another terminal, stop. Ports are free ones.

const root = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let child: ChildProcess;
let printed = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-quickstart-'));
  const [proxyPort, consolePort, originPort] = await freePorts(3);
  cpSync(join(root, 'examples/quickstart'), folder, {
    recursive: true,
    filter: (path) => !path.includes('.exeat'),
  });
  for (const name of ['exeat.yaml', 'policy/demo.yaml']) {
    const text = readFileSync(join(folder, name), 'utf8');
    const moved = text.replaceAll('3128', `${proxyPort}`).replaceAll('8440', `${consolePort}`);
    writeFileSync(join(folder, name), moved.replaceAll('8443', `${originPort}`));
  }
  child = spawn(process.execPath, ['src/cli/exeat.ts', 'up', '--config', join(folder, 'exeat.yaml')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    printed += part;
  });
  await waitFor(async () => printed.includes('Ctrl-C'), 'the two curl lines', 15_000);
});

after(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(async (server) => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  const all = await Promise.all(ports);
  for (const server of servers) server.close();
  return all;
}

function curlLines(): readonly string[] {
  return printed.split('\n').filter((line) => line.startsWith('curl '));
}

function runLine(line: string): Promise<{ readonly code: number; readonly text: string }> {
  const env = { PATH: process.env['PATH'] };
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], { cwd: '/', env, timeout: 10_000 }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), text: stdout + stderr }),
    );
  });
}

test('the start prints where it listens and exactly two curl lines', () => {
  assert.match(printed, /proxy +http:\/\/127\.0\.0\.1:\d+\n/);
  assert.match(printed, /local origins +127\.0\.0\.1:\d+/);
  assert.equal(curlLines().length, 2);
  for (const line of curlLines()) assert.match(line, /-x http:\/\/demo:[\w-]+@127\.0\.0\.1:\d+ https:\/\/\S+$/);
});

test('the first line is allowed and the second is denied and says why, from any folder', {
  skip: skipUnless('curl'),
}, async () => {
  const [first = '', second = ''] = curlLines();
  const allowed = await runLine(first);
  assert.equal(allowed.code, 0, allowed.text);
  assert.match(allowed.text, /demo origin, reached through Exeat as allowed\.example/);
  const denied = await runLine(second);
  assert.notEqual(denied.code, 0);
  assert.match(denied.text, /HTTP\/1\.1 403 /);
  assert.match(denied.text, /Exeat-Reason: no_rule_matched/i);
  assert.match(denied.text, /Exeat-Decision: [0-9A-Z]{26}/i);
});

test('SIGTERM stops everything within 2 s', async () => {
  const began = performance.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
  assert.ok(performance.now() - began < 2_000);
});
