import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { UpReport } from '../../src/app/index.ts';
import type { DecisionRecord } from '../../src/policy/index.ts';
import { readSpool } from '../../src/spool/index.ts';
import { addCredential } from '../../src/trust/index.ts';
import { createAuthority } from './pki.ts';

/** What to start. */
export interface ProductOptions {
  /** Policy files by path: `{ 'a.yaml': 'apiVersion: …' }`. Default: none, so everything is denied. */
  readonly policy?: Readonly<Record<string, string>>;
  /** Keys of `exeat.yaml` beside state, policy, credentials and listen. Default: none. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Names of credentials to make. Default: none. */
  readonly credentials?: readonly string[];
  /** Further files of its folder by name, mode 0600, for `config` to name as `./NAME`. Default: none. */
  readonly files?: Readonly<Record<string, string>>;
  /** Gives the proxy a certificate for these names and addresses, by an authority of its own. Default: no TLS to the proxy. */
  readonly proxyTls?: { readonly names: readonly string[]; readonly addresses: readonly string[] };
  /** Variables beside the ones of this process. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Most descriptors that each of its processes may hold (ulimit -n). Default: those of this process. */
  readonly maxDescriptors?: number;
  /** Is given the folder before the start, so that it can lay something ready there. Default: nothing is. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** The network namespace that it runs in; commands of `run` are run there too. Default: that of this process. */
  readonly namespace?: string;
  /** Words before its own command, of a program that becomes it: to hand it sockets, to take rights away. Default: none. */
  readonly before?: readonly string[];
  /** The words of its command. Default: `up`. */
  readonly command?: readonly string[];
  /** How long the start may take, in milliseconds. Default: 60,000. */
  readonly startTimeoutMs?: number;
}

/** What a command printed and how it ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real product, running as its own processes in a folder of its own. */
export interface RunningProduct {
  readonly folder: string;
  readonly configPath: string;
  readonly policyFolder: string;
  readonly state: string;
  readonly report: UpReport;
  /** The proxy's address: `127.0.0.1:41234`. */
  readonly proxy: string;
  readonly console: string;
  readonly proxyPort: number;
  /** The secret of a credential made at the start. */
  secretOf(name: string): string;
  /** PEM file of the authority that signed the certificate of `proxyTls`. */
  proxyCaFile(): string;
  /** `http://NAME:SECRET@127.0.0.1:41234`. */
  proxyUrl(credential: string): string;
  stderr(): string;
  /** Runs a command of the product on the same configuration. */
  run(...args: readonly string[]): Promise<CommandEnd>;
  /** Writes a policy file; `null` removes it. Waits until the point runs another version than before, or `waitMs` have passed. */
  changePolicy(path: string, text: string | null, waitMs?: number): Promise<void>;
  /** Every record in the spool, once the last of them has been written. */
  records(): Promise<readonly DecisionRecord[]>;
  /** Waits until a record of the spool satisfies the test; fails after 5 s. */
  waitForRecord(isWanted: (record: DecisionRecord) => boolean): Promise<DecisionRecord>;
  signal(name: NodeJS.Signals): void;
  /** Settles with the exit code when the supervisor has ended. */
  readonly ended: Promise<number | null>;
  /** Starts it again on the same folder, once it has ended; the proxy and the console may be on other ports. */
  again(): Promise<RunningProduct>;
  /** Ends the product and removes its folder. */
  stop(): Promise<void>;
}

const proxyCaName = 'proxy-ca.pem';
const cliPath = fileURLToPath(new URL('../../src/cli/exeat.ts', import.meta.url));
// Ample: a start is slow where many tests run at once.
const defaultStartTimeoutMs = 60_000;

