import { type ChildProcess, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { end, freePort } from './load.ts';

/** A DNS server under test: its UDP port on loopback, whose CPU and memory count, and how it ends. */
export interface DnsServerUnderTest {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** What a server is started for: the authority it forwards to, and a name with its address that proves that it does. */
export interface DnsServerOrder {
  readonly authorityPort: number;
  readonly probe: { readonly name: string; readonly address: string };
}

/** Names of the servers, as `servers` of the bench has them; `exeat` is started elsewhere. */
export type DnsServerName = 'echo' | 'exeat' | 'unbound' | 'dnsmasq' | 'bind';

interface PeerRow {
  readonly name: DnsServerName;
  /** The Debian package. */
  readonly package: string;
  readonly program: string;
  readonly words: (configuration: string) => readonly string[];
  readonly configuration: (port: number, authorityPort: number, folder: string) => readonly string[];
}

/** The peers, as Debian packages them: one thread, a cache for all names, no log, no validation, in the foreground. */
const peers: readonly PeerRow[] = [
  {
    name: 'unbound',
    package: 'unbound',
    program: '/usr/sbin/unbound',
    words: (configuration) => ['-d', '-p', '-c', configuration],
    configuration: (port, authorityPort, folder) => [
      'server:',
      `  interface: 127.0.0.1@${port}`,
      '  access-control: 127.0.0.0/8 allow',
      '  num-threads: 1',
      '  module-config: "iterator"',
      '  do-not-query-localhost: no',
      '  do-ip6: no',
      '  username: ""',
      '  chroot: ""',
      `  directory: "${folder}"`,
      '  use-syslog: no',
      '  logfile: "/dev/null"',
      '  msg-cache-size: 32m',
      '  rrset-cache-size: 64m',
      'remote-control:',
      '  control-enable: no',
      'forward-zone:',
      '  name: "."',
      `  forward-addr: 127.0.0.1@${authorityPort}`,
    ],
  },
  {
    name: 'dnsmasq',
    package: 'dnsmasq-base',
    program: '/usr/sbin/dnsmasq',
    words: (configuration) => ['--keep-in-foreground', `--conf-file=${configuration}`],
    configuration: (port, authorityPort) => [
      `port=${port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      `server=127.0.0.1#${authorityPort}`,
      'cache-size=10000',
      'dns-forward-max=1000',
      `user=${userInfo().username}`,
      'pid-file=',
      'log-facility=/dev/null',
    ],
  },
  {
    name: 'bind',
    package: 'bind9',
    program: '/usr/sbin/named',
    words: (configuration) => ['-f', '-4', '-n', '1', '-c', configuration],
    configuration: (port, authorityPort, folder) => [
      'options {',
      `  directory "${folder}";`,
      `  listen-on port ${port} { 127.0.0.1; };`,
      '  listen-on-v6 { none; };',
      `  forwarders { 127.0.0.1 port ${authorityPort}; };`,
      '  forward only;',
      '  recursion yes;',
      '  allow-query { 127.0.0.0/8; };',
      '  dnssec-validation no;',
      '  minimal-responses yes;',
      '  querylog no;',
      '  pid-file none;',
      '  session-keyfile none;',
      '};',
      'controls { };',
      'logging { category default { null; }; };',
    ],
  },
];

const startMs = 15_000;

/** Starts one server; null, with a word in `note`, for a peer that is not installed. */
export async function startDnsPeer(
  name: Exclude<DnsServerName, 'exeat'>,
  order: DnsServerOrder,
  note: (text: string) => void,
): Promise<DnsServerUnderTest | null> {
  if (name === 'echo') return startEcho();
  const row = peers.find((peer) => peer.name === name);
  if (row !== undefined && existsSync(row.program)) return startPeer(row, order);
  note(`${name} is not installed (Debian package ${row?.package}); it is left out`);
  return null;
}

async function startEcho(): Promise<DnsServerUnderTest> {
  const worker = join(import.meta.dirname, 'dns-echo-worker.ts');
  const child = spawn(process.execPath, [worker], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(startMs) })) as [
    string,
  ];
  return { name: 'echo', port: Number(line), pid: child.pid ?? 0, stop: () => end(child) };
}

async function startPeer(row: PeerRow, { authorityPort, probe }: DnsServerOrder): Promise<DnsServerUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), `exeat-${row.name}-`));
  const port = await freePort();
  const configuration = join(folder, `${row.name}.conf`);
  await writeFile(configuration, `${row.configuration(port, authorityPort, folder).join('\n')}\n`);
  const child = spawn(row.program, row.words(configuration), { stdio: 'ignore', cwd: folder });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitForAnswer(port, probe, child);
  } catch (error) {
    await stop();
    throw new Error(`${row.name}: ${String(error)}`);
  }
  return { name: row.name, port, pid: child.pid ?? 0, stop };
}

/** Asks until the right address comes back, at most 15 s; a child that ended is not waited for. */
export async function waitForAnswer(
  port: number,
  probe: DnsServerOrder['probe'],
  child: ChildProcess | null,
): Promise<void> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const deadline = performance.now() + startMs;
  while (performance.now() < deadline) {
    if (child !== null && child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const found = await resolver.resolve4(probe.name).catch((): string[] => []);
    if (found.includes(probe.address)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`\`${probe.name}\` did not resolve on port ${port} within 15 s`);
}
