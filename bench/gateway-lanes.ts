import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

// workload -> one of four gateways side by side -> origin. Each has wires and addresses of its own, so that all stand at the same time
// and are measured in turns: nothing is loaded or unloaded between two rounds.

/**
 * A way from the workload to the origin. `plain`: no ruleset at all. `tracked`: conntrack and its two rules. `hooks`: the chains that the product
 * hangs on the hooks of the kernel, with the two rules that no gateway does without: a redirection of DNS and one that asks conntrack. `exeat`: the product.
 */
export type LaneName = 'plain' | 'tracked' | 'hooks' | 'exeat';

/** Addresses of a lane. */
export interface Lane {
  readonly name: LaneName;
  readonly namespace: string;
  /** Of the workload on this lane; the service is found by it. */
  readonly workload: { readonly 4: string; readonly 6: string };
  readonly workloadMac: string;
  /** Of the gateway towards the workload. */
  readonly gateway: { readonly 4: string; readonly 6: string };
  /** Of the origin behind the default route, of this lane alone. */
  readonly origin: { readonly 4: string; readonly 6: string };
}

/** The namespaces. */
export interface Lanes {
  readonly lanes: readonly Lane[];
  /** Runs a program in a namespace to its end; gives what it printed. Rejects where it fails or takes more than `timeoutMs`. */
  exec(where: Place, words: readonly string[], more?: ExecOptions): Promise<string>;
  /** Starts a program that is ended by `close`; gives once it has printed a line, where `isReady` is to be waited for. */
  start(
    where: Place,
    words: readonly string[],
    more?: ExecOptions & { readonly isReady?: boolean },
  ): Promise<ChildProcess>;
  /** Whether senders may hand packets of 64 KiB to the gateway (as cards that put segments together do), or each is 1,500 bytes. */
  setLargePackets(isOn: boolean): Promise<void>;
  /** Something that is to be undone before the namespaces go, on an interrupt too. */
  onClose(undo: () => Promise<void>): void;
  close(): Promise<void>;
}

/** A namespace: the end with clients, the end with servers, or that of a lane. */
export type Place = 'workload' | 'origin' | LaneName;

/** How a program is run. */
export interface ExecOptions {
  /** Default: none beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: nothing is written. */
  readonly input?: string;
  /** Default: 60,000. */
  readonly timeoutMs?: number;
}

/** A range that the origin answers for as a whole, behind all lanes' default routes: addresses that names lead to. */
export const manyAddresses = '198.18.0.0/15';

const laneNames: readonly LaneName[] = ['plain', 'tracked', 'hooks', 'exeat'];
const defaultTimeoutMs = 60_000;
const tracked = `table inet tracked {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state new accept
  }
}
`;
const hooks = `table inet hooks {
  chain first { type filter hook prerouting priority -450; policy accept; }
  chain pre { type filter hook prerouting priority mangle; policy accept; }
  chain dns { type nat hook prerouting priority dstnat; policy accept;
    meta l4proto udp th dport 53 redirect to :5353
  }
  chain local { type filter hook input priority filter; policy accept; }
  chain through { type filter hook forward priority filter; policy accept;
    ct state invalid drop
  }
  chain own { type route hook output priority mangle; policy accept; }
  chain asks { type nat hook output priority -100; policy accept; }
  chain post { type nat hook postrouting priority srcnat; policy accept; }
}
`;

/** Makes them. Needs root, `ip`, `nft` and `ethtool`. They are taken away by `close`, and when the process is interrupted. */
export async function openLanes(): Promise<Lanes> {
  const nameOf = (place: Place): string => `exb-${process.pid}-${place}`;
  const lanes = laneNames.map((name, at) => laneOf(name, nameOf(name), at + 1));
  const undoings: (() => Promise<void>)[] = [];
  const children = new Set<ChildProcess>();
  const start = (where: Place, words: readonly string[], env: ExecOptions['env'] = {}): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', nameOf(where), ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      for (const undo of undoings.reverse()) await undo().catch(() => undefined);
      for (const child of [...children]) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      for (const place of ['workload', 'origin', ...laneNames] as const) {
        await run('ip', ['netns', 'del', nameOf(place)]).catch(() => undefined);
      }
    })();
    return closing;
  };
  const interrupted = (signal: NodeJS.Signals): void => void close().finally(() => process.kill(process.pid, signal));
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  const made: Lanes = {
    lanes,
    exec: (where, words, more = {}) => finish(start(where, words, more.env), words, more),
    start: async (where, words, more = {}) => {
      const child = start(where, words, more.env);
      if (more.isReady === true && child.stdout !== null) await firstLine(child, child.stdout, words);
      return child;
    },
    setLargePackets: async (isOn) => {
      const [word, at] = [isOn ? 'on' : 'off', lanes.map((_, index) => index + 1)];
      for (const index of at) {
        await made.exec('workload', ['ethtool', '-K', `w${index}`, 'tso', word, 'gso', word]);
        await made.exec('origin', ['ethtool', '-K', `o${index}`, 'tso', word, 'gso', word]);
      }
    },
    onClose: (undo) => void undoings.push(undo),
    close,
  };
  try {
    for (const place of ['workload', 'origin', ...laneNames] as const) await run('ip', ['netns', 'add', nameOf(place)]);
    await layCables(made);
    return made;
  } catch (error) {
    await close();
    throw error;
  }
}

