import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A workload and what lies outside of it, each in a network namespace of its own; the machine's own network has no part in it. */
export interface ProbeNetwork {
  /** Addresses outside that the workload has a route to: those of the canary, and metadata addresses. */
  readonly canary: readonly string[];
  /** Runs `exeat` as the workload; it sees no socket of this machine. */
  probe(words: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** Starts a program outside, once it has written a line that matches; it is ended by `close`. */
  startOutside(words: readonly string[], isUp: RegExp): Promise<{ readonly said: () => string }>;
  /** Runs `ip` or `nft` for the workload's namespace, or for the one outside. */
  set(where: 'workload' | 'outside', words: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const run = promisify(execFile);
const exeat = join(import.meta.dirname, '../../src/cli/exeat.ts');
const canary = ['203.0.113.7', '2001:db8:7::7'];
const metadata = ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254'];

/** Makes both namespaces, joined by one pair, IPv4 and IPv6; the workload's default route leads outside. Needs root and `ip`. */
export async function openProbeNetwork(): Promise<ProbeNetwork> {
  const suffix = randomBytes(3).toString('hex');
  const names = { workload: `exeat-w-${suffix}`, outside: `exeat-o-${suffix}` };
  const folder = mkdtempSync(join(tmpdir(), 'exeat-probe-'));
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 203.0.113.7\noptions timeout:1 attempts:1\n');
  writeFileSync(join(folder, 'hosts'), hostsText());
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(children.map(endChild));
    for (const name of Object.values(names)) await run('ip', ['netns', 'del', name]).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await joinNamespaces(names, suffix);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    canary,
    close,
    set: async (where, [program = '', ...words]) => {
      await run('ip', ['netns', 'exec', names[where], program, ...words]);
    },
    probe: (words) => runProbeWithin(names.workload, folder, words),
    startOutside: async (words, isUp) => {
      const child = spawn('ip', ['netns', 'exec', names.outside, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          said += chunk;
        });
      }
      for (let tries = 0; !isUp.test(said); tries++) {
        if (tries > 200 || child.exitCode !== null) throw new Error(`did not start: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return { said: () => said };
    },
  };
}

/** The words that run `exeat` with this Node. */
export function exeatWords(...words: readonly string[]): readonly string[] {
  return [process.execPath, exeat, ...words];
}

async function joinNamespaces(
  names: { readonly workload: string; readonly outside: string },
  suffix: string,
): Promise<void> {
  const [near, far] = [`xo${suffix}`, `xw${suffix}`];
  const inside = (...words: readonly string[]): Promise<unknown> => run('ip', ['-n', names.workload, ...words]);
  const outside = (...words: readonly string[]): Promise<unknown> => run('ip', ['-n', names.outside, ...words]);
  await run('ip', ['netns', 'add', names.workload]);
  await run('ip', ['netns', 'add', names.outside]);
  await outside('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', names.workload);
  await outside('addr', 'add', '198.51.100.1/29', 'dev', near);
  await outside('addr', 'add', '2001:db8::1/64', 'dev', near, 'nodad');
  for (const address of [...canary, ...metadata]) await outside('addr', 'add', address, 'dev', 'lo');
  for (const link of ['lo', near]) await outside('link', 'set', link, 'up');
  // What is not there is said at once, by as many errors as are asked for.
  const sysctls = ['ipv4/ip_forward=1', 'ipv6/conf/all/forwarding=1', 'ipv4/icmp_ratelimit=0', 'ipv6/icmp/ratelimit=0'];
  for (const [path, value] of sysctls.map((each) => each.split('='))) {
    await run('ip', ['netns', 'exec', names.outside, 'sh', '-c', `echo ${value} > /proc/sys/net/${path}`]);
  }
  await inside('addr', 'add', '198.51.100.2/29', 'dev', far);
  await inside('addr', 'add', '2001:db8::2/64', 'dev', far, 'nodad');
  for (const link of ['lo', far]) await inside('link', 'set', link, 'up');
  await inside('route', 'add', 'default', 'via', '198.51.100.1');
  await inside('-6', 'route', 'add', 'default', 'via', '2001:db8::1');
}

function hostsText(): string {
  const names = ['canary.example', 'bank.example'];
  return ['127.0.0.1 localhost', ...canary.flatMap((address) => names.map((name) => `${address} ${name}`))].join('\n');
}

// `ip netns exec` gives the program mounts of its own: nobody else sees these files, and it sees no socket of this machine.
function runProbeWithin(name: string, folder: string, words: readonly string[]): ReturnType<ProbeNetwork['probe']> {
  const script = [
    `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
    `mount --bind ${folder}/hosts /etc/hosts`,
    'mount -t tmpfs tmpfs /run',
    'exec "$@"',
  ].join(' && ');
  const env = { PATH: process.env['PATH'] ?? '' };
  return new Promise((resolve) => {
    execFile(
      'ip',
      ['netns', 'exec', name, '/bin/sh', '-c', script, 'sh', ...exeatWords('probe', ...words)],
      { timeout: 60_000, maxBuffer: 4 * 2 ** 20, env },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
  });
}
