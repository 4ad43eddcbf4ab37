import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, freePort, type LoadTarget } from './load.ts';

/** A proxy under test: where it listens, the proof it wants, whose CPU and memory count, and how it ends. */
export interface ProxyUnderTest extends LoadTarget {
  readonly name: string;
  readonly pid: number;
  stop(): Promise<void>;
}

interface PeerRow {
  readonly name: string;
  /** The name asked for: one that this peer can resolve to loopback without touching the machine's own files. */
  readonly host: string;
  readonly program: string;
  /** It passes TCP on, without CONNECT. Default: false. */
  readonly isBlind?: boolean;
  readonly words: (configuration: string) => readonly string[];
  readonly configuration: (port: number, originPort: number, folder: string) => string;
}

/** The peers, as Debian packages them: no cache, no log, CONNECT to the origin's port only, in the foreground. */
const peers: readonly PeerRow[] = [
  {
    name: 'squid',
    host: 'origin.example',
    program: '/usr/sbin/squid',
    words: (configuration) => ['-N', '-f', configuration],
    configuration: (port, originPort, folder) =>
      [
        `http_port 127.0.0.1:${port}`,
        `acl origin port ${originPort}`,
        'acl name dstdomain origin.example',
        'http_access allow CONNECT origin name',
        'http_access deny all',
        'cache deny all',
        'cache_mem 0 MB',
        'access_log none',
        'cache_log /dev/null',
        'cache_store_log none',
        `pid_filename ${folder}/squid.pid`,
        `hosts_file ${folder}/hosts`,
        'shutdown_lifetime 1 seconds',
        'max_filedescriptors 20000',
        '',
      ].join('\n'),
  },
  {
    name: 'tinyproxy',
    host: 'localhost',
    program: '/usr/bin/tinyproxy',
    words: (configuration) => ['-d', '-c', configuration],
    configuration: (port, originPort, folder) =>
      [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Timeout 600',
        `LogFile "${folder}/tinyproxy.log"`,
        'LogLevel Critical',
        'MaxClients 10000',
        'Allow 127.0.0.1',
        'DisableViaHeader Yes',
        `ConnectPort ${originPort}`,
        '',
      ].join('\n'),
  },
  {
    // The floor: TCP to one place, nothing read and nothing decided.
    name: 'haproxy',
    host: 'localhost',
    program: '/usr/sbin/haproxy',
    isBlind: true,
    words: (configuration) => ['-db', '-f', configuration],
    configuration: (port, originPort) =>
      [
        'global',
        '  nbthread 1',
        '  maxconn 8500',
        '  maxpipes 100',
        'defaults',
        '  mode tcp',
        '  timeout client 600s',
        '  timeout server 600s',
        '  timeout connect 5s',
        '  option splice-auto',
        'listen floor',
        `  bind 127.0.0.1:${port}`,
        `  server origin 127.0.0.1:${originPort}`,
        '',
      ].join('\n'),
  },
];

/** A build of Smokescreen, where one is named: it is in no distribution. */
function smokescreen(): readonly PeerRow[] {
  const program = process.env['SMOKESCREEN_BIN'];
  if (program === undefined) return [];
  const words = (configuration: string): readonly string[] => ['--config-file', configuration];
  const configuration = (port: number): string => `ip: 127.0.0.1\nport: ${port}\nallow_ranges: [ 127.0.0.0/8 ]\n`;
  return [{ name: 'smokescreen', host: 'localhost', program, words, configuration }];
}

/** Starts every peer that is installed; `note` names those that are not. */
export async function startPeers(originPort: number, note: (text: string) => void): Promise<readonly ProxyUnderTest[]> {
  const started: ProxyUnderTest[] = [];
  for (const row of [...peers, ...smokescreen()]) {
    if (existsSync(row.program)) started.push(await startPeer(row, originPort));
    else note(`${row.name} is not installed (Debian package ${row.name}); it is left out`);
  }
  return started;
}

async function startPeer(row: PeerRow, originPort: number): Promise<ProxyUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), `exeat-${row.name}-`));
  await chmod(folder, 0o777);
  const port = await freePort();
  await writeFile(join(folder, 'hosts'), '127.0.0.1 origin.example localhost\n');
  const configuration = join(folder, `${row.name}.conf`);
  await writeFile(configuration, row.configuration(port, originPort, folder));
  const child = spawn(row.program, row.words(configuration), { stdio: 'ignore' });
  await waitForPort(port, child);
  return {
    name: row.name,
    host: row.host,
    port,
    proof: null,
    pid: child.pid ?? 0,
    isBlind: row.isBlind === true,
    stop: async () => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until something accepts on a loopback port, at most 15 s. */
export async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the proxy ended with ${child.exitCode} before it listened`);
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listened on port ${port} within 15 s`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
