import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runExeat, waitFor } from '../support/product.ts';
import { copyQuickstart, curlLines, freePorts, repositoryFolder, runLine } from '../support/quickstart-copy.ts';
import { skipUnless } from '../support/requires.ts';

const copies: string[] = [];

/** The command that `npm start` runs, on a copy of the quickstart with free ports. */
interface Started {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly ports: readonly number[];
  stdout(): string;
  stderr(): string;
  /** Ends it and says how long that took. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

after(() => {
  for (const folder of copies) rmSync(folder, { recursive: true, force: true });
});

describe('npm start', () => {
  let started: Started;
  let elsewhere: string;
  before(async () => {
    elsewhere = mkdtempSync(join(tmpdir(), 'exeat-elsewhere-'));
    copies.push(elsewhere);
    started = await start();
  });
  after(async () => {
    if (started.child.exitCode === null) await started.end('SIGTERM');
  });

  test('runs `exeat up` on the quickstart by `exec`, so that signals arrive', () => {
    const { scripts } = JSON.parse(readFileSync(join(repositoryFolder, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    assert.equal(scripts['start'], 'exec node src/cli/exeat.ts up --config examples/quickstart/exeat.yaml');
    assert.equal(scripts['prestart'], 'node tools/setup.mjs');
  });

  test('prints two curl lines, each whole on its line; from any folder the first is allowed', {
    skip: skipUnless('curl'),
  }, async () => {
    const [allowed, ...more] = curlLines(started.stdout());
    assert.ok(allowed !== undefined && more.length === 1, started.stdout());
    assert.match(allowed, /-x http:\/\/demo:[\w-]+@127\.0\.0\.1:\d+ https:\/\/allowed\.example:\d+\/$/);
    const { code, stdout, stderr } = await runLine(allowed, elsewhere);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /demo origin, reached through Exeat as allowed\.example/);
    const withHead = await runLine(allowed.replace('curl ', 'curl -i '), elsewhere);
    assert.match(withHead.stdout, /HTTP\/1\.1 200 OK/);
  });

  test('and the second is denied and says why', { skip: skipUnless('curl') }, async () => {
    const [, denied] = curlLines(started.stdout());
    assert.match(denied ?? '', /^curl -i /);
    const { stdout } = await runLine(denied ?? '', elsewhere);
    assert.match(stdout, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.match(stdout, /\r\nExeat-Reason: no_rule_matched\r\n/i);
    assert.match(stdout, /\r\nExeat-Decision: [0-9A-Z]{26}\r\n/i);
    const id = /Exeat-Decision: (\w+)/i.exec(stdout)?.[1] ?? '';
    const explained = await runExeat(['explain', id, '--config', join(started.folder, 'exeat.yaml')]);
    assert.equal(explained.code, 0, explained.stderr);
    assert.match(explained.stdout, /denied\.example/);
  });

  test('a second start on the same state is one line and exit code 1', async () => {
    const second = await runExeat(['up', '--config', join(started.folder, 'exeat.yaml')]);
    assert.equal(second.code, 1);
    assert.equal(second.stdout, '');
    assert.match(second.stderr, /^exeat: `[^`]+` is held by a running `exeat up`, [^\n]+\n$/);
  });

  test('a port in use is one line that names the address and the mend, exit code 1', async () => {
    const copy = copyQuickstart(started.ports);
    copies.push(copy);
    const second = await runExeat(['up', '--config', join(copy, 'exeat.yaml')]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^exeat: [^\n]*`127\.0\.0\.1:\d+`[^\n]*EADDRINUSE[^\n]*\n$/);
  });

  test('SIGTERM stops everything within 2 s: no child and no listener is left', async () => {
    const pids = childrenOf(started.child.pid ?? 0);
    assert.ok(pids.length >= 2, `${pids}`);
    const { code, tookMs } = await started.end('SIGTERM');
    assert.equal(code, 0, started.stderr());
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
    await assertGone(pids);
    for (const port of started.ports) await assertFree(port);
  });

  test('Ctrl-C (SIGINT) does so too, and the next start makes another credential', async () => {
    const again = await start(started.folder);
    assert.notDeepEqual(curlLines(again.stdout()), curlLines(started.stdout()));
    const pids = childrenOf(again.child.pid ?? 0);
    const { code, tookMs } = await again.end('SIGINT');
    assert.equal(code, 0, again.stderr());
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
    await assertGone(pids);
  });

  test('a supervisor that is killed takes its children along', async () => {
    const again = await start(started.folder);
    const pids = childrenOf(again.child.pid ?? 0);
    assert.ok(pids.length >= 2);
    await again.end('SIGKILL');
    await assertGone(pids);
  });
});

async function start(known?: string): Promise<Started> {
  const folder = known ?? copyQuickstart(await freePorts(3));
  if (known === undefined) copies.push(folder);
  const text = readFileSync(join(folder, 'exeat.yaml'), 'utf8');
  const child = spawn(process.execPath, ['src/cli/exeat.ts', 'up', '--config', join(folder, 'exeat.yaml')], {
    cwd: repositoryFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  const exited = once(child, 'exit');
  await waitFor(
    async () => {
      assert.equal(child.exitCode, null, stderr);
      return stdout.includes('Ctrl-C');
    },
    `the last line of the start (${stderr})`,
    20_000,
  );
  return {
    child,
    folder,
    ports: [...new Set([...text.matchAll(/127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1])))],
    stdout: () => stdout,
    stderr: () => stderr,
    end: async (signal) => {
      const began = performance.now();
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      return { code, tookMs: performance.now() - began };
    },
  };
}

/** The processes that a process started, by the kernel's own list (proc(5)). */
function childrenOf(pid: number): readonly number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

async function assertGone(pids: readonly number[]): Promise<void> {
  const isGone = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      // No such process: what is hoped for.
      return true;
    }
  };
  await waitFor(async () => pids.every(isGone), `the end of ${pids}`, 2_500);
}

async function assertFree(port: number): Promise<void> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
}