/** Starts `exeat up` on a fresh folder and free ports. Rejects with what it printed when it does not come up. */
export async function startProduct(options: ProductOptions = {}): Promise<RunningProduct> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-story-'));
  chmodSync(folder, 0o755);
  try {
    return await startIn(folder, options);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Runs `exeat` with arguments and waits for its end. */
export async function runExeat(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly namespace?: string | undefined;
  } = {},
): Promise<CommandEnd> {
  const [program = '', ...words] = [...within(options.namespace), process.execPath, cliPath, ...args];
  const child = spawn(program, words, {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

function within(namespace: string | undefined): readonly string[] {
  return namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
}

/** Writes policy, credentials and configuration into a folder; gives the path of `exeat.yaml` and the secrets. */
export async function writeProductFolder(
  folder: string,
  options: ProductOptions,
): Promise<{ readonly configPath: string; readonly secrets: ReadonlyMap<string, string> }> {
  mkdirSync(join(folder, 'policy'), { recursive: true });
  for (const [path, text] of Object.entries(options.policy ?? {})) writePolicy(folder, path, text);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  const secrets = new Map<string, string>();
  for (const name of options.credentials ?? []) {
    const added = await addCredential({ path: join(folder, 'credentials.json'), name, nowMs: Date.now() });
    if (!added.ok) throw new Error(added.fault.message);
    secrets.set(name, added.value.secret);
  }
  const config = {
    policy: './policy',
    state: './.exeat',
    credentials: './credentials.json',
    listen: { proxy: '127.0.0.1:0', console: '127.0.0.1:0' },
    ...(options.proxyTls === undefined ? {} : { tls: await writeProxyTls(folder, options.proxyTls) }),
    ...options.config,
  };
  const configPath = join(folder, 'exeat.yaml');
  writeFileSync(configPath, stringify(config));
  return { configPath, secrets };
}

async function writeProxyTls(
  folder: string,
  subject: NonNullable<ProductOptions['proxyTls']>,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const authority = await createAuthority('Story proxy authority');
  const issued = await authority.issueServer(subject);
  writeFileSync(join(folder, proxyCaName), authority.certificatePem);
  writeFileSync(join(folder, 'proxy.crt'), issued.chainPem);
  writeFileSync(join(folder, 'proxy.key'), issued.keyPem, { mode: 0o600 });
  return { certificate: './proxy.crt', key: './proxy.key' };
}

async function startIn(folder: string, options: ProductOptions): Promise<RunningProduct> {
  const written = await writeProductFolder(folder, options);
  await options.prepare?.(folder);
  return await runIn(folder, options, written);
}

async function runIn(
  folder: string,
  options: ProductOptions,
  written: Awaited<ReturnType<typeof writeProductFolder>>,
): Promise<RunningProduct> {
  const { configPath, secrets } = written;
  const start = [process.execPath, cliPath, ...(options.command ?? ['up']), '--config', configPath, '-o', 'json'];
  const command = [...within(options.namespace), ...(options.before ?? []), ...start];
  const child = spawn('/bin/sh', ['-c', `${limitOf(options)}exec "$@"`, 'sh', ...command], {
    cwd: folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const line = await firstLine(child, stdout, options.startTimeoutMs ?? defaultStartTimeoutMs);
  if (line === null) {
    child.kill('SIGKILL');
    throw new Error(`exeat did not come up:\n${stdout()}${stderr()}`);
  }
  const report = JSON.parse(line) as UpReport;
  const spool = join(folder, '.exeat', 'spool');
  const secretOf = (name: string): string => {
    const text = secrets.get(name);
    if (text === undefined) throw new TypeError(`"credentials" holds no \`${name}\``);
    return text;
  };
  const records = (): Promise<readonly DecisionRecord[]> => readAll(spool);
  return {
    folder,
    configPath,
    policyFolder: join(folder, 'policy'),
    state: join(folder, '.exeat'),
    report,
    proxy: report.proxy,
    console: report.console ?? '',
    proxyPort: Number(report.proxy.slice(report.proxy.lastIndexOf(':') + 1)),
    secretOf,
    proxyCaFile: () => join(folder, proxyCaName),
    proxyUrl: (name) => `http://${name}:${secretOf(name)}@${report.proxy}`,
    stderr,
    run: (...args) => runExeat([...args, '--config', configPath], { namespace: options.namespace }),
    changePolicy: (path, text, waitMs = 5_000) =>
      changePolicy({
        folder,
        path,
        text,
        waitMs,
        version: () => readyVersion(report.console ?? '', options.namespace),
      }),
    records,
    waitForRecord: (isWanted) => waitFor(async () => (await records()).find(isWanted), 'the record'),
    signal: (name) => void child.kill(name),
    ended,
    again: () => runIn(folder, options, written),
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// Node raises the soft limit to the hard one at its start, so both are set (getrlimit(2)).
function limitOf({ maxDescriptors }: ProductOptions): string {
  return maxDescriptors === undefined ? '' : `ulimit -n ${maxDescriptors}; `;
}

/** Asks until there is an answer; fails with the name of what was waited for. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined | null | false>,
  what: string,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The policy version that `/readyz` names, whether ready or not; null for none. */
export async function readyVersion(console: string, namespace?: string): Promise<string | null> {
  const text = await readinessText(console, namespace);
  return /^policy (sha256:\S+)/m.exec(text)?.[1] ?? null;
}

async function readinessText(console: string, namespace: string | undefined): Promise<string> {
  const url = `http://${console}/readyz`;
  if (namespace === undefined) return await (await fetch(url)).text();
  const [program = '', ...words] = [...within(namespace), 'curl', '-sS', url];
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = collect(child.stdout);
  await once(child, 'close');
  return said();
}

interface PolicyChange {
  readonly folder: string;
  readonly version: () => Promise<string | null>;
  readonly path: string;
  readonly text: string | null;
  readonly waitMs: number;
}

async function changePolicy(change: PolicyChange): Promise<void> {
  const before = await change.version();
  if (change.text === null) rmSync(join(change.folder, 'policy', change.path));
  else writePolicy(change.folder, change.path, change.text);
  if (change.waitMs === 0) return;
  const isChanged = async (): Promise<boolean> => (await change.version()) !== before;
  await waitFor(isChanged, 'the new policy', change.waitMs);
}

function writePolicy(folder: string, path: string, text: string): void {
  const file = join(folder, 'policy', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

async function readAll(spool: string): Promise<readonly DecisionRecord[]> {
  const all: DecisionRecord[] = [];
  for await (const { record } of readSpool(spool, null)) all.push(record);
  return all;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    text += part;
  });
  return () => text;
}

async function firstLine(child: ChildProcess, stdout: () => string, timeoutMs: number): Promise<string | null> {
  const line = async (): Promise<string | undefined> => {
    if (child.exitCode !== null || child.signalCode !== null) return '';
    const end = stdout().indexOf('\n');
    return end < 0 ? undefined : stdout().slice(0, end);
  };
  const found = await waitFor(line, 'the first line', timeoutMs).catch(() => null);
  return found === '' ? null : found;
}
