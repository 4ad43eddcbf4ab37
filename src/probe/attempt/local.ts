import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { type Ending, ended, endings } from '../ending.ts';
import { readProxy } from '../read-proxy.ts';
import type { ProbeTarget } from '../way.ts';
import { writeGet } from './https.ts';
import { talk } from './line.ts';
import { connectBy, sayHello } from './proxies.ts';
import { type Attempt, dial, tcpAttempt } from './streams.ts';

/** Sockets of the host by path; `paths` may read the environment. The first that takes a connection is a way out. */
export function socketAttempt(paths: (target: ProbeTarget) => readonly string[]): Attempt {
  return async (target) => {
    const all = await Promise.all(paths(target).map((path) => knock(path, target.timeoutMs)));
    const rank = (ending: Ending): number => ['connected', 'not_permitted', 'refused'].indexOf(ending.how);
    return all.filter((ending) => rank(ending) >= 0).sort((a, b) => rank(a) - rank(b))[0] ?? ended('absent');
  };
}

/** Abstract sockets that this network namespace shares with a container runtime: no file guards them. */
export function readAbstractSockets(pattern: RegExp): readonly string[] {
  const names = readOrEmpty('/proc/net/unix').matchAll(/ @(\S+)$/gm);
  return [...new Set([...names].map(([, name = '']) => name))]
    .filter((name) => pattern.test(name))
    .map((name) => `\0${name}`);
}

/** Where D-Bus says that it listens: `unix:path=/run/bus,guid=…` or `unix:abstract=…`. */
export function readBusPaths(address: string | undefined): readonly string[] {
  const parts = [...(address ?? '').matchAll(/unix:(?:[^;]*,)?(path|abstract)=([^,;]+)/g)];
  return parts.map(([, kind, path = '']) => (kind === 'abstract' ? `\0${path}` : path));
}

/** A port of the gateway itself, and what a service there says of itself; with `path` it is asked by HTTP, over TLS too. */
export function gatewayAttempt(port: number, sign: RegExp, path: string | null): Attempt {
  return async (target) => {
    const plain = await askGateway(target, { port, sign, path, isTls: false });
    if (path === null || endings[plain.how].result === 'open' || !hasListener.has(plain.how)) return plain;
    const secure = await askGateway(target, { port, sign, path, isTls: true });
    return endings[secure.how].result === 'open' ? secure : plain;
  };
}

/** The proxy that may listen on the gateway, asked without a secret. */
export const gatewayProxyAttempt: Attempt = (target, mark) => {
  const proxy = readProxy(`http://${target.gateway?.address ?? ''}:3128`);
  if (proxy === null) return Promise.resolve(ended('absent'));
  return connectBy(proxy, target, { authority: canaryAuthority, say: sayHello, mark });
};

/** A proxy of the environment that is not the one that is meant. */
export const otherProxyAttempt: Attempt = async (target, mark) => {
  const proxy = findOtherProxy(target);
  if (proxy === null) return ended('absent', 'the environment names no other proxy');
  return connectBy(proxy, target, { authority: canaryAuthority, say: sayHello, mark });
};

/** What the environment excepts from the proxy, if the canary is among it. */
export const noProxyAttempt: Attempt = async (target, mark) => {
  const list = (target.env['no_proxy'] ?? target.env['NO_PROXY'] ?? '').split(/[\s,]+/).filter((part) => part !== '');
  if (!list.some((part) => coversHost(part, target.canary ?? ''))) return ended('absent', 'NO_PROXY has no such name');
  return tcpAttempt('name', 'canary')(target, mark);
};

/** A host route of one's own to the canary, taken away again. */
export const ownRouteAttempt: Attempt = async (target, mark) => {
  const device = target.gateway?.device ?? findDevice();
  if (device === null) return ended('unreachable', 'no interface');
  const via = target.gateway === null ? [] : ['via', target.gateway.address];
  const route = [`${target.ipv4}/32`, ...via, 'dev', device, 'metric', '7'];
  const added = await runIp(['route', 'add', ...route]);
  if (added !== null) return added;
  try {
    return await tcpAttempt('ipv4', 443)(target, mark);
  } finally {
    await runIp(['route', 'del', ...route]);
  }
};

const hasListener: ReadonlySet<string> = new Set(['foreign_answer', 'reset', 'ended', 'silent', 'denied']);

function canaryAuthority({ canary, ipv4 }: ProbeTarget): string {
  return `${canary ?? ipv4}:443`;
}

function askGateway(
  target: ProbeTarget,
  ask: { readonly port: number; readonly sign: RegExp; readonly path: string | null; readonly isTls: boolean },
): Promise<Ending> {
  const host = target.gateway?.address ?? '';
  const { port, sign, path, isTls } = ask;
  return talk(
    {
      open: () => (isTls ? connectTls({ host, port, rejectUnauthorized: false }) : dial(host, port)),
      readyEvent: isTls ? 'secureConnect' : 'connect',
      timeoutMs: target.timeoutMs,
    },
    async (line) => {
      const ready = await line.ready();
      if (!ready.ok) return ready.fault;
      if (path !== null) line.send(writeGet(path, host, 'Connection: close\r\n'));
      const answer = await line.read((all) => (sign.test(all.toString('latin1')) ? true : null));
      return answer.ok ? ended('service', `port ${port}`) : answer.fault;
    },
  );
}

function knock(path: string, timeoutMs: number): Promise<Ending> {
  return talk({ open: () => connect({ path }), readyEvent: 'connect', timeoutMs }, async (line) => {
    const ready = await line.ready();
    return ready.ok ? ended('connected', path.replace('\0', '@')) : ready.fault;
  });
}

function findOtherProxy(target: ProbeTarget): ProbeTarget['proxy'] {
  for (const name of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']) {
    const proxy = readProxy(target.env[name] ?? '');
    const isMeant = proxy?.host === target.proxy?.host && proxy?.port === target.proxy?.port;
    if (proxy !== null && !isMeant) return proxy;
  }
  return null;
}

// As clients read it: `*`, a name with all below it, a dot in front or not.
function coversHost(part: string, host: string): boolean {
  const name = part.replace(/^\*?\.?/, '').toLowerCase();
  return part === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`)));
}

function findDevice(): string | null {
  const found = Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => !one.internal) === true);
  return found?.[0] ?? null;
}

function runIp(words: readonly string[]): Promise<Ending | null> {
  return new Promise((resolve) => {
    execFile('ip', [...words], { timeout: 2_000 }, (error, _, said) => {
      if (error === null) return resolve(null);
      return resolve(error.code === 'ENOENT' ? ended('lacking', 'needs `ip`') : endingOfIp(said));
    });
  });
}

function endingOfIp(said: string): Ending {
  if (/not permitted/.test(said)) return ended('not_permitted');
  if (/exists/.test(said)) return ended('lacking', 'there is such a route');
  return /unreachable|invalid gateway/i.test(said) ? ended('unreachable') : ended('failed', '`ip` failed');
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No such file on this system: nothing is known, which is nothing found.
    return '';
  }
}
