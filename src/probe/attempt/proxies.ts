import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { failed, ok, type Result } from '../../base/index.ts';
import { type Ending, ended } from '../ending.ts';
import { hasProof, type Mark, markText } from '../mark.ts';
import { writeHello } from '../packets/hello.ts';
import { socksBytes } from '../packets/socks.ts';
import type { ProbeTarget, ProxyAddress } from '../way.ts';
import { exchangeDatagram } from './datagrams.ts';
import { helloWentThrough, isServerHello } from './hellos.ts';
import { isMetadataAnswer, writeMetadataRequest } from './https.ts';
import { type Line, talk } from './line.ts';
import { type Attempt, awaitProof, dial } from './streams.ts';

/** What a proxy is asked to connect to, and what is said there: a hello with a name, or bare text. */
export interface ProxyConnect {
  readonly authority: (target: ProbeTarget) => string;
  readonly say: (target: ProbeTarget, mark: Mark) => Uint8Array;
  /** Whether a ServerHello of anybody counts: nobody stopped the hello. Default: false, only the canary's answer does. */
  readonly countsHello?: boolean;
}

/** CONNECT at the proxy, and something said inside. */
export function proxyConnectAttempt(options: ProxyConnect): Attempt {
  return (target, mark) => (target.proxy === null ? lackProxy : connectBy(target.proxy, target, { ...options, mark }));
}

