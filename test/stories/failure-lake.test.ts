import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { SourceEntry } from '../../src/flowmap/index.ts';
import { createFlowFolder, type FlowFolder, squidLine, zeekLog } from '../support/flow-folder.ts';
import { waitFor } from '../support/product.ts';
import { repositoryFolder, runLine } from '../support/quickstart-copy.ts';

// What the flow lake does when its disk, its lock, its files or its process fail.

const log = Array.from({ length: 14 }, (_, day) => squidLine(day, '10.20.0.7', 'bank-gateway.example.com:443')).join(
  '',
);
const cli = join(repositoryFolder, 'src/cli/exeat.ts');

let flows: FlowFolder;
beforeEach(async () => {
  flows = await createFlowFolder();
});
afterEach(() => flows.remove());

async function ingest(path: string): Promise<void> {
  const end = await flows.run('flows', 'ingest', path);
  assert.equal(end.code, 0, end.stderr);
}

async function readSources(): Promise<readonly SourceEntry[]> {
  const end = await flows.run('flows', 'sources', '-o', 'json');
  assert.equal(end.code, 0, end.stderr);
  return JSON.parse(end.stdout) as readonly SourceEntry[];
}

/** Connections of the map, in all. */
async function countConnections(): Promise<number> {
  const end = await flows.run('flows', 'map', '-o', 'json');
  assert.equal(end.code, 0, end.stderr);
  const { edges } = JSON.parse(end.stdout) as { edges: readonly { edge: { connections: number } }[] };
  return edges.reduce((sum, { edge }) => sum + edge.connections, 0);
}

function parquetFiles(): readonly string[] {
  return readdirSync(flows.lake, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
}

describe('the flow lake', () => {
  test('cannot be written past the room there is: nothing of the source is kept, what was there stays', async () => {
    await ingest(flows.write('first.log', log));
    const kept = parquetFiles();
    const second = flows.write('second.log', log.replaceAll('10.20.0.7', '10.20.0.8'));
    // A limit of one block (getrlimit(2), RLIMIT_FSIZE) fails a write as a full disk does, without one.
    const node = `'${process.execPath}' '${cli}' --config '${flows.configPath}'`;
    const end = await runLine(`ulimit -f 1; ${node} flows ingest '${second}'`, flows.folder);
    assert.equal(end.code, 1, end.stdout);
    assert.match(end.stderr, /^exeat: .*File too large/m);
    assert.deepEqual(parquetFiles(), kept);
    assert.equal(await countConnections(), 14);
    await ingest(second);
    assert.equal(await countConnections(), 28);
  });

  test('without the room to name flows tells where it is needed, stays as it is, and is read once there is some', async () => {
    const columns = [
      'ts',
      'uid',
      'id.orig_h',
      'id.orig_p',
      'id.resp_h',
      'id.resp_p',
      'proto',
      'orig_bytes',
      'resp_bytes',
    ];
    const row = [Date.UTC(2026, 10, 2, 9) / 1000, 'C1', '10.20.0.7', 40_000, '203.0.113.10', 443, 'tcp', 1000, 2000];
    await ingest(flows.write('conn.log', zeekLog('conn', columns, [row])));
    const kept = parquetFiles();
    const node = `'${process.execPath}' '${cli}' --config '${flows.configPath}'`;
    const end = await runLine(`ulimit -f 1; ${node} flows map -o json`, flows.folder);
    assert.equal(end.code, 1, end.stdout);
    assert.match(
      end.stderr,
      /^exeat: there is no room below `.+\/lake\/tmp` .*File too large.*: make some, or narrow/m,
    );
    assert.deepEqual(parquetFiles(), kept);
    assert.deepEqual(readdirSync(join(flows.lake, 'tmp')), []);
    assert.equal(await countConnections(), 1);
  });

  test('whose lock is held is not written: one line, exit code 1; reading goes on', async () => {
    await ingest(flows.write('first.log', log));
    const lock = new DatabaseSync(join(flows.folder, '.exeat', 'lake.lock.db'));
    lock.exec('BEGIN EXCLUSIVE');
    const end = await flows.run(
      'flows',
      'ingest',
      flows.write('second.log', squidLine(1, '10.20.0.9', 'www.example.com:443')),
    );
    assert.equal(end.code, 1);
    assert.match(
      end.stderr,
      /^exeat: the flow lake of `.+` is being written by another `exeat flows`, wait for it to end\n$/,
    );
    assert.equal(await countConnections(), 14);
    lock.close();
    await ingest(join(flows.folder, 'second.log'));
    assert.equal(await countConnections(), 15);
  });

  test('with a damaged Parquet file names it and its source; forgotten and ingested again it is whole', async () => {
    const path = flows.write('first.log', log);
    await ingest(path);
    const [source] = await readSources();
    const damaged = parquetFiles().find((name) => name.includes('day=2026-11-03')) ?? '';
    truncateSync(join(flows.lake, damaged), 100);
    const end = await flows.run('flows', 'map');
    assert.equal(end.code, 1);
    assert.ok(end.stderr.includes(damaged) && end.stderr.includes(source?.id ?? '?'), end.stderr);
    assert.equal((await flows.run('flows', 'forget', source?.id ?? '')).code, 0);
    await ingest(path);
    assert.equal(await countConnections(), 14);
  });

  test('whose ingest is killed keeps nothing of it, and the next ingest clears what it left', async () => {
    await ingest(flows.write('first.log', log));
    const child = spawn(process.execPath, [cli, '--config', flows.configPath, 'flows', 'ingest', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.on('error', () => undefined);
    const incoming = join(flows.lake, 'incoming');
    child.stdin.write(log.replaceAll('10.20.0.7', '10.20.0.8'));
    await waitFor(async () => existsSync(incoming) && readdirSync(incoming).length > 0, 'the ingest', 20_000);
    await kill(child);
    assert.equal((await readSources()).length, 1);
    assert.equal(await countConnections(), 14);
    await waitFor(async () => (await flows.run('flows', 'forget', 'none')).stderr.includes('none'), 'the lock', 20_000);
    await ingest(flows.write('second.log', log.replaceAll('10.20.0.7', '10.20.0.9')));
    assert.deepEqual(readdirSync(incoming), []);
    assert.equal(await countConnections(), 28);
  });
});

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
