import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A network namespace of a test, joined to the machine by one pair of interfaces. */
export interface NetNamespace {
  /** The machine's end, and the addresses inside. Documentation addresses (RFC 5737). */
  readonly outside: string;
  readonly inside: readonly string[];
  /** Runs a program inside, with a `resolv.conf` of its own where one is given; gives what it printed, whatever its exit code. */
  run(
    words: readonly string[],
    resolvConf?: string,
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  close(): Promise<void>;
}

const run = promisify(execFile);
const outside = '198.51.100.1';
const inside = ['198.51.100.2', '198.51.100.3'];

/** Makes a namespace whose only way out is this machine's end of the pair. Needs root and `ip`. */
export async function openNetNamespace(): Promise<NetNamespace> {
  const name = `exeat-${process.pid}`;
  const [near, far] = [`xn${process.pid}`, `xf${process.pid}`];
  const ip = (...words: readonly string[]): Promise<unknown> => run('ip', [...words]);
  const within = (...words: readonly string[]): Promise<unknown> => ip('-n', name, ...words);
  await ip('netns', 'add', name);
  const close = async (): Promise<void> => {
    // The pair goes with its end inside.
    await ip('netns', 'del', name);
  };
  try {
    await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
    await ip('addr', 'add', `${outside}/29`, 'dev', near);
    await ip('link', 'set', near, 'up');
    for (const address of inside) await within('addr', 'add', `${address}/29`, 'dev', far);
    await within('link', 'set', 'lo', 'up');
    await within('link', 'set', far, 'up');
  } catch (error) {
    await close();
    throw error;
  }
  return { outside, inside, run: (words, resolvConf) => runWithin(name, words, resolvConf ?? null), close };
}

async function runWithin(
  name: string,
  words: readonly string[],
  resolvConf: string | null,
): ReturnType<NetNamespace['run']> {
  // `ip netns exec` gives the program mounts of its own, so that nobody else sees this file.
  const script = resolvConf === null ? 'exec "$@"' : `mount --bind ${resolvConf} /etc/resolv.conf && exec "$@"`;
  return new Promise((resolve) => {
    execFile(
      'ip',
      ['netns', 'exec', name, '/bin/sh', '-c', script, 'sh', ...words],
      { timeout: 30_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}
