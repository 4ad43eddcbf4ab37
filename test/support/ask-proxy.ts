import { connect as connectTls, type TLSSocket } from 'node:tls';
import { basicProof, connectHead, openRaw, type RawClient } from './raw-client.ts';

/**
 * What the proxy answered to one request: the HTTP status, its reason and decision id where it gave them. `source` is this end of the
 * connection, as records name it: `127.0.0.1:41234`.
 */
export interface ProxyAnswer {
  readonly status: number;
  readonly reason: string | null;
  readonly decision: string | null;
  readonly source: string;
}

/** What the proxy answered to a SOCKS5 CONNECT: the reply code (RFC 1928 section 6), `'auth'` when the proof was refused. */
export interface SocksAnswer {
  readonly reply: number | 'auth';
  readonly source: string;
}

/** How a request reaches the proxy. `proof` is a whole `Proxy-Authorization` value, null for none. */
export interface ProxyAsk {
  readonly port: number;
  readonly authority: string;
  readonly proof: string | null;
}

/** A TLS connection through a tunnel of the proxy. `ended` settles with the instant (performance.now) at which it ended. */
export interface OpenTunnel {
  readonly socket: TLSSocket;
  readonly ended: Promise<number>;
  /** This end of the connection to the proxy, as records name it: `127.0.0.1:41234`. */
  readonly source: string;
  isOpen(): boolean;
  /** Sends a line and waits for its echo. */
  echo(text: string): Promise<void>;
  close(): void;
}

/** Asks for a tunnel and gives the answer; an established one is closed at once. */
export async function askConnect(ask: ProxyAsk): Promise<ProxyAnswer> {
  const client = await openRaw(ask.port);
  try {
    return await requestTunnel(client, ask);
  } finally {
    client.close();
  }
}

/** Asks for `http://authority/path` in absolute form and gives the answer's head. */
export async function askAbsoluteForm(ask: ProxyAsk, path = '/'): Promise<ProxyAnswer> {
  const client = await openRaw(ask.port);
  try {
    client.send(
      `GET http://${ask.authority}${path} HTTP/1.1\r\nHost: ${ask.authority}\r\n${proofField(ask.proof)}Connection: close\r\n\r\n`,
    );
    return readAnswer(client, await client.readUntil(/\r\n\r\n/));
  } finally {
    client.close();
  }
}

/** Asks for a tunnel on a connection that stays with the caller. */
export async function requestTunnel(client: RawClient, ask: ProxyAsk): Promise<ProxyAnswer> {
  client.send(connectHead(ask.authority, ask.proof === null ? {} : { proof: ask.proof }));
  return readAnswer(client, await client.readUntil(/\r\n\r\n/));
}

/** Opens a tunnel and TLS inside it, and waits until both stand. Fails with the proxy's answer when it refuses. */
export async function openTunnel(
  ask: ProxyAsk & { readonly caPem: string; readonly serverName?: string },
): Promise<OpenTunnel> {
  const client = await openRaw(ask.port);
  const answer = await requestTunnel(client, ask);
  if (answer.status !== 200) {
    client.close();
    throw new Error(`the proxy answered ${answer.status} ${answer.reason}`);
  }
  return secureTunnel(client, ask.serverName ?? ask.authority.slice(0, ask.authority.lastIndexOf(':')), ask.caPem);
}

/** Asks for a tunnel by SOCKS5 (RFC 1928, RFC 1929), by name or by IPv4 address; an established one is closed at once. */
export async function askSocks(
  port: number,
  to: { readonly host: string; readonly port: number },
  credential: { readonly name: string; readonly secret: string } | null,
): Promise<SocksAnswer> {
  const client = await openRaw(port);
  const source = sourceOf(client);
  try {
    client.send(Uint8Array.of(5, 1, credential === null ? 0 : 2));
    if ((await client.readBytes(2))[1] === 0xff) return { reply: 'auth', source };
    if (credential !== null) {
      client.send(socksAuth(credential));
      if ((await client.readBytes(2))[1] !== 0) return { reply: 'auth', source };
    }
    client.send(socksConnect(to));
    return { reply: (await client.readBytes(10))[1] ?? 1, source };
  } finally {
    client.close();
  }
}

/** A SOCKS5 message with user and password. */
export function socksAuth(credential: { readonly name: string; readonly secret: string }): Buffer {
  return Buffer.concat([Buffer.of(1), counted(credential.name), counted(credential.secret)]);
}

/** A SOCKS5 CONNECT, by address where `host` is a dotted one. */
export function socksConnect({ host, port }: { readonly host: string; readonly port: number }): Buffer {
  const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(host);
  const where = isAddress
    ? Buffer.from([1, ...host.split('.').map(Number)])
    : Buffer.concat([Buffer.of(3), counted(host)]);
  return Buffer.concat([Buffer.of(5, 1, 0), where, Buffer.of(port >> 8, port & 255)]);
}

/** A proof by a credential. */
export function proofOf(product: { secretOf(name: string): string }, name: string): string {
  return basicProof(name, product.secretOf(name));
}

async function secureTunnel(client: RawClient, serverName: string, caPem: string): Promise<OpenTunnel> {
  const source = sourceOf(client);
  const socket = connectTls({ socket: client.socket, servername: serverName, ca: caPem });
  let isOpen = true;
  const ended = new Promise<number>((resolve) => {
    // A cut tunnel is a reset: the end that is waited for, not an error of the test.
    socket.on('error', () => socket.destroy());
    client.socket.on('close', () => {
      isOpen = false;
      resolve(performance.now());
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    void ended.then(() => reject(new Error('the tunnel was closed before TLS stood')));
  });
  return {
    socket,
    ended,
    source,
    isOpen: () => isOpen,
    echo: (text) => echo(socket, text),
    close: () => void client.close(),
  };
}

function echo(socket: TLSSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let got = '';
    const onData = (chunk: Buffer): void => {
      got += chunk.toString('latin1');
      if (!got.includes(text)) return;
      socket.off('data', onData);
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => reject(new Error(`no echo of \`${text}\` within 5 s`)), 5_000);
    socket.on('data', onData);
    socket.write(`${text}\n`);
  });
}

function readAnswer(client: RawClient, head: string): ProxyAnswer {
  const field = (name: string): string | null => new RegExp(`\r\n${name}: ([^\r]+)`, 'i').exec(head)?.[1] ?? null;
  return {
    status: Number(head.slice(9, 12)),
    reason: field('Exeat-Reason'),
    decision: field('Exeat-Decision'),
    source: sourceOf(client),
  };
}

function proofField(proof: string | null): string {
  return proof === null ? '' : `Proxy-Authorization: ${proof}\r\n`;
}

function counted(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')]);
}

function sourceOf(client: RawClient): string {
  return `127.0.0.1:${client.socket.localPort}`;
}
