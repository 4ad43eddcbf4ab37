import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { end, freePort } from './load.ts';
import { type ProxyUnderTest, waitForPort } from './peers.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, '../src/cli/exeat.ts');
const host = 'origin.example';

/** Starts the product as a user would: a policy with a `tls` rule, a credential, `exeat up`. Cost is the point process's. */
export async function startExeat(originPort: number): Promise<ProxyUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-bench-'));
  const port = await freePort();
  const consolePort = await freePort();
  const configuration = await writeFiles(folder, { port, consolePort, originPort });
  const added = await run('node', [program, 'credential', 'add', 'bench', '--config', configuration, '-o', 'json']);
  const { secret } = JSON.parse(added.stdout);
  const child = spawn('node', [program, 'up', '--config', configuration], { stdio: ['ignore', 'ignore', 'inherit'] });
  await waitForPort(port, child);
  return {
    name: 'exeat',
    host,
    port,
    proof: `Basic ${Buffer.from(`bench:${secret}`).toString('base64')}`,
    pid: pointOf(child.pid ?? 0),
    stop: async () => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Ports {
  readonly port: number;
  readonly consolePort: number;
  readonly originPort: number;
}

async function writeFiles(folder: string, { port, consolePort, originPort }: Ports): Promise<string> {
  await mkdir(join(folder, 'policy'));
  await writeFile(join(folder, 'policy', 'bench.yaml'), policy(originPort));
  const configuration = join(folder, 'exeat.yaml');
  await writeFile(
    configuration,
    [
      'policy: ./policy',
      'state: ./state',
      `listen: { proxy: "127.0.0.1:${port}", console: "127.0.0.1:${consolePort}" }`,
      'credentials: ./credentials.json',
      `hosts: { ${host}: 127.0.0.1 }`,
      `localOrigins: [ "127.0.0.1:${originPort}" ]`,
      'limits: { perPrincipal: 8000 }',
      '',
    ].join('\n'),
  );
  return configuration;
}

function policy(originPort: number): string {
  return [
    'apiVersion: exeat/v1',
    'service: bench',
    'owner: team-bench',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:bench" ]',
    'allow:',
    `  - to: ${host}:${originPort}`,
    '    reason: the origin that the load is measured on',
    '',
  ].join('\n');
}

/** The point among the supervisor's children: its command line names the point's entry file. */
function pointOf(supervisor: number): number {
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ');
  const point = children.find((pid) => /point[^/]*\.[jt]s/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')));
  if (point === undefined) throw new Error('`exeat up` has no child that is the point');
  return Number(point);
}