/** The same at another proxy than the one that is meant. */
export function connectBy(
  proxy: ProxyAddress,
  target: ProbeTarget,
  { authority, say, countsHello, mark }: ProxyConnect & { readonly mark: Mark },
): Promise<Ending> {
  return talk(lineTo(proxy, target.timeoutMs), async (line) => {
    const ready = await line.ready();
    if (!ready.ok) return ready.fault;
    const to = authority(target);
    line.send(Buffer.from(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${authorizationField(proxy)}\r\n`));
    const tunnel = await readTunnel(line);
    if (!tunnel.ok) return tunnel.fault;
    line.send(say(target, mark));
    if (countsHello !== true) return awaitProof(line, mark);
    const answer = await line.read((all) => readAnswer(all.subarray(tunnel.value), mark));
    return answer.ok ? answer.value : answer.fault;
  });
}

/** A request to the proxy with an absolute target: for the canary's mark, or for a metadata service. */
export function proxyRequestAttempt(request: (target: ProbeTarget, mark: Mark) => Uint8Array): Attempt {
  return (target, mark) => {
    const { proxy } = target;
    if (proxy === null) return lackProxy;
    return talk(lineTo(proxy, target.timeoutMs), async (line) => {
      const ready = await line.ready();
      if (!ready.ok) return ready.fault;
      line.send(withAuthorization(request(target, mark), proxy));
      const answer = await line.read((all) => {
        if (hasProof(all, mark)) return ended('token');
        if (isMetadataAnswer(all)) return ended('service', 'metadata');
        return readRefusal(all);
      });
      return answer.ok ? answer.value : answer.fault;
    });
  };
}

/** A metadata service by one of the spellings of its address, asked of the proxy. */
export function proxyMetadataAttempt(spelling: string): Attempt {
  return proxyRequestAttempt((_, mark) => writeMetadataRequest(`http://${spelling}/latest/`, spelling, mark));
}

/** SOCKS5 at the proxy's address: a stream to the canary, a relay of datagrams, or a port that waits for callers. */
export function socksAttempt(command: 'connect' | 'bind' | 'udp_associate'): Attempt {
  return (target, mark) => {
    const { proxy } = target;
    if (proxy === null) return lackProxy;
    return talk(lineTo(proxy, target.timeoutMs), async (line) => {
      const ready = await line.ready();
      if (!ready.ok) return ready.fault;
      const replied = await askSocks(line, command, target);
      if (!replied.ok) return replied.fault;
      if (command === 'bind') return ended('granted', 'BIND');
      if (command === 'udp_associate') return relayDatagram(proxy, replied.value, { target, mark });
      line.send(Buffer.from(`${markText(mark)}\n`));
      return awaitProof(line, mark);
    });
  };
}

/** A hello for the canary, as is said inside a tunnel to it. */
export function sayHello({ canary }: ProbeTarget, mark: Mark): Uint8Array {
  return writeHello({ names: canary === null ? [] : [canary], mark: markText(mark) });
}

/** The bare mark. */
export function sayText(_: ProbeTarget, mark: Mark): Uint8Array {
  return Buffer.from(`${markText(mark)}\n`);
}

const lackProxy: Promise<Ending> = Promise.resolve(ended('lacking', 'no proxy'));

function lineTo(proxy: ProxyAddress, timeoutMs: number): Parameters<typeof talk>[0] {
  const socket = (): Duplex => {
    const { host, port } = proxy;
    // Who the proxy is does not matter here; the secret for it does, and is sent as the workload would send it.
    return proxy.isTls ? connectTls({ host, port, rejectUnauthorized: false }) : dial(host, port);
  };
  return { open: socket, readyEvent: proxy.isTls ? 'secureConnect' : 'connect', timeoutMs };
}

// Where the tunnel begins, or how it was refused.
async function readTunnel(line: Line): Promise<Result<number, Ending>> {
  const head = await line.read((all) => {
    const end = all.indexOf('\r\n\r\n');
    return end < 0 ? null : { end: end + 4, status: /^HTTP\/1\.\d (\d{3})/.exec(all.toString('latin1'))?.[1] ?? '' };
  });
  if (!head.ok) return head;
  return head.value.status.startsWith('2') ? ok(head.value.end) : failed(ended('denied', `HTTP ${head.value.status}`));
}

function readAnswer(inner: Buffer, mark: Mark): Ending | null {
  if (hasProof(inner, mark)) return ended('token');
  return isServerHello(inner) ? helloWentThrough : null;
}

// An answer in full that says no; others may still be on their way.
function readRefusal(all: Buffer): Ending | null {
  const status = /^HTTP\/1\.\d ([45]\d\d)[\s\S]*?\r\n\r\n/.exec(all.toString('latin1'))?.[1];
  return status === undefined ? null : ended('denied', `HTTP ${status}`);
}

function withAuthorization(request: Uint8Array, proxy: ProxyAddress): Uint8Array {
  const text = Buffer.from(request).toString('latin1');
  return Buffer.from(text.replace(/\r\n\r\n$/, `\r\n${authorizationField(proxy)}\r\n`), 'latin1');
}

function authorizationField({ authorization }: ProxyAddress): string {
  return authorization === null ? '' : `Proxy-Authorization: ${authorization}\r\n`;
}

// RFC 1928: greeting, user and password where asked for, request. Gives the bound port.
async function askSocks(
  line: Line,
  command: Parameters<typeof socksBytes.request>[0],
  target: ProbeTarget,
): Promise<Result<number, Ending>> {
  const { user, password } = target.proxy ?? { user: '', password: '' };
  line.send(socksBytes.greeting(user !== ''));
  const method = await line.read((all) => (all.length >= 2 ? (all[1] ?? 0xff) : null));
  if (!method.ok) return method;
  if (method.value === 0xff) return failed(ended('denied', 'no SOCKS method'));
  let at = 2;
  if (method.value === 2) {
    line.send(socksBytes.login(user, password));
    const login = await line.read((all) => (all.length >= 4 ? (all[3] ?? 1) : null));
    if (!login.ok) return login;
    if (login.value !== 0) return failed(ended('denied', 'SOCKS login'));
    at = 4;
  }
  line.send(socksBytes.request(command, target.canary ?? target.ipv4 ?? '', 443));
  const reply = await line.read((all) => (all.length >= at + 10 ? all.subarray(at) : null));
  if (!reply.ok) return reply;
  if (reply.value[0] !== 5) return failed(ended('foreign_answer'));
  return reply.value[1] === 0 ? ok(reply.value.readUInt16BE(8)) : failed(ended('denied', `SOCKS ${reply.value[1]}`));
}

function relayDatagram(
  proxy: ProxyAddress,
  port: number,
  { target, mark }: { readonly target: ProbeTarget; readonly mark: Mark },
): Promise<Ending> {
  if (port === 0) return Promise.resolve(ended('denied', 'no relay port'));
  const bytes = Buffer.concat([socksBytes.datagramHead(target.ipv4 ?? '', 41_443), Buffer.from(markText(mark))]);
  return exchangeDatagram({ host: proxy.host, port, bytes, mark, timeoutMs: target.timeoutMs });
}
