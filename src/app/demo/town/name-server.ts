import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { decode, encode, type Packet, streamEncode } from 'dns-packet';
import { townDomains, townHosts } from './town-policy.ts';

/**
 * The only name server of the town, so that nothing is ever asked of another: what it knows stands at 127.0.0.1, all else does not exist.
 */
export interface NameServer {
  /** `127.0.0.1:41234`. */
  readonly address: string;
  close(): Promise<void>;
}

const loopback = '127.0.0.1';
const ttlSeconds = 60;
const tcpTimeoutMs = 5_000;
// A query is small: what is larger is none.
const mostQueryBytes = 2_048;

/** Starts it on a free port, UDP and TCP. */
export async function startNameServer(): Promise<NameServer> {
  const udp = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(0, loopback, resolve);
  });
  udp.on('error', () => undefined);
  udp.on('message', (bytes, from) => {
    const answer = answerTo(bytes);
    if (answer !== null) udp.send(encode(answer), from.port, from.address, () => undefined);
  });
  const { port } = udp.address();
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serveStream(socket);
  });
  // The resolver asks over TCP only where UDP does not do; without it the town still works.
  await new Promise<void>((resolve) => {
    tcp.once('error', () => resolve());
    tcp.listen(port, loopback, resolve);
  });
  return {
    address: `${loopback}:${port}`,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
      await new Promise<void>((resolve) => udp.close(() => resolve()));
    },
  };
}

function serveStream(socket: Socket): void {
  let got = Buffer.alloc(0);
  socket.setTimeout(tcpTimeoutMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    got = Buffer.concat([got, bytes]);
    if (got.length > mostQueryBytes) {
      socket.destroy();
      return;
    }
    while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
      const end = 2 + got.readUInt16BE(0);
      const answer = answerTo(got.subarray(2, end));
      got = got.subarray(end);
      if (answer !== null) socket.write(streamEncode(answer));
    }
  });
}

function answerTo(bytes: Buffer): Packet | null {
  try {
    const { id, questions = [] } = decode(bytes);
    const [question] = questions;
    if (question === undefined) return null;
    const { name, type } = question;
    const isThere = isKnown(name.toLowerCase());
    const answers: Packet['answers'] = isThere && type === 'A' ? [{ type, name, ttl: ttlSeconds, data: loopback }] : [];
    const flags = isThere ? recursion : recursion | noSuchName;
    return { ...(id === undefined ? {} : { id }), type: 'response', flags, questions, answers };
  } catch {
    // Not a message: nobody is answered.
    return null;
  }
}

function isKnown(name: string): boolean {
  return townHosts.includes(name) || townDomains.some((domain) => name.endsWith(`.${domain}`));
}

// RD and RA, and the code NXDOMAIN (RFC 1035 section 4.1.1).
const recursion = 0x0180;
const noSuchName = 3;