function laneOf(name: LaneName, namespace: string, index: number): Lane {
  return {
    name,
    namespace,
    workload: { 4: `10.9.${index}.2`, 6: `fd09:${index}::2` },
    workloadMac: `02:00:00:00:0${index}:02`,
    gateway: { 4: `10.9.${index}.1`, 6: `fd09:${index}::1` },
    origin: { 4: `198.51.100.${index}`, 6: `2001:db8:f::${index}` },
  };
}

async function layCables(made: Lanes): Promise<void> {
  const ip = (where: Place, lines: readonly string[]): Promise<string> =>
    made.exec(where, ['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  for (const [at, lane] of made.lanes.entries()) {
    const [index, { name, workload, gateway, origin }] = [at + 1, lane];
    const near = { 4: `203.0.113.${index * 8 + 1}`, 6: `2001:db8:${index}::1` };
    const far = { 4: `203.0.113.${index * 8 + 2}`, 6: `2001:db8:${index}::2` };
    await ip('workload', [
      `link add w${index} address ${lane.workloadMac} type veth peer name gi netns ${lane.namespace}`,
      ...addressLines(`w${index}`, workload, 24),
      `route add ${origin[4]}/32 via ${gateway[4]}`,
      `route add ${origin[6]}/128 via ${gateway[6]}`,
    ]);
    await ip('origin', [
      `link add o${index} type veth peer name gu netns ${lane.namespace}`,
      ...addressLines(`o${index}`, far, 29),
      `addr add ${origin[4]}/32 dev lo`,
      `addr add ${origin[6]}/128 dev lo nodad`,
    ]);
    await ip(name, [
      ...addressLines('gi', gateway, 24),
      ...addressLines('gu', near, 29),
      `route add default via ${far[4]} dev gu`,
      `route add default via ${far[6]} dev gu`,
    ]);
    await ip('origin', [`route add 10.9.${index}.0/24 via ${near[4]}`, `route add fd09:${index}::/64 via ${near[6]}`]);
    await made.exec(name, ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  }
  await ip('origin', [`route add local ${manyAddresses} dev lo`]);
  await ip('workload', [`route add ${manyAddresses} via ${made.lanes.at(-1)?.gateway[4]}`]);
  await made.exec('tracked', ['nft', '-f', '-'], { input: tracked });
  await made.exec('hooks', ['nft', '-f', '-'], { input: hooks });
}

function addressLines(device: string, both: Lane['workload'], bits: number): readonly string[] {
  return [
    'link set lo up',
    `link set ${device} up`,
    `addr add ${both[4]}/${bits} dev ${device}`,
    `addr add ${both[6]}/64 dev ${device} nodad`,
  ];
}

async function finish(child: ChildProcess, words: readonly string[], more: ExecOptions): Promise<string> {
  const late = setTimeout(() => child.kill('SIGKILL'), more.timeoutMs ?? defaultTimeoutMs);
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdin?.on('error', () => undefined).end(more.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  if (code !== 0) throw new Error(`\`${words.slice(0, 3).join(' ')}\` ended with ${code}: ${said.slice(-500)}`);
  return said;
}

async function firstLine(child: ChildProcess, stdout: NodeJS.ReadableStream, words: readonly string[]): Promise<void> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`\`${words[0]}\` ended early`)));
  await Promise.race([once(createInterface({ input: stdout }), 'line'), ended]);
}
